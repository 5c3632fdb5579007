import assert from "node:assert/strict";
import { test } from "node:test";
import { endedAfter } from "../../../../nodes/roboflow/polling/deadline";
import { unhurried } from "../../../support/client-of";
import { fakeClock } from "../../../support/fake-clock";

const late = new Error("too late");
const endless = (ending: AbortSignal) =>
  new Promise<never>((_, reject) => ending.addEventListener("abort", () => reject(ending.reason)));

test("work ends with its time, and not before", async (t) => {
  const clock = fakeClock(t);
  let ended: unknown;
  const work = endedAfter(5000, () => late, unhurried, endless);
  work.catch((reason) => {
    ended = reason;
  });
  await clock.pass(4999);
  assert.equal(ended, undefined);
  await clock.pass(1);
  assert.equal(ended, late);
});

test("a limit of months, or none, ends nothing at once", async (t) => {
  const clock = fakeClock(t);
  let ended = 0;
  for (const ms of [90 * 24 * 3_600_000, 2 ** 31, Number.POSITIVE_INFINITY])
    endedAfter(ms, () => late, unhurried, endless).catch(() => {
      ended += 1;
    });
  await clock.pass(24 * 24 * 3_600_000);
  assert.equal(ended, 0);
});

test("without a limit the work has the signal itself, which never ends by time", async () => {
  assert.equal(
    await endedAfter(
      Number.POSITIVE_INFINITY,
      () => late,
      unhurried,
      async (own) => own,
    ),
    unhurried,
  );
});

test("a deploy ends it with the deploy's reason", async (t) => {
  fakeClock(t);
  const deploy = new AbortController();
  const work = endedAfter(5000, () => late, deploy.signal, endless);
  const reason = new Error("deploy");
  deploy.abort(reason);
  await assert.rejects(work, reason);
});

test("what has ended in time leaves no timer and no listener", async (t) => {
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
  const before = timers();
  const { signal } = new AbortController();
  const removed = t.mock.method(signal, "removeEventListener");
  const added = t.mock.method(signal, "addEventListener");
  assert.equal(
    await endedAfter(
      600_000,
      () => late,
      signal,
      async () => "done",
    ),
    "done",
  );
  const failed = new Error("failed");
  await assert.rejects(
    endedAfter(
      600_000,
      () => late,
      signal,
      async () => {
        throw failed;
      },
    ),
    failed,
  );
  assert.equal(timers(), before);
  assert.deepEqual(
    removed.mock.calls.map(({ arguments: [type, listener] }) => [type, listener]),
    added.mock.calls.map(({ arguments: [type, listener] }) => [type, listener]),
  );
});
