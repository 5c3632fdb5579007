import assert from "node:assert/strict";
import { test } from "node:test";
import type { DemoEvent } from "../../../demo/events";
import { ProgressLog } from "../../../demo/progress";

const roboflow = { id: "clip", jobId: "job", frames: 3, detections: 4, classes: { motion: 4 } };
const done: DemoEvent = { kind: "done", clip: "clip", roboflow };
const finished: DemoEvent = { kind: "poll", at: 2000, clip: "clip", roboflow, downloads: 2 };
const event = (start: number, end: number): DemoEvent => ({
  kind: "event",
  clip: "clip",
  event: { class: "motion", start, end, most: 2, best: { time: (start + end) / 2 } },
});

/** @returns what is printed, and what each event ends in */
function logged(...events: DemoEvent[]) {
  const lines: string[] = [];
  const log = new ProgressLog((line) => lines.push(line));
  return { endings: events.map((one) => log.log(one)), lines };
}

test("a clip ends when every download is done with it, with its events and the total", () => {
  const frame: DemoEvent = { kind: "frame", clip: "clip" };
  const { endings, lines } = logged(finished, frame, event(1.2, 13.4), frame, done, frame, done);
  assert.deepEqual(endings.slice(0, -1), Array(6).fill(undefined));
  assert.deepEqual(endings.at(-1), { clip: roboflow });
  assert.deepEqual(
    lines.slice(1).map((line) => line.trim().replace(/ {2,}/, ": ")),
    [
      "downloaded: 3 frames, 4 detections, one message per frame",
      "event: motion 0:01–0:13, at most 2 at once, highest confidence at 0:07",
      "total: 4 × motion",
    ],
  );
});

test("of many events the first ten are printed", () => {
  const events = Array.from({ length: 12 }, (_, index) => event(60 * index, 60 * index + 1));
  const { lines } = logged({ ...finished, downloads: 1 } as DemoEvent, ...events, done);
  assert.equal(lines.filter((line) => line.includes("at most 2 at once")).length, 10);
  assert.ok(lines.some((line) => line.trim() === "and 2 more events"));
});

test("a clip that fails ends at once", () => {
  const failed: DemoEvent = {
    kind: "failed",
    clip: "clip",
    step: "start",
    code: "PLAN",
    message: "no credits",
  };
  assert.deepEqual(logged(failed).endings, [{ failure: "no credits" }]);
});
