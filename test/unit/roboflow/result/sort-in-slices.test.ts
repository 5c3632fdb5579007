import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { sortInSlices } from "../../../../nodes/roboflow/result/outputs/sort-in-slices";

test("any numbers come out in order, equals as they were", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat({ max: 20 }), { maxLength: 200 }), async (keys) => {
      const byKey = (a: number, b: number) => (keys[a] as number) - (keys[b] as number);
      const sorted = await sortInSlices(
        Uint32Array.from(keys, (_, index) => index),
        byKey,
      );
      assert.deepEqual(
        [...sorted],
        [...keys.keys()].sort((a, b) => byKey(a, b) || a - b),
      );
    }),
  );
});

test("other work goes on while many are sorted", async () => {
  const count = 500_000;
  let comparisons = 0;
  let others = 0;
  const timer = setInterval(() => {
    others++;
  }, 1);
  const sorted = await sortInSlices(
    Uint32Array.from({ length: count }, (_, index) => (index * 7919) % count),
    (a, b) => {
      comparisons++;
      return a - b;
    },
  );
  clearInterval(timer);
  assert.ok(others > 3, `${others} other calls`);
  assert.ok(sorted.every((value, index) => value === index));
  assert.ok(comparisons < 12e6);
});
