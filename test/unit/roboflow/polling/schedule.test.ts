import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { PollSchedule } from "../../../../nodes/roboflow/polling/schedule";
import { fakeClock } from "../../../support/fake-clock";

interface Dispatch {
  due: number;
  order: number;
  at: number;
}

/** A poll node's schedule, and when it dispatches what waits. */
function world(t: TestContext, { interval = 60_000 } = {}) {
  const clock = fakeClock(t);
  /** Milliseconds for which the whole process stood still, as in a suspended machine. */
  let stood = 0;
  const now = () => clock.now() + stood;
  const schedule = new PollSchedule(interval, now);
  t.after(() => schedule.close());
  const dispatched: Dispatch[] = [];
  let order = 0;
  const wait = (due: number, { signal } = new AbortController()) => {
    const own = order++;
    schedule.join();
    schedule.wait(due, signal).then(
      () => dispatched.push({ due, order: own, at: now() }),
      () => {},
    );
  };
  const standStill = (ms: number) => {
    stood += ms;
  };
  return { clock, schedule, dispatched, wait, standStill };
}

test("jobs are polled in the order in which they are due, those due together as they came, none before", async (t) => {
  const { clock, dispatched, wait } = world(t, { interval: 1000 });
  const dues = Array.from({ length: 400 }, (_, job) => 100 * ((job * 7919) % 61));
  for (const due of dues) wait(due);
  await clock.pass(20_000);
  assert.equal(dispatched.length, dues.length);
  assert.deepEqual(
    dispatched,
    dispatched.toSorted((a, b) => a.due - b.due || a.order - b.order),
  );
  for (const { due, at } of dispatched)
    assert.ok(at >= due && at < due + 500, `due at ${due}, polled at ${at}`);
});

test("a job that is due sooner than those that wait is polled on time", async (t) => {
  const { clock, dispatched, wait } = world(t);
  wait(50_000);
  await clock.pass(1000);
  wait(2000);
  await clock.pass(1000);
  assert.deepEqual(
    dispatched.map(({ due, at }) => [due, at]),
    [[2000, 2000]],
  );
  await clock.pass(48_000);
  assert.equal(dispatched.length, 2);
});

test("jobs that are given up take nobody's turn, wherever they wait", async (t) => {
  const { clock, dispatched, wait } = world(t);
  const resets = Array.from({ length: 1000 }, () => new AbortController());
  for (const reset of resets) wait(1000, reset);
  wait(3000);
  for (const [job, reset] of resets.entries()) if (job % 10 !== 9) reset.abort(new Error("reset"));
  await clock.pass(5000);
  assert.deepEqual(
    dispatched.map(({ order }) => order),
    [...Array.from({ length: 100 }, (_, job) => 10 * job + 9), 1000],
  );
  // A thousand share half an interval: 30 ms each.
  const last = dispatched[99]?.at ?? 0;
  assert.ok(last >= 3900 && last <= 4100, `the last came at ${last}`);
});

test("a job that is given up already does not wait at all", (t) => {
  const { schedule } = world(t);
  const reason = new Error("reset");
  assert.throws(() => schedule.wait(0, AbortSignal.abort(reason)), reason);
});

test("a poll that was made listens to its signal no more: a day has 1,440 of one job", async (t) => {
  const { clock, dispatched, wait } = world(t);
  const reset = new AbortController();
  const added = t.mock.method(reset.signal, "addEventListener");
  const removed = t.mock.method(reset.signal, "removeEventListener");
  wait(1000, reset);
  await clock.pass(2000);
  assert.equal(dispatched.length, 1);
  const [listening] = added.mock.calls;
  assert.deepEqual(removed.mock.calls[0]?.arguments, listening?.arguments.slice(0, 2));
});

test("after a process stood still, what has become due meanwhile is no burst", async (t) => {
  const { clock, dispatched, wait, standStill } = world(t);
  for (let job = 0; job < 1000; job += 1) wait(1000);
  standStill(600_000);
  await clock.pass(1030);
  assert.ok(dispatched.length >= 1 && dispatched.length <= 3, `${dispatched.length} at once`);
  await clock.pass(30_000);
  assert.ok(dispatched.length > 990, `${dispatched.length} within half an interval`);
});

test("a timer that is a little late makes up for it: the spread stays as wide as it is", async (t) => {
  const { clock, dispatched, wait, standStill } = world(t, { interval: 1000 });
  for (let job = 0; job < 1000; job += 1) wait(0);
  for (let round = 0; round < 20; round += 1) {
    await clock.pass(30);
    standStill(8);
  }
  // One each half millisecond, of 20 times 38.
  assert.equal(dispatched.length, 1000);
});

test("a node that is closed polls nobody any more", async (t) => {
  const { clock, schedule, dispatched, wait } = world(t);
  wait(1000);
  wait(2000);
  await clock.pass(500);
  schedule.close();
  await clock.pass(5000);
  assert.deepEqual(dispatched, []);
});

test("a node that is closed leaves no timer, however often one was set", () => {
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
  const before = timers();
  const schedule = new PollSchedule(60_000, () => performance.now());
  for (const seconds of [300, 200, 100, 200])
    void schedule.wait(performance.now() + 1000 * seconds, new AbortController().signal);
  assert.equal(timers(), before + 1);
  schedule.close();
  assert.equal(timers(), before);
});

test("jobs that have left no longer set the pace", async (t) => {
  const { clock, schedule, dispatched, wait } = world(t, { interval: 1000 });
  for (let job = 0; job < 100; job += 1) schedule.join();
  for (let job = 0; job < 40; job += 1) schedule.leave();
  wait(0);
  await clock.pass(1000);
  for (let job = 0; job < 20; job += 1) wait(1000);
  await clock.pass(1000);
  // Eighty-one jobs share half an interval: 6 ms each.
  const last = (dispatched.at(-1)?.at ?? 0) - 1000;
  assert.ok(dispatched.length === 21 && last >= 70 && last <= 130, `the last came at ${last}`);
});
