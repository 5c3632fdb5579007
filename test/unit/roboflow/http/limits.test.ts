import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { defaultTimings, minimumRateOver, within } from "../../../../nodes/roboflow/http/limits";

const { idle } = defaultTimings;

/** Watches over bytes that a test moves. */
function watched(t: TestContext) {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const transfer = { moved: 0, exceeded: 0, end: () => {} };
  transfer.end = minimumRateOver(
    idle,
    () => transfer.moved,
  )(() => {
    transfer.exceeded += 1;
  });
  /** Lets seconds pass in which bytes move at this rate. */
  const pass = (seconds: number, bytesPerSecond: number) => {
    for (let second = 0; second < seconds; second += 1) {
      transfer.moved += bytesPerSecond;
      t.mock.timers.tick(1000);
    }
  };
  return { transfer, pass };
}

test("a transfer in which nothing moves ends after the time it has, once", (t) => {
  const { transfer, pass } = watched(t);
  pass(idle / 1000 - 1, 0);
  assert.equal(transfer.exceeded, 0);
  pass(200, 0);
  assert.equal(transfer.exceeded, 1);
});

test("a byte every three seconds does not keep a transfer alive", (t) => {
  const { transfer, pass } = watched(t);
  for (let drop = 0; drop < 21; drop += 1) {
    transfer.moved += 1;
    pass(3, 0);
  }
  assert.equal(transfer.exceeded, 1);
});

test("a poor line may take hours", (t) => {
  const { transfer, pass } = watched(t);
  pass(10_000, 400);
  assert.equal(transfer.exceeded, 0);
});

test("what comes in jerks counts on average, and each jerk gives the whole time", (t) => {
  const { transfer, pass } = watched(t);
  for (let jerk = 0; jerk < 20; jerk += 1) {
    transfer.moved += 500_000;
    pass(idle / 1000 - 5, 0);
  }
  assert.equal(transfer.exceeded, 0);
  pass(idle / 1000 + 15, 0);
  assert.equal(transfer.exceeded, 1);
});

test("time in which it is not the other side's fault does not count", (t) => {
  const { transfer, pass } = watched(t);
  pass(idle / 1000 - 10, 0);
  transfer.moved = Number.NaN;
  pass(600, 0);
  transfer.moved = 0;
  pass(idle / 1000 - 1, 0);
  assert.equal(transfer.exceeded, 0);
  pass(20, 0);
  assert.equal(transfer.exceeded, 1);
});

test("bytes that were counted too early do not end it", (t) => {
  const { transfer, pass } = watched(t);
  transfer.moved = 24_000_000;
  pass(20, 0);
  transfer.moved = 0;
  pass(200, 1000);
  assert.equal(transfer.exceeded, 0);
});

test("an ended watch says nothing any more", (t) => {
  const { transfer, pass } = watched(t);
  transfer.end();
  pass(600, 0);
  let exceeded = 0;
  within(1000)(() => {
    exceeded += 1;
  })();
  within(1000)(() => {
    exceeded += 10;
  });
  t.mock.timers.tick(1000);
  assert.deepEqual([transfer.exceeded, exceeded], [0, 10]);
});
