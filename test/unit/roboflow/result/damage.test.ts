import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Sizes } from "../../../../nodes/roboflow/result/open";
import { readPlainly } from "./oracle";
import { isResultError, read, readWhole, smallSizes, sorted } from "./reading";
import { resultText } from "./texts";

/** Evenly spread, unlike fc.double: nearly every damage would hit the first byte. */
const fraction = fc.integer({ min: 0, max: 99_999 }).map((n) => n / 100_000);

/** One thing wrong in one place; `at` and `length` as fractions of the text. */
const damage = fc.record({
  kind: fc.constantFrom("replace", "flip", "insert", "delete", "cut", "repeat"),
  at: fraction,
  length: fc.oneof(
    fc.constant(0),
    fraction.map((all) => all / 4),
  ),
  byte: fc.oneof(
    fc.constantFrom(...Buffer.from('"\\[]{},: \n0-.eNntf')),
    fc.constantFrom(0, 0x1f, 0x80, 0xc0, 0xe4, 0xff),
    fc.nat({ max: 255 }),
  ),
  bit: fc.nat({ max: 7 }),
});
type Damage = typeof damage extends fc.Arbitrary<infer D> ? D : never;

function damaged(bytes: Buffer, { kind, at, length, byte, bit }: Damage): Buffer {
  const start = Math.floor(at * bytes.length);
  const end = Math.min(bytes.length, start + 1 + Math.floor(length * bytes.length));
  const [before, hit, behind] = [bytes.subarray(0, start), bytes.subarray(start, end), bytes.subarray(end)];
  switch (kind) {
    case "replace":
      return Buffer.concat([before, Buffer.from([byte]), bytes.subarray(start + 1)]);
    case "flip":
      return Buffer.concat([
        before,
        Buffer.from([(bytes[start] as number) ^ (1 << bit)]),
        bytes.subarray(start + 1),
      ]);
    case "insert":
      return Buffer.concat([before, Buffer.from([byte]), bytes.subarray(start)]);
    case "delete":
      return Buffer.concat([before, behind]);
    case "cut":
      return before;
    default:
      return Buffer.concat([before, hit, hit, behind]);
  }
}

describe("a result damaged in one place", () => {
  test("frame by frame: what a plain parse reads, or RESULT, and never a wrong frame", async () => {
    const seen = { refused: 0, accepted: 0, late: 0 };
    await fc.assert(
      fc.asyncProperty(resultText({ sound: true }), damage, smallSizes, async (text, how, sizes) => {
        const sound = Buffer.from(text);
        const bytes = damaged(sound, how);
        const expected = readPlainly(bytes);
        const { models, summary, frames, error } = await read(bytes, sizes);
        if (expected && expected.frames.length === expected.summary.frames) {
          seen.accepted++;
          assert.equal(error, undefined);
          assert.deepStrictEqual(models, expected.models);
          assert.deepStrictEqual(sorted(summary as never), sorted(expected.summary));
          assert.deepStrictEqual(frames, expected.frames);
          return;
        }
        seen.refused++;
        if (summary) seen.late++;
        assert.ok(isResultError(error), `${error}`);
        const intact = (expected ?? readPlainly(sound))?.frames;
        assert.deepStrictEqual(frames, intact?.slice(0, frames.length));
      }),
      { numRuns: 2500 },
    );
    // Each kind is met often enough to prove something. The rarest, late, comes 200 times on average.
    for (const count of Object.values(seen)) assert.ok(count > 100, JSON.stringify(seen));
  });

  test("as one value: what a plain parse reads, or RESULT", async () => {
    await fc.assert(
      fc.asyncProperty(resultText({ sound: true }), damage, smallSizes, async (text, how, sizes) => {
        const bytes = damaged(Buffer.from(text), how);
        const expected = readPlainly(bytes);
        if (!expected) {
          await assert.rejects(readWhole(bytes, sizes), isResultError);
          return;
        }
        const { value, summary } = await readWhole(bytes, sizes);
        assert.deepStrictEqual(value, expected.result);
        assert.deepStrictEqual(sorted(summary), sorted(expected.summary));
      }),
      { numRuns: 1500 },
    );
  });

  test("cut anywhere, not one frame comes out", async () => {
    const sound = Buffer.from(
      '{"frame_offset": [0, 6], "yard": [{"predictions": [{"class": "a\\"b"}]}, null], "time_offset": [0.0, 0.2]}',
    );
    const [sizes] = fc.sample(
      smallSizes.map((some) => ({ ...some, chunkBytes: 16 })),
      1,
    ) as [Sizes];
    for (let length = 0; length < sound.length; length++) {
      const bytes = sound.subarray(0, length);
      const outcome = await read(bytes, sizes);
      assert.ok(isResultError(outcome.error), `cut at ${length}`);
      assert.equal(outcome.frames.length, 0);
      await assert.rejects(readWhole(bytes, sizes), isResultError);
    }
  });
});
