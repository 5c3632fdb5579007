import assert from "node:assert/strict";
import { test } from "node:test";
import { checkRate, expectedFrames } from "../../../nodes/start/frames";

test("a rate up to that of the video is taken, also where its clock is a little slow", () => {
  for (const [rate, fps] of [
    [1, 30],
    [30, 30],
    [30, 29.997],
    [29.97, 29.97],
    [0.5, 0.5],
    [29.98, 29.97],
    [30, 29.99],
    [2.02, 2.01],
  ] as const)
    checkRate(rate, { fps });
});

test("a rate above that of the video is refused with the highest whole rate", () => {
  for (const [rate, fps, highest] of [
    [31, 30, 30],
    [30, 29.97, 29],
    [30, 29.98, 29],
    [24, 23.976, 23],
    [5, 4.5, 4],
    [5, 3.996, 4],
    [2, 1, 1],
    [29.9801, 29.97, 29],
    [30.02, 30, 30],
    [30, 29.9899, 29],
  ] as const)
    assert.throws(
      () => checkRate(rate, { fps }),
      (error: any) =>
        error.code === "INPUT" &&
        error.reason === "rateAboveVideo" &&
        error.values.highest === highest &&
        error.values.rate === rate,
      `${rate} of ${fps}`,
    );
});

test("the error names the video's rate to three digits", () => {
  assert.throws(() => checkRate(60, { fps: 30_000 / 1001 }), {
    values: { rate: 60, fps: 29.97, highest: 29 },
  });
  assert.throws(() => checkRate(60, { fps: 23.97602 }), { values: { rate: 60, fps: 23.976, highest: 23 } });
});

test("a video of less than one frame a second has no rate at all", () => {
  assert.throws(() => checkRate(1, { fps: 0.5 }), { code: "INPUT", reason: "videoTooSlow" });
});

test("what a message says that is no frame rate and no duration counts as unknown", () => {
  for (const value of [undefined, null, "30", 0, -1, Number.NaN, Number.POSITIVE_INFINITY, [10], {}]) {
    checkRate(120, { fps: value });
    assert.equal(expectedFrames(5, { duration: value }), undefined);
  }
  for (const video of [undefined, null, "video", 4, []]) {
    checkRate(120, video);
    assert.equal(expectedFrames(5, video), undefined);
  }
});

test("the frames of a job are its duration times its rate, rounded up", () => {
  assert.equal(expectedFrames(5, { duration: 10 }), 50);
  assert.equal(expectedFrames(5, { duration: 10.01 }), 51);
  assert.equal(expectedFrames(1, { duration: 0.2 }), 1);
  assert.equal(expectedFrames(30, { duration: 8.3 }), 249);
  assert.equal(expectedFrames(2.5, { duration: 3 }), 8);
});
