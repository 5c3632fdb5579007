import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import ffmpeg from "@ffmpeg-installer/ffmpeg";
import type { Browser, Page } from "playwright-core";
import { type Emulator, startEmulator } from "../../emulator/emulator";
import { complaintsOf, launchChromium } from "../support/chromium";
import { killAndRestart, pressButton, readExample } from "../support/example";
import { type FlowNode, injectNodes, NodeRed, recordNode, until } from "../support/node-red";

const root = path.join(__dirname, "..", "..");
const yard = path.join(root, "demo", "clip", "yard.mp4");

let folder: string;
let emulator: Emulator;
let nodeRed: NodeRed;
let browser: Browser;
let pages: { page: Page; complaints: string[] }[] = [];

before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "viewer-test-"));
  emulator = await startEmulator({ jobSeconds: 0.5 });
  browser = await launchChromium();
  nodeRed = await startNodeRed();
  await pressButton(nodeRed, "viewer", "send a clip");
  await until(
    () => recorded("frame").length > 0 && recorded("frame").length === recorded("frame")[0]?.msg.parts.count,
    30_000,
    () => nodeRed.output,
  );
});

after(async () => {
  await browser?.close();
  await nodeRed?.stop();
  await emulator?.close();
  rmSync(folder, { recursive: true, force: true });
});

afterEach(async () => {
  // Reading the canvas back is what this test does, not the page.
  const complaints = pages
    .flatMap((each) => each.complaints)
    .filter((text) => !text.includes("willReadFrequently"));
  for (const { page } of pages) await page.close();
  pages = [];
  assert.deepEqual(complaints, [], "the console stays empty");
});

describe("the example", () => {
  test("is what its sources make", () => {
    const built = spawnSync(process.execPath, [path.join(root, "build", "build-examples.mjs"), "--check"]);
    assert.equal(built.status, 0, String(built.stderr));
  });
});

describe("what is drawn", () => {
  test("boxes are where the detections say", async () => {
    const page = await openClip();
    await toggleModel(page, "shapes", false);
    const frames = recorded("frame").map(({ msg }) => msg.payload);
    const some = frames
      .filter(({ predictions }) => predictions.some(isOf("boxes")))
      .filter((_, n) => n % 9 === 0);
    assert.ok(some.length >= 5);
    for (const frame of some) {
      await showFrame(page, frame);
      const { at, inked, scale } = await look(page, frame.image);
      const boxes = frame.predictions.filter(isOf("boxes"));
      for (const box of boxes) {
        const [left, top] = [box.x - box.width / 2, box.y - box.height / 2];
        // The lower parts of the edges: the label stands above.
        const edges = [
          [left, top + box.height * 0.7],
          [left + box.width, top + box.height * 0.7],
          [left + box.width * 0.4, top + box.height],
          [left + box.width * 0.6, top + box.height],
        ];
        for (const [x, y] of edges)
          assert.equal(await at(x as number, y as number), colours.boxes, `frame ${frame.frame}, ${x}, ${y}`);
        assert.equal(await at(box.x, top + box.height * 0.7), "none", "nothing covers what is in the box");
      }
      // Nothing is drawn anywhere else: only edges (a few pixels wide) and the labels above them.
      const stray = await inked(
        boxes.map((box: Prediction) => ({
          left: box.x - box.width / 2 - 4 / scale,
          top: box.y - box.height / 2 - 24 / scale,
          right: Math.max(box.x + box.width / 2, box.x - box.width / 2 + 100 / scale) + 4 / scale,
          bottom: box.y + box.height / 2 + 4 / scale,
        })),
      );
      assert.equal(stray, 0, `frame ${frame.frame}`);
    }
  });

  test("outlines are filled, keypoints are dots, and what the picture has is under them", async () => {
    const page = await openClip();
    await toggleModel(page, "boxes", false);
    const frame = recorded("frame")
      .map(({ msg }) => msg.payload)
      .find(({ predictions }) => predictions.filter(isOf("shapes")).length === 1);
    await showFrame(page, frame);
    const { at } = await look(page, frame.image);
    const [shape] = frame.predictions.filter(isOf("shapes"));
    const inside = await at(shape.x, shape.y + shape.height * 0.3);
    assert.notEqual(inside, "none", "the inside is tinted");
    assert.notEqual(inside, colours.shapes, "the inside lets the picture through");
    const [, , corner] = shape.points;
    assert.equal(await at(corner.x, (corner.y + shape.y) / 2), colours.shapes);
  });

  test("it follows the clip while it plays", async () => {
    const page = await openClip();
    await page.click("#play");
    await page.waitForFunction(() => (document.querySelector("video") as HTMLVideoElement).currentTime > 1.5);
    const { frame, time } = await page.evaluate(() => ({
      frame: Number(document.getElementById("overlay")?.dataset.frame),
      time: (document.querySelector("video") as HTMLVideoElement).currentTime,
    }));
    const drawn = recorded("frame").find(({ msg }) => msg.payload.frame === frame);
    assert.ok(Math.abs(drawn?.msg.payload.time - time) < 0.35, `frame ${frame} at ${time}`);
    await page.keyboard.press("Space");
    assert.ok(await isPaused(page));
  });
});

describe("what is on the screen", () => {
  const [width, height, side] = [320, 180, 40];
  /** Where the square is in a frame: its left and upper edge. */
  const squareIn = (frame: number) => [20 + 4 * frame, 70] as const;

  before(async () => {
    const clip = path.join(folder, "square.mp4");
    const film = (colour: string, size: string) => [
      "-f",
      "lavfi",
      "-i",
      `color=c=${colour}:s=${size}:r=10:d=5`,
    ];
    const made = spawnSync(ffmpeg.path, [
      ...film("black", `${width}x${height}`),
      ...film("white", `${side}x${side}`),
      ...["-filter_complex", "[0][1]overlay=x='20+40*t':y=70", "-preset", "ultrafast", "-y", clip],
    ]);
    assert.equal(made.status, 0, String(made.stderr));
    const roboflow = { id: "square", fileName: "square.mp4", inferFps: 10 };
    for (let index = 0; index < 50; index++) {
      const [left, top] = squareIn(index);
      const box = { x: left + side / 2, y: top + side / 2, width: side, height: side };
      const knee = { x: 300, y: 150, confidence: 1, class: "left_knee" };
      await nodeRed.inject("tell", {
        roboflow,
        filename: clip,
        parts: { id: "square", index, count: 50 },
        payload: {
          frame: index,
          time: index / 10,
          image: { width, height },
          predictions: [
            { model: "box", class: "square", confidence: 0.9, ...box },
            // Looks to the right of the picture, from well below the square.
            {
              model: "gaze",
              face: { x: 60, y: 150, width: 30, height: 30, confidence: 1 },
              yaw: -1.2,
              pitch: 0,
            },
            {
              model: "pose",
              class: "person",
              confidence: 1,
              x: knee.x,
              y: knee.y,
              width: 20,
              height: 20,
              keypoints: [knee],
            },
          ],
          results: {},
        },
      });
    }
    await nodeRed.inject("tell", { roboflow, complete: {} });
  });

  test("box and picture are of the same frame, and at the same place", async () => {
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

  test("a gaze is a line from the face, a keypoint a dot", async () => {
    const page = await openClip({ id: "square" });
    const { at } = await look(page, { width, height });
    assert.equal(await at(85, 150), colours.shapes, "where the face looks");
    assert.equal(await at(40, 150), "none", "and not behind it");
    assert.equal(await at(300, 150), "255,111,145", "the knee");
  });

  test("a name with a hole in it, or one that is too long, does no harm", async () => {
    const name = "<img src=x onerror=alert(1)>".repeat(9);
    const seen = { model: "<b>m</b>", class: name, confidence: 0.5, x: 160, y: 90, width: 20, height: 20 };
    await nodeRed.inject("tell", {
      roboflow: { id: "odd<>/../'\"", fileName: 'a "clip" <b>.mp4' },
      parts: { id: "odd", index: 0, count: 1 },
      payload: {
        frame: 0,
        time: 0,
        image: { width, height },
        predictions: [seen, { ...seen, class: "__proto__" }],
      },
    });
    const { id } = (await list()).find((clip) => clip.id.startsWith("odd")) as ListedClip;
    const page = await openPage({}, id);
    await page.waitForFunction(() => document.getElementById("overlay")?.dataset.seen === "2");
    assert.equal(await page.locator("main img, #rows b, #clips b").count(), 0);
    assert.equal(await page.locator("#now .name").first().textContent(), name);
    const { at } = await look(page, { width, height });
    assert.equal(await at(310, 72), "none", "the label ends");
    assert.equal(await at(155, 76), colours.boxes, "the first label");
    assert.equal(await at(155, 68), colours.shapes, "the second stands above it");
  });

  test("an address that names no clip shows the newest", async () => {
    const page = await openPage({}, "%E0%A4%A");
    await page.waitForFunction(() => document.getElementById("viewer")?.hidden === false);
  });
});

describe("filters", () => {
  test("a class, a model and a confidence can be left out", async () => {
    const page = await openClip();
    const { predictions, ...frame } = recorded("frame")
      .map(({ msg }) => msg.payload)
      .find(({ predictions }) => predictions.length >= 4);
    await showFrame(page, frame);
    assert.equal(await drawnCount(page), predictions.length, "all models at once");
    assert.equal(await page.locator("#now li").count(), 2);

    await page.locator("[data-track] >> nth=0").first().uncheck();
    const of = predictions.filter(isOf("boxes")).length;
    assert.equal(await drawnCount(page), predictions.length - of, "without a class");
    await toggleModel(page, "boxes", true);
    assert.equal(await drawnCount(page), predictions.length, "the model brings its classes back");

    const scores = predictions.map(({ confidence }: Prediction) => confidence).sort();
    const least = Math.ceil(scores[Math.floor(scores.length / 2)] * 100 + 0.5);
    await page.locator("#least").fill(String(least));
    assert.equal(await drawnCount(page), scores.filter((score: number) => score >= least / 100).length);
    assert.equal(await page.locator("#least-text").textContent(), `${least}%`);
  });

  test("labels can be switched off", async () => {
    const page = await openClip();
    await toggleModel(page, "shapes", false);
    const frame = recorded("frame")
      .map(({ msg }) => msg.payload)
      .find(({ predictions }) => predictions.filter(isOf("boxes")).length === 1);
    await showFrame(page, frame);
    const [box] = frame.predictions.filter(isOf("boxes"));
    const above = [box.x - box.width / 2 + 1, box.y - box.height / 2 - 10] as const;
    assert.equal(await (await look(page, frame.image)).at(...above), colours.boxes);
    await page.keyboard.press("l");
    assert.equal(await (await look(page, frame.image)).at(...above), "none");
  });
});

describe("getting about", () => {
  test("a click in the timeline jumps there", async () => {
    const page = await openClip();
    const track = page.locator(".track[data-track]").first();
    const { width, height } = (await track.boundingBox()) as { width: number; height: number };
    await track.click({ position: { x: width / 2, y: height / 2 } });
    const { time, duration } = await playhead(page);
    assert.ok(Math.abs(time - duration / 2) < 0.3, `${time} of ${duration}`);
    await page.waitForFunction((of) => {
      const head = document.getElementById("head")?.getBoundingClientRect() as DOMRect;
      const ruler = document.getElementById("ruler")?.getBoundingClientRect() as DOMRect;
      return Math.abs((head.x + 1 - ruler.x) / ruler.width - of) < 0.01;
    }, time / duration);
  });

  test("keys play, jump and step", async () => {
    const page = await openClip();
    const rate = await frameRate();
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

  test("a row of the timeline goes from one time its class was seen to the next", async () => {
    const page = await openClip();
    const track = page.locator(".track[data-track]").first();
    await track.focus();
    await page.keyboard.press("End");
    const { time } = await playhead(page);
    const seen = recorded("frame")
      .map(({ msg }) => msg.payload)
      .filter(({ predictions }) => predictions.some(isOf("boxes")));
    assert.ok(
      seen.some((frame) => near(frame.time, time, 0.02)),
      `something begins at ${time}`,
    );
    assert.equal(await track.getAttribute("aria-valuenow"), time.toFixed(1));
  });

  test("everything has a name, and the tab key comes everywhere", async () => {
    const page = await openClip();
    const nameless = await page.evaluate(() =>
      Array.from(document.querySelectorAll<HTMLElement>("button, select, input, [role=slider], video"))
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
    for (let press = 0; press < 25; press++) {
      await page.keyboard.press("Tab");
      reached.add(
        await page.evaluate(() => {
          const { id, dataset, type, className } = document.activeElement as HTMLInputElement;
          return id || `${type || className} ${dataset.track ?? dataset.model}`;
        }),
      );
    }
    for (const stop of [
      "clips",
      "play",
      "back",
      "forward",
      "speed",
      "least",
      "labels",
      "ruler",
      "track 0",
      "checkbox 1",
      "checkbox boxes",
    ])
      assert.ok(reached.has(stop), `${stop} of ${[...reached].join(", ")}`);
  });
});

describe("any screen", () => {
  test("a phone's width holds it all", async () => {
    const page = await openClip({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
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

  test("a dark screen stays dark, and can be read", async () => {
    for (const colorScheme of ["light", "dark"] as const) {
      const page = await openClip({ colorScheme });
      const [ink, ground] = await page.evaluate(() => {
        const { color, backgroundColor } = getComputedStyle(document.body);
        return [color, backgroundColor];
      });
      const [inkLight, groundLight] = [lightness(ink as string), lightness(ground as string)];
      assert.ok(colorScheme === "dark" ? groundLight < 0.1 : groundLight > 0.8, `${colorScheme}: ${ground}`);
      assert.ok((Math.max(inkLight, groundLight) + 0.05) / (Math.min(inkLight, groundLight) + 0.05) > 7);
    }
  });
});

describe("a clip of ten minutes", () => {
  const seconds = 600;
  const perSecond = 10;
  const parts = "long-one";

  before(async () => {
    const clip = path.join(folder, "long.mp4");
    const source = `color=c=gray:s=320x180:r=${perSecond}:d=${seconds}`;
    const made = spawnSync(ffmpeg.path, ["-f", "lavfi", "-i", source, "-preset", "ultrafast", "-y", clip]);
    assert.equal(made.status, 0, String(made.stderr));
    // Half of it, then everything once more: as after a restart in the middle.
    await nodeRed.inject("make", { clip, parts, seconds, perSecond, upTo: 0.5 });
    await nodeRed.inject("make", { clip, parts, seconds, perSecond, upTo: 1 });
    await until(
      () => clipFile("long", "clip")?.state === "ready",
      30_000,
      () => nodeRed.output,
    );
  });

  test("no frame is kept twice, although half of them came twice", () => {
    const { frames, windows, tracks } = clipFile("long", "summary");
    assert.equal(frames, seconds * perSecond);
    assert.equal(windows.length, seconds / 10);
    const kept = windows.flatMap((window: number) => clipFile("long", String(window)).frames);
    assert.deepEqual(
      kept.map(({ frame }: { frame: number }) => frame),
      Array.from({ length: seconds * perSecond }, (_, frame) => frame),
    );
    const total = kept.flatMap(({ seen }: { seen: unknown[] }) => seen).length;
    assert.equal(
      tracks.reduce((sum: number, track: { total: number }) => sum + track.total, 0),
      total,
    );
    assert.ok(tracks.every(({ seen }: { seen: unknown[] }) => seen.length <= 800));
  });

  test("it comes window by window, and nothing freezes", async () => {
    const requests: string[] = [];
    const page = await openClip({ id: "long", listen: (url) => requests.push(url), trace: true });
    const windows = () =>
      requests.map((url) => /\/clips\/long\/(\d+)$/.exec(url)?.[1]).filter((n) => n !== undefined);
    assert.deepEqual(new Set(windows()), new Set(["0"]), "the first one is enough to begin with");
    const ruler = page.locator("#ruler");
    const { width } = (await ruler.boundingBox()) as { width: number };
    for (const part of [0.31, 0.72, 0.5]) {
      await ruler.click({ position: { x: width * part, y: 20 } });
      const { time } = await playhead(page);
      await page.waitForFunction(
        (frame) => Math.abs(Number(document.getElementById("overlay")?.dataset.frame) - frame) <= 1,
        time * perSecond,
      );
      assert.ok(windows().includes(String(Math.floor(time / 10))));
    }
    await page.locator("#speed").selectOption("4");
    await page.keyboard.press("Space");
    await page.waitForTimeout(3000);
    await page.keyboard.press("Space");
    assert.ok(windows().length < 15, `${windows().length} of ${seconds / 10} windows`);
    const longest = await longestTask();
    assert.ok(longest > 0 && longest < 200, `a task of ${longest} ms`);
  });
});

describe("clips that cannot be shown", () => {
  test("the page says why there is nothing to see", async () => {
    await nodeRed.inject("tell", { roboflow: { id: "empty", frames: 0 }, filename: yard, complete: {} });
    await nodeRed.inject("tell", {
      roboflow: { id: "broken" },
      error: { message: "The key was refused. <b>403</b>" },
    });
    await nodeRed.inject("tell", { roboflow: { id: "waiting", polls: 3 }, payload: { status: 1 } });
    const page = await openPage({}, "empty");
    const says = (text: string) =>
      page.waitForFunction((words) => document.getElementById("notice")?.textContent?.includes(words), text);
    await says("no frame for this clip");
    await page.locator("#clips").selectOption("broken");
    await says("The key was refused. <b>403</b>");
    await page.locator("#clips").selectOption("waiting");
    await says("asked 3 times");
  });

  test("a clip that has gone shows its boxes without a picture", async () => {
    const parts = "gone";
    await nodeRed.inject("make", { clip: "", parts, id: "gone", seconds: 12, perSecond: 5, upTo: 1 });
    const page = await openPage({}, "gone");
    await page.waitForFunction(() => document.getElementById("notice")?.textContent?.includes("without it"));
    await page.waitForFunction(() => Number(document.getElementById("overlay")?.dataset.seen) > 0);
    await page.keyboard.press("ArrowRight");
    await page.waitForFunction(() => document.getElementById("overlay")?.dataset.frame === "25");
  });
});

describe("what the flow answers", () => {
  test("a part of the video, so that a player can jump", async () => {
    const clip = await yardClip();
    const whole = readFileSync(yard);
    const answer = await fetch(`${nodeRed.url}/video-viewer/clips/${clip.id}/video`, {
      headers: { Range: "bytes=1000-1999" },
    });
    assert.equal(answer.status, 206);
    assert.equal(answer.headers.get("content-type"), "video/mp4");
    assert.equal(answer.headers.get("content-range"), `bytes 1000-1999/${whole.length}`);
    assert.deepEqual(Buffer.from(await answer.arrayBuffer()), whole.subarray(1000, 2000));
    const past = await fetch(`${nodeRed.url}/video-viewer/clips/${clip.id}/video`, {
      headers: { Range: `bytes=${whole.length}-` },
    });
    assert.equal(past.status, 416);
    assert.equal(past.headers.get("content-range"), `bytes */${whole.length}`);
    await past.text();
  });

  test("nothing but clips that it knows", async () => {
    const { id, video } = await yardClip();
    assert.equal(video, undefined, "where a clip lies is not told");
    for (const asked of [
      "unknown/summary",
      `${id}/clip`,
      `${id}/99`,
      `${id}/..%2Fclip.json`,
      "..%2F..%2Fflows_cred/summary",
      "%2e%2e/video",
    ]) {
      const answer = await fetch(`${nodeRed.url}/video-viewer/clips/${asked}`);
      assert.equal(answer.status, 404, asked);
      await answer.text();
    }
    await nodeRed.inject("tell", {
      roboflow: { id: "secret" },
      filename: "/etc/passwd",
      error: { message: "no" },
    });
    assert.equal((await fetch(`${nodeRed.url}/video-viewer/clips/secret/video`)).status, 404);
  });

  test("a Node-RED that is killed in the middle goes on where it was", async () => {
    const order = { clip: yard, parts: "cut", id: "cut", seconds: 100, perSecond: 5 };
    await nodeRed.inject("make", { ...order, upTo: 0.55 });
    nodeRed = await killAndRestart(nodeRed);
    await nodeRed.inject("make", { ...order, upTo: 1 });
    await until(
      () => clipFile("cut", "clip")?.state === "ready",
      10_000,
      () => nodeRed.output,
    );
    const { frames, windows } = clipFile("cut", "summary");
    assert.equal(frames, 500);
    const kept = windows.flatMap((window: number) => clipFile("cut", String(window)).frames);
    assert.equal(new Set(kept.map(({ frame }: { frame: number }) => frame)).size, 500);
    assert.equal(kept.length, 500);
    assert.ok(
      (await list()).some(({ id }) => id === "long"),
      "and knows its clips again",
    );
    const [left] = readdirSync(path.join(folder, "seen", "cut")).filter((name) => name.endsWith(".part"));
    assert.equal(left, undefined);
  });
});

interface Prediction {
  model: string;
  x: number;
  y: number;
  width: number;
  height: number;
  confidence: number;
}

const colours = { boxes: "255,176,0", shapes: "56,182,255" };

const isOf = (model: string) => (prediction: Prediction) => prediction.model.startsWith(model);
const near = (one: number, other: number, by = 0.1) => Math.abs(one - other) <= by;
const within = (at: number, size: number) => Math.min(size - 1, Math.max(0, Math.floor(at)));
const recorded = (name: string) => nodeRed.records(name);

/** The example as imported, with the stand-in, the clip and two models set, and a tab that makes things up. */
async function startNodeRed(): Promise<NodeRed> {
  const flows = readExample("viewer");
  const find = (type: string, name?: string) =>
    flows.find((node) => node.type === type && (name === undefined || node.name === name)) as FlowNode;
  const account = find("roboflow-video-account");
  const keep = find("function", "keep what was seen").id;
  const download = find("roboflow-video-download");
  account.baseUrl = emulator.url;
  find("inject").payload = yard;
  find("roboflow-video-poll").interval = 0.2;
  const model = (modelId: string, inferenceType: string) => ({
    modelId,
    modelVersion: "1",
    inferenceType,
    confidence: 0.2,
    inferenceParams: "",
  });
  find("roboflow-video-start").models = [
    model("boxes", "object-detection"),
    model("shapes", "instance-segmentation"),
  ];
  (download.wires as string[][])[0]?.push("record-frame");
  const started = await NodeRed.start({
    userDir: path.join(folder, "node-red"),
    flows: [],
    env: {
      ROBOFLOW_API_KEY: emulator.settings.apiKey,
      VIEWER_DIR: path.join(folder, "seen"),
      no_proxy: "127.0.0.1",
      NO_PROXY: "127.0.0.1",
    },
  });
  await started.deploy([
    ...flows,
    { id: "tab", type: "tab", label: "test" },
    recordNode("frame"),
    ...injectNodes("tell", [keep]),
    ...injectNodes("make", ["maker"]),
    { id: "maker", type: "function", z: "tab", func: madeUpFrames, outputs: 1, libs: [], wires: [[keep]] },
  ]);
  await started.waitForOutput(/Started flows[\s\S]*Started flows/);
  return started;
}

/** Function node: sends the frames of a long clip, eight things in each, that move on circles. */
const madeUpFrames = `
const { clip, parts, id = "long", seconds, perSecond, upTo } = msg;
const count = seconds * perSecond;
const roboflow = { id, fileName: "ten minutes.mp4", inferFps: perSecond, frames: count };
const classes = ["person", "car", "dog", "bicycle", "bus", "truck", "cat", "bird"];
for (let index = 0; index < count * upTo; index++) {
  const predictions = classes.map((name, n) => ({
    model: "everything/1", class: name, confidence: 0.5 + 0.05 * n,
    x: 160 + 100 * Math.cos(index / 50 + n), y: 90 + 50 * Math.sin(index / 50 + n), width: 30, height: 20,
  })).filter((_, n) => Math.floor(index / 300 + n) % 4 < 2);
  node.send({ roboflow, filename: clip, parts: { id: parts, index, count }, payload: {
    frame: index, time: index / perSecond, image: { width: 320, height: 180 }, predictions, results: { "everything/1": null },
  } });
}
if (upTo === 1) node.send({ roboflow, filename: clip, complete: {} });
`;

/** What the list says of the clip that went through the four nodes. */
async function yardClip(): Promise<ListedClip> {
  const { id } = recorded("frame")[0]?.msg.roboflow ?? {};
  return (await list()).find((clip) => clip.id === id) as ListedClip;
}

interface ListedClip {
  id: string;
  video?: string;
}

async function list(): Promise<ListedClip[]> {
  return (await fetch(`${nodeRed.url}/video-viewer/clips`)).json() as Promise<ListedClip[]>;
}

function clipFile(id: string, name: string) {
  try {
    return JSON.parse(readFileSync(path.join(folder, "seen", id, `${name}.json`), "utf8"));
  } catch {
    return undefined;
  }
}

type PageOptions = Parameters<Browser["newPage"]>[0] & {
  id?: string;
  listen?: (url: string) => void;
  trace?: boolean;
};

async function openPage(options: PageOptions, clip: string): Promise<Page> {
  const { id: _id, listen, trace, ...context } = options;
  const page = await browser.newPage({ viewport: { width: 1280, height: 860 }, ...context });
  page.setDefaultTimeout(10_000);
  pages.push({ page, complaints: complaintsOf(page) });
  if (listen) page.on("request", (request) => listen(request.url()));
  if (trace)
    await browser.startTracing(page, { categories: ["disabled-by-default-devtools.timeline", "__metadata"] });
  await page.goto(`${nodeRed.url}/video-viewer#${clip}`);
  return page;
}

/**
 * Ends the trace: how long the page was busy at the longest, in milliseconds. Processor time, since the clock also
 * counts what else this machine does.
 */
async function longestTask(): Promise<number> {
  const trace = JSON.parse((await browser.stopTracing()).toString());
  const events = trace.traceEvents as {
    name: string;
    pid: number;
    tid: number;
    tdur?: number;
    args: { name?: string };
  }[];
  const isMain = new Set(
    events
      .filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain")
      .map(({ pid, tid }) => `${pid} ${tid}`),
  );
  const tasks = events
    .filter(({ name, pid, tid }) => name === "RunTask" && isMain.has(`${pid} ${tid}`))
    .map(({ tdur = 0 }) => tdur / 1000);
  assert.ok(tasks.length > 100, "the trace knows of the page's tasks");
  return Math.max(...tasks);
}

/** Opens a clip and waits until its first frame is drawn. */
async function openClip(options: PageOptions = {}): Promise<Page> {
  const page = await openPage(options, options.id ?? (await yardClip()).id);
  await page.waitForFunction(() => (document.querySelector("video") as HTMLVideoElement).readyState >= 2);
  await page.waitForFunction(() => document.getElementById("overlay")?.dataset.frame === "0");
  return page;
}

async function toggleModel(page: Page, model: string, on: boolean): Promise<void> {
  await page.locator(`[data-model^="${model}"]`).setChecked(on);
}

/** Goes to a frame as a person would with the player: to its time. */
async function showFrame(page: Page, { frame, time }: { frame: number; time: number }): Promise<void> {
  await page.evaluate((to) => {
    (document.querySelector("video") as HTMLVideoElement).currentTime = to + 0.005;
  }, time);
  await page.waitForFunction(
    (wanted) => document.getElementById("overlay")?.dataset.frame === wanted,
    String(frame),
  );
}

/** The canvas above the video, asked in pixels of the image. */
async function look(page: Page, image: { width: number; height: number }) {
  const size = await page.locator("#overlay").evaluate((canvas: HTMLCanvasElement) => ({
    width: canvas.width,
    height: canvas.height,
  }));
  const scale = size.width / image.width;
  assert.ok(near(size.height / image.height, scale, 0.01), "the canvas has the image's shape");
  return {
    scale,
    /** `r,g,b`; `none` where the video shows; with its opacity where both do. */
    at: (x: number, y: number) =>
      page.locator("#overlay").evaluate(
        (canvas: HTMLCanvasElement, [left, top]) => {
          const context = canvas.getContext("2d") as CanvasRenderingContext2D;
          const [red, green, blue, opacity] = context.getImageData(left as number, top as number, 1, 1).data;
          if (opacity === 0) return "none";
          return opacity === 255 ? `${red},${green},${blue}` : `${red},${green},${blue},${opacity}`;
        },
        // The edge of a box may be that of the image.
        [within(x * scale, size.width), within(y * scale, size.height)],
      ),
    /** How many pixels are drawn on outside of these areas. */
    inked: (areas: { left: number; top: number; right: number; bottom: number }[]) =>
      page.locator("#overlay").evaluate(
        (canvas: HTMLCanvasElement, [allowed, by]) => {
          const context = canvas.getContext("2d") as CanvasRenderingContext2D;
          const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
          let stray = 0;
          for (let at = 3; at < data.length; at += 4) {
            if (data[at] === 0) continue;
            const pixel = (at - 3) / 4;
            const [x, y] = [(pixel % canvas.width) / by, Math.floor(pixel / canvas.width) / by];
            // A label that has no room on the right moves to the left.
            const within = allowed.some(
              ({ left, top, right, bottom }) =>
                x >= Math.min(left, (canvas.width - 100) / by) && x <= right && y >= top && y <= bottom,
            );
            if (!within) stray += 1;
          }
          return stray;
        },
        [areas, scale] as const,
      ),
  };
}

/** What a person sees at these places of the image: the colours of the screen, by name. */
async function screenColours(page: Page, places: (readonly [number, number])[]): Promise<string[]> {
  const png = (await page.locator("#stage").screenshot()).toString("base64");
  const pixels = await page.evaluate(
    async ([source, points]) => {
      const picture = new Image();
      picture.src = `data:image/png;base64,${source}`;
      await picture.decode();
      const canvas = new OffscreenCanvas(picture.width, picture.height);
      const context = canvas.getContext("2d") as OffscreenCanvasRenderingContext2D;
      context.drawImage(picture, 0, 0);
      return points.map(([x, y]) => [
        ...context.getImageData((x / 320) * picture.width, (y / 180) * picture.height, 1, 1).data,
      ]);
    },
    [png, places] as const,
  );
  return pixels.map(([red = 0, green = 0, blue = 0]) => {
    // A line between pixels is mixed with what is beside it.
    if (red > 190 && green > 120 && green < 200 && blue < 60) return "box";
    if (Math.max(red, green, blue) < 60) return "black";
    return Math.min(red, green, blue) > 200 ? "white" : `${red},${green},${blue}`;
  });
}

const drawnCount = async (page: Page) => Number(await page.locator("#overlay").getAttribute("data-seen"));

const isPaused = (page: Page) =>
  page.evaluate(() => (document.querySelector("video") as HTMLVideoElement).paused);

/** Where the clip is, once the jump has ended. */
async function playhead(page: Page): Promise<{ time: number; duration: number }> {
  await page.waitForFunction(() => !(document.querySelector("video") as HTMLVideoElement).seeking);
  return page.evaluate(() => {
    const { currentTime, duration } = document.querySelector("video") as HTMLVideoElement;
    return { time: currentTime, duration };
  });
}

/** Frames a second of the yard, by its own frame numbers. */
async function frameRate(): Promise<number> {
  const frames = recorded("frame").map(({ msg }) => msg.payload);
  const [first, last] = [frames[0], frames[frames.length - 1]];
  return (last.frame - first.frame) / (last.time - first.time);
}

/** Relative luminance of `rgb(r, g, b)`, 0 to 1. */
function lightness(colour: string): number {
  const [red, green, blue] = (colour.match(/\d+/g) ?? []).map((value) => {
    const part = Number(value) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * (red ?? 0) + 0.7152 * (green ?? 0) + 0.0722 * (blue ?? 0);
}
