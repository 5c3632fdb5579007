import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { fill } from "../../nodes/runtime/fill";
import { launchChromium } from "../support/chromium";
import { clipBecomes, ViewerPages } from "../support/viewer";
import { type Version, versions } from "./support/versions";
import { frameOf, startFilm, tellFrames } from "./support/viewer-clips";

/** Where the pictures go; kept by CI. */
const folder = path.resolve(process.env.SCREENSHOTS || path.join(__dirname, "..", "out", "editor"));
mkdirSync(folder, { recursive: true });

const wordsOf = (language: string): Record<string, string> =>
  JSON.parse(readFileSync(path.join(__dirname, "../../nodes/locales", language, "viewer.json"), "utf8")).page;
const english = wordsOf("en-US");

/** As the server words it, in its own language, whatever the page speaks. */
const failure =
  'Poll job: The job failed at Roboflow (status 2). Check the video and the model, then start the job again. (answer: "the video has no frames", job 3f9a0c27-b1de-4c55-9d3c-0a6a2f0f7c11)';
const empty = { status: 0, output_signed_url: "https://storage.example/result.json" };
/** Clips by what the page has to say of them, and the message that brings them there. */
type Clip = [key: string, message: object, values: Record<string, string>];
const clips: Clip[] = [
  ["waiting", { payload: "https://storage.example/gate.mp4" }, {}],
  ["running", { payload: { status: 1 } }, {}],
  ["runningPolls", { payload: { status: 1 } }, { count: "3" }],
  ["failed", { payload: "", error: { message: failure, source: { type: "roboflow-video-poll" } } }, {}],
  ["empty", { payload: empty }, {}],
  ["nothing", frameOf(0, 1, []), { count: "1" }],
  ["noEventsFound", { payload: { frames: 80, duration: 8, detections: 0, classes: {}, events: [] } }, {}],
  [
    "noPicture",
    frameOf(0, 1, [
      { model: "yard/1", class: "person", confidence: 0.9, x: 60, y: 60, width: 40, height: 30 },
    ]),
    {},
  ],
];

const roboflowOf = (key: string) => ({
  id: key,
  fileName: `${key} 2026-07-13T07-14-05.mp4`,
  jobId: `job-${key}`,
  expectedFrames: 80,
  inferFps: 10,
  ...(key === "runningPolls" ? { polls: 3 } : {}),
});

let browser: Browser;
before(async () => {
  browser = await launchChromium();
});
after(() => browser?.close());

describe("pictures of the viewer's page", () => {
  const pages = new ViewerPages(() => browser);
  let started: Awaited<ReturnType<typeof startFilm>> | undefined;
  let address: string;
  let looks = 0;
  before(async () => {
    started = await startFilm((versions.at(-1) as Version).options);
    const { nodeRed, film } = started;
    address = started.address;
    for (const [key, message] of clips) {
      await nodeRed.inject("tell", { roboflow: roboflowOf(key), ...message });
    }
    await tellFrames(nodeRed, film);
    await clipBecomes(address, "film", ({ state }) => state === "done");
  });
  after(() => started?.stop());
  afterEach(async () => {
    // A clip that cannot be played is asked for all the same.
    await pages.close();
  });

  const picture = async (page: Page, name: string) => {
    const { text, isWide } = await page.evaluate(() => ({
      text: document.body.innerText,
      isWide: document.documentElement.scrollWidth > innerWidth,
    }));
    assert.doesNotMatch(text, /__\w+?__|undefined|NaN/, name);
    assert.ok(!isWide, `${name}: wider than the window`);
    await page.screenshot({ path: path.join(folder, `viewer-${name}.png`), fullPage: true });
    return text;
  };

  for (const locale of ["en-US", "de", "ja"])
    for (const colorScheme of ["light", "dark"] as const)
      it(`${locale}, ${colorScheme}`, async () => {
        const words = wordsOf(locale);
        const own = new Set(Object.values(words));
        const foreign = new Set(Object.values(english).filter((text) => !own.has(text)));
        const onlyOwn = (text: string, name: string) => {
          for (const line of text.split("\n")) assert.ok(!foreign.has(line.trim()), `${name}: ${line}`);
        };
        const name = (what: string) => `${locale}-${colorScheme}-${what}`;
        looks += 1;
        const page = await pages.openClip(address, "film", { locale, colorScheme });
        page.setDefaultTimeout(120_000);
        await page.locator("#keys summary").click();
        await page.locator("#events button").nth(3).waitFor();
        onlyOwn(await picture(page, name("clip")), "clip");
        await page.click("#delete");
        await page.locator("#question").waitFor();
        onlyOwn(await picture(page, name("delete")), "delete");
        await page.click("#cancel");
        await page.setViewportSize({ width: 600, height: 860 });
        onlyOwn(await picture(page, name("clip-narrow")), "clip-narrow");
        // A clip of which nothing more comes is no longer loading after a while.
        await started?.nodeRed.inject("tell", {
          roboflow: roboflowOf("loadingOf"),
          ...frameOf(looks, 80, []),
        });
        const loading: Clip = ["loadingOf", {}, { count: String(looks), total: "80" }];
        for (const [key, , values] of [loading, ...clips]) {
          await page.evaluate((id) => {
            location.hash = `clip=${id}`;
          }, key);
          const said = key === "failed" ? failure : fill(words[key] as string, values);
          await page.locator("#notice", { hasText: said }).waitFor();
          onlyOwn(await picture(page, name(key)), key);
        }
      });
});
