import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import { type Emulator, startEmulator } from "../../emulator/emulator";
import { launchChromium } from "../support/chromium";
import { pressButton } from "../support/example";
import type { NodeRed } from "../support/node-red";
import {
  clipBecomes,
  drawnCount,
  isPaused,
  lightness,
  look,
  makePlayable,
  near,
  type PageOptions,
  type Prediction,
  playhead,
  screenColours,
  showFrame,
  ViewerPages,
} from "../support/viewer";
import { versions } from "./support/versions";
import {
  height,
  inkOfBars,
  makeSquare,
  side,
  squareIn,
  startExample,
  tellOfSquare,
  toggleModel,
  width,
} from "./support/viewer-example";

const colours = { boxes: "255,176,0", shapes: "56,182,255" };
const isOf = (model: string) => (prediction: Prediction) => prediction.model.startsWith(model);

let emulator: Emulator;
let browser: Browser;
before(async () => {
  emulator = await startEmulator({ jobSeconds: 0.5 });
  browser = await launchChromium();
});
after(async () => {
  await browser?.close();
  await emulator?.close();
});

for (const version of versions)
  describe(`the example's page in ${version.name}`, () => {
    const pages = new ViewerPages(() => browser);
    let folder: string;
    let nodeRed: NodeRed;
    let address: string;
    let yardId: string;

    before(async () => {
      folder = mkdtempSync(path.join(tmpdir(), "viewer-test-"));
      const userDir = path.join(folder, "node-red");
      const square = makeSquare(path.join(folder, "square.mp4"));
      makePlayable(userDir, square);
      nodeRed = await startExample(userDir, version.options, emulator);
      address = `${nodeRed.url}/video`;
      await pressButton(nodeRed, "viewer", "send a clip");
      const [first] = await nodeRed.recorded("frame");
      yardId = first?.msg.roboflow.id;
      await clipBecomes(address, yardId, ({ state }) => state === "done");
      await tellOfSquare(nodeRed, square);
    });
    after(async () => {
      await nodeRed?.stop();
      rmSync(folder, { recursive: true, force: true });
    });
    afterEach(async () => assert.deepEqual(await pages.close(), [], "the console stays empty"));

    const frames = () => nodeRed.records("frame").map(({ msg }) => msg.payload);
    const openClip = ({ id = yardId, ...options }: PageOptions & { id?: string } = {}) =>
      pages.openClip(address, id, options);

    describe("what is drawn", () => {
      it("has boxes where the detections say", async () => {
        const page = await openClip();
        await toggleModel(page, "shapes", false);
        const some = frames()
          .filter(({ predictions }) => predictions.some(isOf("boxes")))
          .filter((_, n) => n % 9 === 0);
        assert.ok(some.length >= 5);
        for (const frame of some) {
          await showFrame(page, frame);
          const { at, inked, scale } = await look(page, frame.image);
          const boxes: Prediction[] = frame.predictions.filter(isOf("boxes"));
          for (const box of boxes) {
            const [left, top] = [box.x - box.width / 2, box.y - box.height / 2];
            // The lower parts of the edges: the label stands above.
            const edges = [
              [left, top + box.height * 0.7],
              [left + box.width, top + box.height * 0.7],
              [left + box.width * 0.4, top + box.height],
              [left + box.width * 0.6, top + box.height],
            ] as const;
            for (const [x, y] of edges)
              assert.equal(await at(x, y), colours.boxes, `frame ${frame.frame}, ${x}, ${y}`);
            assert.equal(
              await at(box.x, top + box.height * 0.7),
              "none",
              "nothing covers what is in the box",
            );
          }
          // Nothing is drawn anywhere else: only edges (a few pixels wide) and the labels above them.
          const stray = await inked(
            boxes.map((box) => ({
              left: box.x - box.width / 2 - 4 / scale,
              top: box.y - box.height / 2 - 24 / scale,
              right: Math.max(box.x + box.width / 2, box.x - box.width / 2 + 100 / scale) + 4 / scale,
              bottom: box.y + box.height / 2 + 4 / scale,
            })),
          );
          assert.equal(stray, 0, `frame ${frame.frame}`);
        }
      });

      it("has outlines that are filled, with the picture under them", async () => {
        const page = await openClip();
        await toggleModel(page, "boxes", false);
        const frame = frames().find(({ predictions }) => predictions.filter(isOf("shapes")).length === 1);
        await showFrame(page, frame);
        const { at } = await look(page, frame.image);
        const [shape] = frame.predictions.filter(isOf("shapes"));
        const inside = await at(shape.x, shape.y + shape.height * 0.3);
        assert.notEqual(inside, "none", "the inside is tinted");
        assert.notEqual(inside, colours.shapes, "the inside lets the picture through");
        const [, , corner] = shape.points;
        assert.equal(await at(corner.x, (corner.y + shape.y) / 2), colours.shapes);
      });

      it("follows the clip while it plays", async () => {
        const page = await openClip();
        await page.click("#play");
        await page.waitForFunction(
          () => (document.querySelector("video") as HTMLVideoElement).currentTime > 1.5,
        );
        const { frame, time } = await page.evaluate(() => ({
          frame: Number(document.getElementById("overlay")?.dataset.frame),
          time: (document.querySelector("video") as HTMLVideoElement).currentTime,
        }));
        const drawn = frames().find((each) => each.frame === frame);
        assert.ok(Math.abs(drawn?.time - time) < 0.35, `frame ${frame} at ${time}`);
        await page.keyboard.press("Space");
        assert.ok(await isPaused(page));
      });

      it("is of the same frame as the picture, and at the same place", async () => {
        const page = await openClip({ id: "square" });
        await page.keyboard.press("l");
        for (const frame of [0, 7, 23, 24, 42]) {
          await showFrame(page, { frame, time: frame / 10 });
          const [left, top] = squareIn(frame);
          const middle = top + side / 2;
          const colour = await screenColours(page, [
            [left - 2.5, middle],
            [left, middle],
            [left + 2.5, middle],
            [left + side - 2.5, middle],
            [left + side, middle],
            [left + side + 2.5, middle],
          ]);
          assert.deepEqual(colour, ["black", "box", "white", "white", "box", "black"], `frame ${frame}`);
        }
      });

      it("has a line for a gaze and a dot for a keypoint", async () => {
        const page = await openClip({ id: "square" });
        const { at } = await look(page, { width, height });
        assert.equal(await at(85, 150), colours.shapes, "where the face looks");
        assert.equal(await at(40, 150), "none", "and not behind it");
        assert.equal(await at(300, 150), "255,111,145", "the knee");
      });
    });

    describe("filters", () => {
      it("leave out a class, a model and what is below a confidence, in the picture, the counts, the bars and the events", async () => {
        const page = await openClip();
        const { predictions, ...frame } = frames().find(({ predictions }) => predictions.length >= 4);
        await showFrame(page, frame);
        assert.equal(await drawnCount(page), predictions.length, "all models at once");
        assert.equal(await page.locator("#now li").count(), 2);
        await page.locator("#events button").nth(1).waitFor();
        const allEvents = await page.locator("#events button").count();

        await page.locator("input[data-track]").first().uncheck();
        const of = predictions.filter(isOf("boxes")).length;
        assert.equal(await drawnCount(page), predictions.length - of, "without a class");
        assert.ok((await page.locator("#events button").count()) < allEvents, "nor its events");
        await toggleModel(page, "boxes", true);
        assert.equal(await drawnCount(page), predictions.length, "the model brings its classes back");

        const scores = predictions.map(({ confidence }: Prediction) => confidence).sort();
        const least = Math.ceil(scores[Math.floor(scores.length / 2)] * 100 + 0.5);
        const everywhere: Prediction[] = frames().flatMap((each) => each.predictions);
        const bars = await inkOfBars(page);
        await page.locator("#least").fill(String(least));
        assert.equal(await drawnCount(page), scores.filter((score: number) => score >= least / 100).length);
        assert.equal(await page.locator("#least-text").textContent(), `${least}%`);
        const left = everywhere.filter((each) => isOf("boxes")(each) && each.confidence >= least / 100);
        const total = page.locator(".row", { has: page.locator("input[data-track='0']") }).locator(".total");
        assert.equal(Number((await total.textContent())?.replace(/\D/g, "")), left.length);
        assert.ok((await inkOfBars(page)) < bars, "the bars are lower, or fewer");
        // What no detection reaches has no event.
        await page.locator("#least").fill("100");
        await page.locator("#events .none").waitFor();
        assert.equal(await inkOfBars(page), 0);
      });

      it("switch labels off", async () => {
        const page = await openClip();
        await toggleModel(page, "shapes", false);
        const frame = frames().find(({ predictions }) => predictions.filter(isOf("boxes")).length === 1);
        await showFrame(page, frame);
        const [box] = frame.predictions.filter(isOf("boxes"));
        const above = [box.x - box.width / 2 + 1, box.y - box.height / 2 - 10] as const;
        assert.equal(await (await look(page, frame.image)).at(...above), colours.boxes);
        await page.keyboard.press("l");
        assert.equal(await (await look(page, frame.image)).at(...above), "none");
      });
    });

    describe("getting about", () => {
      it("jumps where the timeline is clicked, and tells the time under the pointer", async () => {
        const page = await openClip();
        const track = page.locator(".track[data-track]").first();
        const box = (await track.boundingBox()) as { width: number; height: number };
        await track.click({ position: { x: box.width / 2, y: box.height / 2 } });
        const { time, duration } = await playhead(page);
        assert.ok(Math.abs(time - duration / 2) < 0.3, `${time} of ${duration}`);
        await page.waitForFunction((of) => {
          const head = document.getElementById("head")?.getBoundingClientRect() as DOMRect;
          const ruler = document.getElementById("ruler")?.getBoundingClientRect() as DOMRect;
          return Math.abs((head.x + 1 - ruler.x) / ruler.width - of) < 0.01;
        }, time / duration);
        await page.locator("#ruler").hover({ position: { x: box.width / 4, y: 10 } });
        const [minutes, seconds] = ((await page.locator("#pointer").textContent()) ?? "")
          .split(":")
          .map(Number);
        assert.ok(near((minutes ?? 0) * 60 + (seconds ?? 0), duration / 4, 0.2));
        await page.locator("h1").hover();
        await page.locator("#pointer").waitFor({ state: "hidden" });
      });

      it("plays, jumps and steps by keys", async () => {
        const page = await openClip();
        const [first, last] = [frames()[0], frames().at(-1)];
        const rate = (last.frame - first.frame) / (last.time - first.time);
        await page.keyboard.press("ArrowRight");
        assert.ok(near((await playhead(page)).time, 5));
        await page.keyboard.press("Shift+ArrowLeft");
        assert.ok(near((await playhead(page)).time, 4));
        await page.keyboard.press(".");
        await page.keyboard.press(".");
        assert.ok(near((await playhead(page)).time, 4 + 2.5 / rate, 0.6 / rate));
        await page.keyboard.press(",");
        assert.ok(near((await playhead(page)).time, 4 + 1.5 / rate, 0.6 / rate));
        await page.keyboard.press("End");
        const { time, duration } = await playhead(page);
        assert.ok(near(time, duration, 0.1));
        await page.keyboard.press("Home");
        await page.keyboard.press("Space");
        await page.waitForFunction(() => !(document.querySelector("video") as HTMLVideoElement).paused);
        await page.keyboard.press("Space");
        assert.ok(await isPaused(page));
      });

      it("goes on a row from one time its class was seen to the next", async () => {
        const page = await openClip();
        const track = page.locator(".track[data-track]").first();
        await track.focus();
        await page.keyboard.press("End");
        const { time } = await playhead(page);
        const seen = frames().filter(({ predictions }) => predictions.some(isOf("boxes")));
        assert.ok(
          seen.some((frame) => near(frame.time, time, 0.02)),
          `something begins at ${time}`,
        );
        assert.equal(await track.getAttribute("aria-valuenow"), time.toFixed(1));
      });

      it("reaches everything by the tab key, and everything has a name", async () => {
        const page = await openClip();
        const nameless = await page.evaluate(() =>
          Array.from(document.querySelectorAll<HTMLElement>("button, select, input, a, [role=slider], video"))
            .filter((each) => each.offsetParent !== null)
            .filter((each) => {
              const { labels } = each as HTMLInputElement;
              const told = each.getAttribute("aria-label") || (labels?.[0] ?? each).textContent;
              return !told?.trim();
            })
            .map((each) => each.outerHTML),
        );
        assert.deepEqual(nameless, []);
        const reached = new Set<string>();
        for (let press = 0; press < 60; press++) {
          await page.keyboard.press("Tab");
          reached.add(
            await page.evaluate(() => {
              const { id, dataset, type, className } = document.activeElement as HTMLInputElement;
              return id || `${type || className} ${dataset.track ?? dataset.model ?? ""}`;
            }),
          );
        }
        const stops = ["clips", "play", "back", "forward", "speed", "full-screen", "link", "still", "table"];
        const more = ["delete", "least", "labels", "previous-event", "next-event", "ruler"];
        const rows = ["track 0", "checkbox 1", "checkbox boxes", "button "];
        for (const stop of [...stops, ...more, ...rows])
          assert.ok(reached.has(stop), `${stop} of ${[...reached].join(", ")}`);
      });
    });

    describe("any screen", () => {
      it("holds it all, a phone's too", async () => {
        const page = await openClip({
          viewport: { width: 390, height: 844 },
          hasTouch: true,
          isMobile: true,
        });
        const { scroll, stage, track } = await page.evaluate(() => ({
          scroll: document.documentElement.scrollWidth,
          stage: document.getElementById("stage")?.clientWidth,
          track: document.querySelector(".track")?.clientWidth as number,
        }));
        assert.equal(scroll, 390);
        assert.equal(stage, 390);
        assert.ok(track > 200, `the timeline has ${track} px`);
        await page.locator(".track[data-track]").first().tap();
        assert.ok((await playhead(page)).time > 4);
      });

      it("stays dark where it is dark, and can be read", async () => {
        for (const colorScheme of ["light", "dark"] as const) {
          const page = await openClip({ colorScheme });
          const [ink, ground] = await page.evaluate(() => {
            const { color, backgroundColor } = getComputedStyle(document.body);
            return [color, backgroundColor];
          });
          const [inkLight, groundLight] = [lightness(ink as string), lightness(ground as string)];
          assert.ok(
            colorScheme === "dark" ? groundLight < 0.1 : groundLight > 0.8,
            `${colorScheme}: ${ground}`,
          );
          assert.ok((Math.max(inkLight, groundLight) + 0.05) / (Math.min(inkLight, groundLight) + 0.05) > 7);
        }
      });
    });
  });
