import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { VideoError } from "../../../../nodes/roboflow/errors";
import type { Sizes } from "../../../../nodes/roboflow/result/open";
import { readPlainly } from "./oracle";
import { isResultError, read, readWhole, smallSizes, sorted } from "./reading";
import { resultText } from "./texts";

const filter = fc.record({
  minConfidence: fc.constantFrom(0, 0, 0.4, 0.9),
  classes: fc.constantFrom<string[]>([], [], ["person"], ["car", "__proto__", "人"]),
});

/** Names of models as the message may have them. */
const models = fc.constantFrom<string[][]>([], [], ["m"], ["person", "a", "1"], ["frame_offset"]);

describe("any result, held against a plain parse of the whole", () => {
  test("a sound one gives the same frames and counts", async () => {
    await fc.assert(
      fc.asyncProperty(
        resultText({ sound: true }),
        smallSizes,
        filter,
        fc.boolean(),
        async (text, sizes, filter, skipEmpty) => {
          const bytes = Buffer.from(text);
          const expected = readPlainly(bytes, { filter, skipEmpty });
          assert.ok(expected, "the plain parse takes it");
          const { models, summary, frames, error } = await read(bytes, sizes, { filter, skipEmpty });
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
      fc.asyncProperty(resultText({ sound: false }), smallSizes, models, async (text, sizes, models) => {
        const bytes = Buffer.from(text);
        const expected = readPlainly(bytes, { models });
        const { summary, frames, error } = await read(bytes, sizes, { models });
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

  test("as one value it is what JSON.parse gives, with the same counts", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.boolean().chain((sound) => resultText({ sound })),
        smallSizes,
        models,
        async (text, sizes, models) => {
          const bytes = Buffer.from(text);
          const expected = readPlainly(bytes, { models });
          if (!expected) {
            await assert.rejects(readWhole(bytes, sizes, models), isResultError);
            return;
          }
          const { value, summary } = await readWhole(bytes, sizes, models);
          assert.deepStrictEqual(value, expected.result);
          assert.equal(JSON.stringify(value), JSON.stringify(expected.result), "in the same order");
          assert.deepStrictEqual(sorted(summary), sorted(expected.summary));
        },
      ),
      { numRuns: 1000 },
    );
  });
});

test("the errors are the package's own", async () => {
  const [sizes] = fc.sample(smallSizes, 1);
  const { error } = await read(Buffer.from("{"), sizes as Sizes);
  assert.ok(error instanceof VideoError);
  assert.equal(error.reason, "resultDamaged");
});
