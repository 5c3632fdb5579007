import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { launchChromium } from "../support/chromium";
import { clipBecomes, ViewerPages } from "../support/viewer";
import { gate } from "./support/gate";
import { versions } from "./support/versions";
import { startFilm, tellFrames } from "./support/viewer-clips";

const english: Record<string, string> = JSON.parse(
  readFileSync(path.join(__dirname, "../../nodes/locales/en-US/viewer.json"), "utf8"),
).page;

/** An event, as the download node gives it. */
const event = {
  ...{ class: "person", model: "yard/1", start: 1, end: 1, duration: 0, frames: 1, detections: 1, most: 1 },
  confidence: 0.9,
  best: { frame: 10, time: 1, confidence: 0.9, box: { x: 60, y: 60, width: 40, height: 30 } },
};

let browser: Browser;
before(async () => {
  browser = await launchChromium();
});
after(() => browser?.close());

for (const version of versions)
  describe(`the viewer's page when answers come late or not at all, in ${version.name}`, () => {
    const pages = new ViewerPages(() => browser);
    let started: Awaited<ReturnType<typeof startFilm>> | undefined;
    let address: string;

    before(async () => {
      started = await startFilm(version.options);
      address = started.address;
      await tellFrames(started.nodeRed, started.film);
      await clipBecomes(address, "film", ({ state }) => state === "done");
      const told = { frames: 80, duration: 8, detections: 1, classes: { person: 1 }, events: [event] };
      await started.nodeRed.inject("tell", { roboflow: { id: "told" }, payload: told });
      await started.nodeRed.inject("tell", { roboflow: { id: "waits" }, payload: "https://x.example/a.mp4" });
    });
    after(() => started?.stop());
    afterEach(async () => {
      const consoleErrors = await pages.close(
        /willReadFrequently|HTTP 502 .*\/film\/|HTTP 404 .*\/video$|Failed to load resource/,
      );
      assert.deepEqual(consoleErrors, [], "the console stays empty");
    });

    const says = (page: Page, text = "") =>
      page.waitForFunction((words) => document.getElementById("notice")?.textContent === words, text);
    const goTo = (page: Page, hash: string) =>
      page.evaluate((to) => {
        location.hash = to;
      }, hash);
    const showsFrame = (page: Page, frame: number) =>
      page.waitForFunction(
        (wanted) => document.getElementById("overlay")?.dataset.frame === wanted,
        String(frame),
      );
    const openWaiting = async () => {
      const page = await pages.open(address, { hash: "clip=waits" });
      await says(page, english.waiting);
      return page;
    };

    /** Keeps the page waiting for a clip's summary. */
    const holdSummary = async (page: Page, clip: string) => {
      const [isAsked, maySend] = [gate(), gate()];
      await page.route(`**/page/${clip}/summary`, async (route) => {
        isAsked.open();
        await maySend.passed;
        // Nobody may wait for this answer any longer.
        await route.continue().catch(() => {});
      });
      return { isAsked, maySend };
    };

    it("shows a clip all the same when it is asked for again before it has come", async () => {
      const page = await openWaiting();
      const { isAsked, maySend } = await holdSummary(page, "film");
      await goTo(page, "clip=film");
      await isAsked.passed;
      const listed = page.waitForResponse("**/page/clips");
      await goTo(page, "clip=film&t=1.2");
      await listed;
      maySend.open();
      await showsFrame(page, 12);
      assert.ok(await page.locator("#viewer").isVisible());
    });

    it("keeps to the clip that was chosen last, in whatever order the answers come", async () => {
      const page = await openWaiting();
      const { isAsked, maySend } = await holdSummary(page, "film");
      await goTo(page, "clip=film");
      await isAsked.passed;
      await goTo(page, "clip=waits");
      await says(page, english.waiting);
      maySend.open();
      await page.waitForResponse("**/page/clips");
      await page.waitForResponse("**/page/clips");
      await says(page, english.waiting);
      assert.equal(await page.locator("#clips").inputValue(), "waits");
    });

    const fails = (page: Page, what: string) =>
      page.route(`**/page/film/${what}`, (route) => route.fulfill({ status: 502 }), { times: 1 });

    it("shows a clip as soon as Node-RED is back", async () => {
      const page = await openWaiting();
      await fails(page, "summary");
      await goTo(page, "clip=film");
      await says(page, english.unreachable);
      await showsFrame(page, 0);
      await page.locator("#notice").waitFor({ state: "hidden" });
    });

    it("lists the events and draws the frames as soon as Node-RED is back", async () => {
      const page = await openWaiting();
      await fails(page, "events*");
      await fails(page, "frames/0");
      await goTo(page, "clip=film");
      await page.locator("#events button").nth(3).waitFor();
      await showsFrame(page, 0);
    });

    it("says nothing of a clip that it does not know yet, and nothing of the one before", async () => {
      const page = await openWaiting();
      const { isAsked, maySend } = await holdSummary(page, "told");
      await goTo(page, "clip=told");
      await isAsked.passed;
      await says(page, "");
      maySend.open();
      await says(page, english.noPicture);
    });
  });
