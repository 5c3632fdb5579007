import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { VideoError } from "../../../../nodes/roboflow/errors";
import { parseResult } from "../../../../nodes/roboflow/result";
import { readPlainly } from "./oracle";
import { isResultError, read, sorted } from "./reading";
import { resultText } from "./texts";

const sizes = fc.record({
  pieceBytes: fc.integer({ min: 1, max: 200 }),
  batchBytes: fc.integer({ min: 1, max: 200 }),
  batchElements: fc.integer({ min: 1, max: 8 }),
  batchFrames: fc.integer({ min: 1, max: 5 }),
});
const filter = fc.record({
  minConfidence: fc.constantFrom(0, 0, 0.4, 0.9),
  classes: fc.constantFrom<string[]>([], [], ["person"], ["car", "__proto__", "人"]),
});

describe("any result, held against a plain parse of the whole", () => {
  test("a sound one gives the same frames and counts", async () => {
    await fc.assert(
      fc.asyncProperty(
        resultText({ sound: true }),
        sizes,
        filter,
        fc.boolean(),
        async (text, sizes, filter, skip) => {
          const bytes = Buffer.from(text);
          const expected = readPlainly(bytes, filter, skip);
          assert.ok(expected, "the plain parse takes it");
          const { models, summary, frames, error } = await read(bytes, sizes, filter, skip);
          assert.equal(error, undefined);
          assert.deepStrictEqual(models, expected.models);
          assert.deepStrictEqual(sorted(summary as never), sorted(expected.summary));
          assert.deepStrictEqual(frames, expected.frames);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test("one with columns missing, cut short or without numbers gives the same or RESULT", async () => {
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(resultText({ sound: false }), sizes, async (text, sizes) => {
        const bytes = Buffer.from(text);
        const expected = readPlainly(bytes);
        const { summary, frames, error } = await read(bytes, sizes);
        if (!expected) {
          refused++;
          assert.ok(isResultError(error), String(error));
          assert.equal(frames.length, 0);
        } else {
          assert.deepStrictEqual(sorted(summary as never), sorted(expected.summary));
          assert.deepStrictEqual(frames, expected.frames.slice(0, frames.length));
          if (expected.frames.length === expected.summary.frames) {
            assert.equal(error, undefined);
            assert.equal(frames.length, expected.frames.length);
          } else assert.ok(isResultError(error));
        }
      }),
      { numRuns: 600 },
    );
    assert.ok(refused > 50);
  });

  test("as one value it is the same result with the same counts", () => {
    fc.assert(
      fc.property(
        fc.boolean().chain((sound) => resultText({ sound })),
        (text) => {
          const bytes = Buffer.from(text);
          const expected = readPlainly(bytes);
          if (!expected) {
            assert.throws(() => parseResult(bytes), isResultError);
            return;
          }
          const { result, summary, models } = parseResult(bytes);
          assert.deepStrictEqual(result, expected.result);
          assert.deepStrictEqual(sorted(summary), sorted(expected.summary));
          assert.deepStrictEqual([...models].sort(), [...expected.models].sort());
        },
      ),
      { numRuns: 1000 },
    );
  });
});

test("the errors are the package's own", async () => {
  const { error } = await read(Buffer.from("{"), {
    pieceBytes: 8,
    batchBytes: 8,
    batchElements: 8,
    batchFrames: 8,
  });
  assert.ok(error instanceof VideoError);
  assert.equal(error.reason, "resultDamaged");
});
