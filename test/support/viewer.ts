import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import ffmpeg from "@ffmpeg-installer/ffmpeg";
import type { Browser, Page } from "playwright-core";
import { PlayableClips } from "../../nodes/runtime/playable";
import { consoleErrorsOf } from "./chromium";
import { type FlowNode, until } from "./node-red";

export interface Prediction {
  model: string;
  x: number;
  y: number;
  width: number;
  height: number;
  confidence: number;
}

/** A clip as `GET path/clips/ID` describes it. */
export interface DescribedClip {
  id: string;
  fileName: string;
  state: string;
  jobId: string | null;
  frames: number;
  detections: number;
  classes: Record<string, number>;
  events: any[];
  error: string | null;
}

export const near = (one: number, other: number, by = 0.1) => Math.abs(one - other) <= by;
const within = (at: number, size: number) => Math.min(size - 1, Math.max(0, Math.floor(at)));

/** Notes a file as one that a node of this user directory has sent, before Node-RED is started. */
export function makePlayable(userDir: string, ...clips: string[]): void {
  const record = new PlayableClips(path.join(userDir, "roboflow-video", ".playable.jsonl"));
  for (const clip of clips) record.remember(clip);
}

/** Makes a video of something that ffmpeg draws. */
export function makeVideo(file: string, ...args: string[]): string {
  const made = spawnSync(ffmpeg.path, [...args, "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-y", file]);
  assert.equal(made.status, 0, String(made.stderr));
  return file;
}

export async function describeClip(address: string, id: string): Promise<DescribedClip | undefined> {
  const answer = await fetch(`${address}/clips/${encodeURIComponent(id)}`);
  return answer.ok ? ((await answer.json()) as DescribedClip) : void (await answer.text());
}

/** Waits until a clip is as it should be. */
export async function clipBecomes(
  address: string,
  id: string,
  holds: (clip: DescribedClip) => boolean,
): Promise<DescribedClip> {
  let last: DescribedClip | undefined;
  let isAsking = false;
  await until(
    () => {
      if (!isAsking) {
        isAsking = true;
        describeClip(address, id)
          .then((found) => {
            last = found;
          })
          .catch(() => {})
          .finally(() => {
            isAsking = false;
          });
      }
      return last !== undefined && holds(last);
    },
    60_000,
    () => `${id}: ${JSON.stringify(last)?.slice(0, 500)}`,
  );
  return last as unknown as DescribedClip;
}

export type PageOptions = Parameters<Browser["newPage"]>[0] & {
  /** What stands behind the `#`. */
  hash?: string;
  listen?: (url: string) => void;
  trace?: boolean;
};

/** Pages of viewers in a browser, and what they have complained of. */
export class ViewerPages {
  #pages: { page: Page; consoleErrors: string[] }[] = [];

  constructor(readonly browser: () => Browser) {}

  async open(address: string, { hash = "", listen, trace, ...context }: PageOptions = {}): Promise<Page> {
    const browser = this.browser();
    const page = await browser.newPage({
      viewport: { width: 1280, height: 860 },
      locale: "en-US",
      ...context,
    });
    page.setDefaultTimeout(30_000);
    this.#pages.push({ page, consoleErrors: consoleErrorsOf(page) });
    if (listen) page.on("request", (request) => listen(request.url()));
    if (trace)
      await browser.startTracing(page, {
        categories: ["disabled-by-default-devtools.timeline", "__metadata"],
      });
    await page.goto(`${address}#${hash}`);
    return page;
  }

  /** Opens a clip and waits until its first frame is drawn. */
  async openClip(address: string, id: string, options: PageOptions = {}): Promise<Page> {
    const page = await this.open(address, { ...options, hash: `clip=${encodeURIComponent(id)}` });
    await page.waitForFunction(() => (document.querySelector("video") as HTMLVideoElement).readyState >= 2);
    await page.waitForFunction(() => document.getElementById("overlay")?.dataset.frame === "0");
    return page;
  }

  /** Closes all pages. @returns what they complained of, but for what a test has asked for */
  async close(expected: RegExp = /willReadFrequently/): Promise<string[]> {
    const consoleErrors = this.#pages
      .flatMap((each) => each.consoleErrors)
      .filter((text) => !expected.test(text));
    for (const { page } of this.#pages) await page.close();
    this.#pages = [];
    return consoleErrors;
  }
}

/** Goes to a frame as a person would with the player: to its time. */
export async function showFrame(page: Page, { frame, time }: { frame: number; time: number }): Promise<void> {
  await page.evaluate((to) => {
    (document.querySelector("video") as HTMLVideoElement).currentTime = to + 0.005;
  }, time);
  await page.waitForFunction(
    (wanted) => document.getElementById("overlay")?.dataset.frame === wanted,
    String(frame),
  );
}

/** The canvas above the video, asked in pixels of the image. */
export async function look(page: Page, image: { width: number; height: number }) {
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
            const isWithin = allowed.some(
              ({ left, top, right, bottom }) =>
                x >= Math.min(left, (canvas.width - 100) / by) && x <= right && y >= top && y <= bottom,
            );
            if (!isWithin) stray += 1;
          }
          return stray;
        },
        [areas, scale] as const,
      ),
  };
}

/** What a person sees at these places of an image of 320 × 180: the colours of the screen, by name. */
export async function screenColours(page: Page, places: (readonly [number, number])[]): Promise<string[]> {
  const png = (await page.locator("#stage").screenshot()).toString("base64");
  return coloursIn(page, png, places);
}

/** The colours of a picture at these places, given in pixels of an image of 320 × 180. */
export async function coloursIn(
  page: Page,
  png: string,
  places: readonly (readonly [number, number])[],
): Promise<string[]> {
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

export const drawnCount = async (page: Page) =>
  Number(await page.locator("#overlay").getAttribute("data-seen"));

export const isPaused = (page: Page) =>
  page.evaluate(() => (document.querySelector("video") as HTMLVideoElement).paused);

/** Where the clip is, once the jump has ended. */
export async function playhead(page: Page): Promise<{ time: number; duration: number }> {
  await page.waitForFunction(() => !(document.querySelector("video") as HTMLVideoElement).seeking);
  return page.evaluate(() => {
    const { currentTime, duration } = document.querySelector("video") as HTMLVideoElement;
    return { time: currentTime, duration };
  });
}

/** Relative luminance of `rgb(r, g, b)`, 0 to 1. */
export function lightness(colour: string): number {
  const [red, green, blue] = (colour.match(/\d+/g) ?? []).map((value) => {
    const part = Number(value) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * (red ?? 0) + 0.7152 * (green ?? 0) + 0.0722 * (blue ?? 0);
}
/**
 * Ends the trace: how long the page was busy at the longest, in milliseconds. Processor time, since the clock also
 * counts what else this machine does.
 */
export async function longestTask(browser: Browser): Promise<number> {
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

/** A viewer with its default settings, and some of its own. */
export const viewerNode = (own: Record<string, unknown> = {}): FlowNode => ({
  id: "viewer",
  type: "roboflow-video-viewer",
  z: "tab",
  name: "",
  path: "/video",
  keepClips: 50,
  wires: [],
  ...own,
});
