import assert from "node:assert/strict";
import { test } from "node:test";
import { VideoError } from "../../../../nodes/roboflow";
import { PollSchedule } from "../../../../nodes/roboflow/polling/schedule";
import { fakeClock } from "../../../support/fake-clock";
import { done, elsewhere, letGo, running, world } from "./watching";

test("the first poll comes at once, the next a minute after the answer, until the status leaves 1", async (t) => {
  const { clock, asked, stillRunning, node } = world(t);
  asked.answer = (_, poll) => (poll === 3 ? done : running);
  const watch = node()("a");
  await clock.pass(180_000);
  assert.deepEqual(await watch, done);
  assert.deepEqual(asked.at.a, [0, 60_000, 120_000]);
  assert.deepEqual(stillRunning, ["a", "a"]);
});

test("whoever looks at the node sees when it polls next, and what trouble it had", async (t) => {
  const { clock, asked, waits, node } = world(t, { interval: 90_000 });
  asked.takes = 5000;
  asked.answer = (_, poll) => {
    if (poll === 2) return new VideoError("SERVER", "serverTrouble", { statusCode: 502 });
    return poll === 4 ? done : running;
  };
  const watch = node()("a");
  await clock.pass(400_000);
  assert.deepEqual(await watch, done);
  assert.deepEqual(waits, [
    [0, undefined],
    [90_000, undefined],
    [90_000, "SERVER"],
    [90_000, undefined],
  ]);
});

test("the interval counts from the answer, not from the question", async (t) => {
  const { clock, asked, node } = world(t);
  asked.takes = 9000;
  letGo(node()("a"));
  await clock.pass(150_000);
  assert.deepEqual(asked.at.a, [0, 69_000, 138_000]);
});

test("at roboflow.com no interval, however short, brings a poll sooner than 60 seconds", async (t) => {
  for (const interval of [100, 1000, 30_000, 59_999]) {
    await t.test(`interval of ${interval} ms`, async (t) => {
      const { clock, asked, node } = world(t, { interval, baseUrl: "https://eu.api.roboflow.com" });
      letGo(node()("a"));
      await clock.pass(59_999);
      assert.deepEqual(asked.at.a, [0]);
      await clock.pass(1);
      assert.deepEqual(asked.at.a, [0, 60_000]);
      await clock.pass(600_000);
      const polls = asked.at.a ?? [];
      assert.ok(polls.length >= 10);
      for (const [n, at] of polls.entries())
        if (n > 0) assert.ok(at - (polls[n - 1] ?? 0) >= 60_000, `${polls}`);
    });
  }
});

test("a longer interval is kept", async (t) => {
  const { clock, asked, node } = world(t, { interval: 300_000 });
  letGo(node()("a"));
  await clock.pass(700_000);
  assert.deepEqual(asked.at.a, [0, 300_000, 600_000]);
});

test("elsewhere the minimum interval is a tenth of a second", async (t) => {
  const { clock, asked, node } = world(t, { baseUrl: elsewhere, interval: 1 });
  letGo(node()("a"));
  await clock.pass(1000);
  assert.deepEqual(asked.at.a, [0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]);
});

test("two nodes that wait for the same job share its minute", async (t) => {
  const { clock, asked, node } = world(t, { interval: 1000 });
  letGo(node()("a"));
  await clock.pass(20_000);
  letGo(node()("a"));
  await clock.pass(400_000);
  const polls = asked.at.a ?? [];
  assert.equal(polls[1], 60_000);
  for (const [n, at] of polls.entries()) if (n > 0) assert.ok(at - (polls[n - 1] ?? 0) >= 60_000, `${polls}`);
  assert.ok(polls.length >= 7, `${polls}`);
});

test("the minute is kept across a deploy: the node that comes after waits until it is over", async (t) => {
  const { clock, asked, node } = world(t, { interval: 1000 });
  const deploy = new AbortController();
  letGo(node()("a", {}, deploy));
  await clock.pass(10_000);
  deploy.abort(new Error("a deploy"));
  letGo(node()("a"));
  await clock.pass(49_000);
  assert.deepEqual(asked.at.a, [0]);
  await clock.pass(1000);
  assert.deepEqual(asked.at.a, [0, 60_000]);
});

test("a poll whose answer a deploy cut off counts all the same", async (t) => {
  const { clock, asked, node } = world(t, { interval: 1000 });
  asked.takes = 5000;
  asked.canBeGivenUp = false;
  const deploy = new AbortController();
  letGo(node()("a", {}, deploy));
  await clock.pass(2000);
  deploy.abort(new Error("a deploy"));
  letGo(node()("a"));
  await clock.pass(70_000);
  assert.deepEqual(asked.at.a?.slice(0, 2), [0, 65_000]);
});

test("a job taken up again after a restart waits one minute first", async (t) => {
  const { clock, asked, node } = world(t);
  letGo(node()("a", { takenUp: true }));
  await clock.pass(59_999);
  assert.equal(asked.at.a, undefined);
  await clock.pass(1);
  assert.deepEqual(asked.at.a, [60_000]);
});

test("a missing status waits like status 1 does", async (t) => {
  const { clock, asked, stillRunning, node } = world(t);
  asked.answer = (_, poll) => (poll < 3 ? { state: "running", answer: { job_id: "a" } } : done);
  const watch = node()("a");
  await clock.pass(120_000);
  assert.deepEqual(await watch, done);
  assert.equal(stillRunning.length, 2);
});

test("a failed job ends in JOB_FAILED with its id", async (t) => {
  const { clock, asked, node } = world(t);
  asked.answer = () => ({ state: "failed", status: 4, answer: { status: 4, message: "no frames" } });
  const watch = node()("job-9");
  letGo(watch);
  await clock.settle();
  await clock.pass(1);
  await assert.rejects(watch, { code: "JOB_FAILED", jobId: "job-9", serverWords: "no frames" });
});

test("a job taken up again is polled once more, however little of its limit is left", async (t) => {
  const { clock, asked, node } = world(t);
  asked.answer = (jobId) => (jobId === "done" ? done : running);
  const watches = ["done", "running"].map((jobId) => node()(jobId, { limit: 0, takenUp: true }));
  const outcomes = Promise.allSettled(watches);
  await clock.pass(200_000);
  const [ended, gaveUp] = await outcomes;
  assert.equal(ended?.status, "fulfilled");
  assert.equal((gaveUp as PromiseRejectedResult).reason.code, "JOB_TIMEOUT");
  assert.deepEqual(asked.at, { done: [60_000], running: [60_000] });
});

test("a network that takes its time to come up after a restart does not count as that poll, one that stays away does", async (t) => {
  const { clock, asked, node } = world(t);
  const away = new VideoError("SERVER", "serverTrouble", { statusCode: 503 });
  asked.answer = (jobId, poll) => (jobId === "late" && poll === 3 ? done : away);
  const watches = ["late", "away"].map((jobId) => node()(jobId, { limit: 0, takenUp: true }));
  const outcomes = Promise.allSettled(watches);
  await clock.pass(400_000);
  const [late, gone] = await outcomes;
  assert.equal(late?.status, "fulfilled");
  assert.equal((gone as PromiseRejectedResult).reason.code, "JOB_TIMEOUT");
  assert.deepEqual(asked.at.away, [60_000, 120_000, 180_000]);
});

test("waiting ends with the time limit, at the limit", async (t) => {
  const { clock, asked, node } = world(t);
  const watch = node()("a", { limit: 90_000 });
  let endedAt = 0;
  letGo(watch.finally(() => (endedAt = clock.now())));
  await clock.pass(200_000);
  await assert.rejects(watch, { code: "JOB_TIMEOUT", jobId: "a" });
  assert.equal(endedAt, 90_000);
  assert.deepEqual(asked.at.a, [0, 60_000]);
});

test("the limit holds for a poll that is not answered", async (t) => {
  const { clock, asked, node } = world(t);
  asked.takes = 3_600_000;
  const watch = node()("a", { limit: 90_000 });
  let endedAt = 0;
  letGo(watch.finally(() => (endedAt = clock.now())));
  await clock.pass(200_000);
  await assert.rejects(watch, { code: "JOB_TIMEOUT", jobId: "a" });
  assert.equal(endedAt, 90_000);
  assert.equal(asked.inFlight, 0, "the request has ended too");
});

test("the limit holds for a later poll that is not answered, too", async (t) => {
  const { clock, asked, node } = world(t);
  asked.answer = () => {
    asked.takes = 3_600_000;
    return running;
  };
  const watch = node()("a", { limit: 90_000 });
  let endedAt = 0;
  letGo(watch.finally(() => (endedAt = clock.now())));
  await clock.pass(200_000);
  await assert.rejects(watch, { code: "JOB_TIMEOUT", jobId: "a" });
  assert.deepEqual([asked.at.a, endedAt], [[0, 60_000], 90_000]);
});

test("the limit holds for a poll that waits for others to be answered", async (t) => {
  const { clock, asked, node } = world(t, { atOnce: 1 });
  asked.takes = 3_600_000;
  letGo(node()("a"));
  await clock.pass(1000);
  const watch = node()("b", { limit: 90_000 });
  letGo(watch);
  await clock.pass(200_000);
  await assert.rejects(watch, { code: "JOB_TIMEOUT", jobId: "b" });
  assert.equal(asked.at.b, undefined);
});

test("with slow answers no more polls are in flight than there are connections", async (t) => {
  const { clock, asked, node } = world(t);
  asked.takes = 25_000;
  const watch = node();
  for (let job = 0; job < 300; job += 1) letGo(watch(`job-${job}`));
  await clock.pass(180_000);
  assert.equal(asked.most, 64);
  assert.equal(Object.keys(asked.at).length, 300, "each has been polled");
  for (const polls of Object.values(asked.at))
    for (const [n, at] of polls.entries())
      if (n > 0) assert.ok(at - (polls[n - 1] ?? 0) >= 85_000, `${polls}`);
});

test("jobs that have ended do not make those that come later a burst", async (t) => {
  const { clock, asked, node } = world(t, { baseUrl: elsewhere, interval: 6000 });
  asked.answer = () => done;
  const watch = node();
  for (let job = 0; job < 300; job += 1) letGo(watch(`early-${job}`));
  await clock.pass(10_000);
  for (let job = 0; job < 300; job += 1) letGo(watch(`late-${job}`));
  await clock.pass(10_000);
  const last = asked.at["late-299"]?.[0] ?? 0;
  assert.equal(Object.keys(asked.at).length, 600);
  assert.ok(last >= 12_500 && last <= 13_000, `the last came after ${last - 10_000} ms`);
});

test("many jobs that have all ended meanwhile are polled within half an interval, too", async (t) => {
  const { clock, asked, node } = world(t);
  asked.answer = () => done;
  const watch = node();
  for (let job = 0; job < 1500; job += 1) letGo(watch(`job-${job}`));
  await clock.pass(30_000);
  assert.equal(Object.keys(asked.at).length, 1500);
});

test("many jobs that arrive together are spread, the last within half an interval, and stay in step", async (t) => {
  const { clock, asked, node } = world(t);
  const watch = node();
  const jobs = 1500;
  for (let job = 0; job < jobs; job += 1) letGo(watch(`job-${job}`));
  await clock.pass(300_000);
  const firsts = Object.values(asked.at).map(([first]) => first ?? 0);
  assert.equal(firsts.length, jobs);
  assert.equal(Math.min(...firsts), 0);
  assert.ok(Math.max(...firsts) <= 30_000, `the last came after ${Math.max(...firsts)} ms`);
  assert.ok(Math.max(...firsts) >= 20_000, "they came as a burst");
  assert.ok(new Set(firsts).size <= 1001, "those of 30 ms leave together");

  const perSecond = new Map<number, number>();
  for (const polls of Object.values(asked.at)) {
    assert.ok(polls.length >= 4, `${polls}`);
    for (const [n, at] of polls.entries()) {
      const second = Math.floor(at / 1000);
      perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
      if (n === 0) continue;
      const pause = at - (polls[n - 1] ?? 0);
      assert.ok(pause >= 60_000 && pause <= 66_000, `a pause of ${pause} ms`);
    }
  }
  assert.ok(
    Math.max(...perSecond.values()) <= (jobs / 60) * 2.5,
    `${Math.max(...perSecond.values())} in a second`,
  );
});

test("a few jobs that arrive together are polled one after another, within a moment", async (t) => {
  const { clock, asked, node } = world(t);
  const watch = node();
  for (const jobId of ["a", "b", "c"]) letGo(watch(jobId));
  await clock.pass(1000);
  const [a, b, c] = ["a", "b", "c"].map((jobId) => asked.at[jobId]?.[0] ?? Number.NaN) as [
    number,
    number,
    number,
  ];
  assert.equal(a, 0);
  assert.ok(a < b && b < c && c <= 200, `${a}, ${b}, ${c}`);
});

test("a job that is given up while it waits does not delay the others", async (t) => {
  const { clock, asked, node } = world(t);
  const watch = node();
  const reset = new AbortController();
  const given = watch("a", {}, reset);
  letGo(given);
  letGo(watch("b"));
  await clock.pass(10_000);
  const reason = new Error("reset");
  reset.abort(reason);
  await assert.rejects(given, reason);
  await clock.pass(60_000);
  assert.equal(asked.at.a?.length, 1);
  assert.equal(asked.at.b?.length, 2);
});

test("an interval of months is one long wait, not a timer that fires without end", async (t) => {
  const clock = fakeClock(t);
  const months = 90 * 24 * 3_600_000;
  const schedule = new PollSchedule(months, clock.now);
  t.after(() => schedule.close());
  let dispatches = 0;
  schedule.join();
  void schedule.wait(months, new AbortController().signal).then(() => {
    dispatches += 1;
  });
  await clock.pass(1000);
  const { mock } = setTimeout as unknown as { mock: { callCount(): number } };
  assert.ok(mock.callCount() < 5, `${mock.callCount()} timers`);
  await clock.pass(months - 2000);
  assert.equal(dispatches, 0);
  await clock.pass(2000);
  assert.equal(dispatches, 1);
});
