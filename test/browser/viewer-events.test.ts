import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { launchChromium } from "../support/chromium";
import type { NodeRed } from "../support/node-red";
import { clipBecomes, ViewerPages } from "../support/viewer";
import { versions } from "./support/versions";
import { frameOf, startFilm } from "./support/viewer-clips";

const locales = path.join(__dirname, "..", "..", "nodes", "locales");
const wordsOf = (language: string): Record<string, string> =>
  JSON.parse(readFileSync(path.join(locales, language, "viewer.json"), "utf8")).page;
const english = wordsOf("en-US");

/** What the download node sends of a clip with two events. */
const events = [
  {
    class: "person",
    model: "yard/1",
    start: 1,
    end: 2,
    duration: 1,
    frames: 10,
    detections: 24,
    most: 3,
    confidence: 0.81,
    best: { frame: 15, time: 1.5, confidence: 0.81, box: { x: 60, y: 60, width: 40, height: 30 } },
  },
  {
    class: "car",
    model: "yard/1",
    start: 5,
    end: 7.5,
    duration: 2.5,
    frames: 25,
    detections: 25,
    most: 1,
    confidence: 0.5,
    best: { frame: 55, time: 5.5, confidence: 0.5, box: { x: 250, y: 120, width: 60, height: 40 } },
  },
];
const summaryOf = (listed: typeof events) => ({
  frames: 80,
  duration: 8,
  detections: 49,
  classes: { person: 24, car: 25 },
  events: listed,
});

let browser: Browser;
before(async () => {
  browser = await launchChromium();
});
after(async () => {
  await browser?.close();
});

for (const version of versions)
  describe(`the viewer's page of clips without frames in ${version.name}`, () => {
    const pages = new ViewerPages(() => browser);
    let started: Awaited<ReturnType<typeof startFilm>> | undefined;
    let nodeRed: NodeRed;
    let address: string;
    let film: string;

    before(async () => {
      started = await startFilm(version.options);
      ({ nodeRed, address, film } = started);
    });
    after(async () => {
      await started?.stop();
    });
    afterEach(async () => {
      assert.deepEqual(await pages.close(), [], "the console stays empty");
    });

    const says = (page: Page, text: string) =>
      page.waitForFunction((words) => document.getElementById("notice")?.textContent?.includes(words), text);
    const whenOf = (page: Page) => page.locator("#events .when").allTextContents();
    const tellSummary = async (roboflow: { id: string }, listed = events) => {
      await nodeRed.inject("tell", { roboflow, payload: summaryOf(listed) });
      await clipBecomes(address, roboflow.id, ({ state }) => state === "done");
    };
    /** Waits until the best detection of an event is drawn, and nothing else is. */
    const draws = (page: Page, frame: string) =>
      page.waitForFunction((wanted) => {
        const { frame: drawn, seen } = (document.getElementById("overlay") as HTMLElement).dataset;
        return drawn === wanted && seen === "1";
      }, frame);

    it("shows the timeline, the events and the best detection of each", async () => {
      const roboflow = { id: "events", fileName: "events.mp4", inferFps: 10, videoPath: film };
      for (const [index, payload] of events.entries())
        await nodeRed.inject("tell", { roboflow, parts: { id: "e", index, count: 2 }, payload });
      await clipBecomes(address, "events", ({ state }) => state === "done");
      const page = await pages.open(address, { hash: "clip=events" });
      const items = page.locator("#events button");
      await items.nth(1).waitFor();
      assert.deepEqual(await whenOf(page), ["0:01.0–0:02.0", "0:05.0–0:07.5"]);
      assert.deepEqual(await page.locator("#rows .row .total").allTextContents(), ["25", "24"]);
      await page.locator("#notice").waitFor({ state: "hidden" });
      const now = page.locator("#now");
      assert.equal(await now.textContent(), english.onlyEvents, "at the beginning there is no event");
      await page.evaluate(() => {
        location.hash = "clip=events&t=1.5";
      });
      await draws(page, "15");
      assert.match((await now.textContent()) ?? "", /person/);
      await page.evaluate(() => {
        location.hash = "clip=events&t=3.5";
      });
      await page.waitForFunction(
        (words) => document.getElementById("now")?.textContent === words,
        english.onlyEvents as string,
      );
    });

    it("shows as much of a summary, also without a video and a size of its image", async () => {
      await tellSummary({ id: "summary" });
      const page = await pages.open(address, { hash: "clip=summary&t=5.5" });
      await page.locator("#events button").nth(1).waitFor();
      await draws(page, "55");
      assert.equal(await page.locator("#length").textContent(), "0:07.5", "until the last event ends");
      // All of the box is in the picture: its lower right corner has colour, and so has the upper left one.
      const corners = await page.locator("#overlay").evaluate((canvas: HTMLCanvasElement) => {
        const scale = canvas.width / 280;
        const pen = canvas.getContext("2d") as CanvasRenderingContext2D;
        return [
          [220, 100],
          [280, 140],
        ].map(([x, y]) => {
          const [left, top] = [(x as number) * scale - 4, (y as number) * scale - 4];
          const { data } = pen.getImageData(Math.round(left), Math.round(top), 8, 8);
          return data.some((value, at) => at % 4 === 3 && value > 0);
        });
      });
      assert.deepEqual(corners, [true, true]);
      assert.ok(await page.locator("#delete").isVisible());
    });

    it("says that a summary has no events", async () => {
      await tellSummary({ id: "none" }, []);
      const page = await pages.open(address, { hash: "clip=none" });
      await says(page, english.noEventsFound as string);
    });

    it("says in words how many there were at once", async () => {
      await tellSummary({ id: "words" });
      for (const [locale, language, text] of [
        ["en-US", "en-US", "3 at once"],
        ["de-DE", "de", "3 gleichzeitig"],
        ["ja-JP", "ja", "同時に3件"],
      ] as const) {
        const page = await pages.open(address, { hash: "clip=words&t=3", locale });
        const first = page.locator("#events button").first();
        await first.waitFor();
        assert.equal(await first.locator(".several").textContent(), text);
        assert.equal(await first.locator(".sure").textContent(), "81%");
        const name = first.locator(".name");
        assert.ok(
          await name.evaluate((box) => box.scrollWidth <= box.clientWidth),
          "nothing of the name is cut off",
        );
        assert.equal(await page.locator("#now .none").textContent(), wordsOf(language).onlyEvents);
      }
    });

    it("lists no events, not even none, before the clip is done", async () => {
      const roboflow = { id: "runs", fileName: "runs.mp4", videoPath: film, jobId: "j" };
      await nodeRed.inject("tell", { roboflow, payload: { status: 1 } });
      const page = await pages.open(address, { hash: "clip=runs" });
      const list = page.locator("#events");
      await says(page, english.running as string);
      assert.equal(await list.textContent(), "");
      await nodeRed.inject("tell", { roboflow, ...frameOf(0, 3, []) });
      await nodeRed.inject("tell", { roboflow, ...frameOf(1, 3, []) });
      await says(page, "Loading");
      // What a threshold leaves is asked for again; not before all is there.
      const asked: string[] = [];
      page.on("request", (request) => asked.push(request.url()));
      await page.locator("#least").fill("40");
      await page.waitForRequest((request) => request.url().endsWith("/page/clips"));
      await page.waitForRequest((request) => request.url().endsWith("/page/clips"));
      assert.equal(await list.textContent(), "");
      assert.deepEqual(
        asked.filter((url) => url.includes("/events")),
        [],
      );
      await nodeRed.inject("tell", { roboflow, ...frameOf(2, 3, []) });
      await page.locator("#events .none").waitFor();
      assert.equal(await list.textContent(), english.noEvents);
    });

    it("names a clip that failed in the upload, says so before its name, and deletes it", async () => {
      const name = `${"a recording of the night ".repeat(6)}.mp4`;
      const id = "1b1f9e6e-0c1a-4c57-9f0e-0f6f8a6f2d11";
      await nodeRed.inject("tell", {
        roboflow: { id },
        payload: `/clips/${name}`,
        error: { message: "Upload: no such file", source: { type: "roboflow-video-upload" } },
      });
      assert.equal((await clipBecomes(address, id, ({ state }) => state === "failed")).fileName, name);
      for (const viewport of [
        { width: 1280, height: 860 },
        { width: 390, height: 800 },
      ]) {
        const page = await pages.open(address, { hash: `clip=${id}`, viewport });
        await says(page, "no such file");
        const chosen = page.locator("#clips option:checked");
        const [, words] = /^(⚠ failed · )a recording/.exec((await chosen.textContent()) ?? "") ?? [];
        // The box is as wide as these words at least, whatever else it has to cut off.
        const { room, need } = await page.locator("#clips").evaluate((box: HTMLSelectElement, shown) => {
          const pen = document.createElement("canvas").getContext("2d") as CanvasRenderingContext2D;
          pen.font = getComputedStyle(box).font;
          return { room: box.clientWidth - 50, need: pen.measureText(shown ?? "").width };
        }, words);
        assert.ok(need > 0 && need < room, `${words}: ${need} of ${room}`);
        assert.ok(await page.locator("#delete").isVisible());
        for (const hidden of ["#controls", "#timeline", "#events", "#still", "#link"])
          assert.ok(!(await page.locator(hidden).isVisible()), hidden);
      }
      const page = await pages.open(address, { hash: `clip=${id}` });
      await page.click("#delete");
      assert.ok((await page.locator("#question-text").textContent())?.includes(name));
      await page.click("#confirm");
      await page.locator(`#clips option[value="${id}"]`).waitFor({ state: "detached" });
      assert.equal((await fetch(`${address}/clips/${id}`)).status, 404);
    });
  });
