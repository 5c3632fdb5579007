import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Bin, binOf, percentOf, type Summary } from "../../../nodes/viewer/data";
import { Tally, totalsOf } from "../../../nodes/viewer/server/tally";

const newSummary = (): Summary => ({
  source: "s",
  kind: "frames",
  frames: 0,
  image: null,
  models: [],
  tracks: [],
  binSeconds: 0.25,
  windowSeconds: 10,
  step: 0.1,
  windows: [],
  first: null,
  last: null,
});

/** The most in one frame, as the page reads it. */
const mostFrom = (bin: Bin, percent: number) => bin.slice(1).filter((each) => each >= percent).length;

describe("the timeline", () => {
  it("knows for every threshold how many there were, in all and at most in one frame", () => {
    const confidences = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 });
    const clip = fc.array(fc.tuple(fc.double({ min: 0, max: 400, noNaN: true }), confidences), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(clip, fc.integer({ min: 0, max: 100 }), (frames, percent) => {
        const summary = newSummary();
        const tally = new Tally(summary);
        const track = tally.track(tally.model("m"), "person");
        for (const [time, scores] of frames)
          if (scores.length > 0)
            tally.count(
              track,
              time,
              scores.map((confidence) => ({ confidence })),
            );
        const { counts, bins } = summary.tracks[0] ?? { counts: [], bins: [] };
        const passing = (scores: number[]) => scores.filter((score) => percentOf(score) >= percent).length;
        const total = counts.reduce((sum, count, at) => (at >= percent ? sum + count : sum), 0);
        assert.equal(
          total,
          frames.reduce((sum, [, scores]) => sum + passing(scores), 0),
        );
        const most = new Map<number, number>();
        for (const [time, scores] of frames) {
          const bin = binOf(time, summary.binSeconds);
          most.set(bin, Math.max(most.get(bin) ?? 0, passing(scores)));
        }
        for (const bin of bins)
          assert.equal(mostFrom(bin, percent), most.get(binOf(bin[0], summary.binSeconds)));
        assert.ok(bins.length <= 800);
        const times = bins.map(([time]) => time);
        assert.deepEqual(
          times,
          [...times].sort((one, other) => one - other),
        );
      }),
      { numRuns: 60 },
    );
  });

  it("counts by class over all models, and what has no class in the total only", () => {
    const summary = newSummary();
    const tally = new Tally(summary);
    const sure = { confidence: null };
    tally.count(tally.track(tally.model("a"), "person"), 1, [sure, sure]);
    tally.count(tally.track(tally.model("b"), "person"), null, [sure]);
    tally.count(tally.track(tally.model("b"), null), 1, [sure]);
    tally.count(tally.track(tally.model("b"), "__proto__"), 1, [sure]);
    const { detections, classes } = totalsOf(summary);
    assert.equal(detections, 5);
    assert.deepEqual(
      [...classes],
      [
        ["person", 3],
        ["__proto__", 1],
      ],
    );
    assert.equal(summary.tracks[1]?.bins.length, 0, "without a time there is no place");
  });

  it("gives models that invent classes no more than a bounded number of rows", () => {
    const summary = newSummary();
    const tally = new Tally(summary);
    for (let n = 0; n < 5000; n++)
      tally.count(tally.track(tally.model("m"), `c${n}`), n / 10, [{ confidence: 0.5 }]);
    assert.equal(summary.tracks.length, 1001);
    assert.equal(totalsOf(summary).detections, 5000);
  });

  it("takes a confidence for the percent that people read", () => {
    for (let percent = 0; percent <= 100; percent++) assert.equal(percentOf(percent / 100), percent);
    assert.equal(percentOf(0.2999), 29);
    assert.equal(percentOf(7), 100);
    assert.equal(percentOf(-1), 0);
    assert.equal(percentOf(null), 100);
  });
});
