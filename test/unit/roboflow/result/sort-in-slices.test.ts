import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
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

test("other work has its turn after every few thousand numbers, and order costs no more than a look", async (t) => {
  const count = 16_384;
  /** Has every look at the clock find that it is time for others. @returns how often they had their turn */
  const costOf = async (items: Uint32Array) => {
    let now = 0;
    const clock = t.mock.method(performance, "now", () => (now += 1000));
    let [turns, comparisons, isOver] = [0, 0, false];
    const others = (async () => {
      for (; !isOver; turns++) await nextTurn();
    })();
    const sorted = await sortInSlices(items, (a, b) => {
      comparisons++;
      return a - b;
    });
    isOver = true;
    await others;
    clock.mock.restore();
    assert.ok(sorted.every((value, index) => value === index));
    return { turns, comparisons };
  };
  const inOrder = await costOf(Uint32Array.from({ length: count }, (_, index) => index));
  assert.ok(inOrder.turns >= 3 && inOrder.turns <= 6, `${inOrder.turns} turns`);
  assert.ok(inOrder.comparisons < 2 * count, `${inOrder.comparisons} comparisons`);
  // Each number is put in place 14 times.
  const backwards = await costOf(Uint32Array.from({ length: count }, (_, index) => count - 1 - index));
  assert.ok(backwards.turns >= 56 && backwards.turns <= 60, `${backwards.turns} turns`);
});
