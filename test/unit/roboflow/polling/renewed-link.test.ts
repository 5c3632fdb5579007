import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { type JobStatus, Semaphore, VideoError } from "../../../../nodes/roboflow";
import { PollRateLimiter } from "../../../../nodes/roboflow/polling/rate-limiter";
import { renewedLink } from "../../../../nodes/roboflow/polling/renewed-link";
import { unhurried } from "../../../support/client-of";
import { fakeClock } from "../../../support/fake-clock";

const link = "https://s.example/r.json";
const done: JobStatus = { state: "done", status: 0, outputUrl: link, answer: { status: 0 } };
const tooMany = (retryAfter?: number) =>
  new VideoError("RATE_LIMIT", "rateLimit", { statusCode: 429, retryAfter });
const page = () => new VideoError("AUTH", "keyRefused", { statusCode: 403 });

/** An account at Roboflow, and downloads whose links have expired. */
function world(t: TestContext) {
  const clock = fakeClock(t);
  const limiter = new PollRateLimiter(clock.now);
  const polls: number[] = [];
  const api = {
    baseUrl: "https://api.roboflow.com",
    identity: "mine",
    polls: new Semaphore(64),
    answer: (_poll: number): JobStatus | VideoError => done,
    jobStatus: async () => {
      polls.push(clock.now());
      const answer = api.answer(polls.length);
      // On its way for a moment, as others are.
      await new Promise((resolve) => setTimeout(resolve, 500));
      if (answer instanceof VideoError) throw answer;
      return answer;
    },
  };
  const renew = (jobId: string, takenUp = false, signal = unhurried) => {
    const renewed = renewedLink(api, jobId, { signal, takenUp }, limiter);
    renewed.catch(() => {});
    return renewed;
  };
  return { clock, limiter, polls, api, renew };
}

test("a link is asked for at once, when the job was not polled lately", async (t) => {
  const { clock, polls, renew } = world(t);
  const renewed = renew("a");
  await clock.pass(1000);
  assert.equal(await renewed, link);
  assert.deepEqual(polls, [0]);
});

test("never sooner than a minute after the last poll of the job, whoever made it", async (t) => {
  const { clock, limiter, polls, renew } = world(t);
  limiter.note("https://api.roboflow.com", "a");
  const [one, other] = [renew("a"), renew("a")];
  await clock.pass(59_999);
  assert.deepEqual(polls, []);
  await clock.pass(65_000);
  assert.equal(await one, link);
  await clock.pass(65_000);
  assert.equal(await other, link);
  assert.deepEqual(polls, [60_000, 120_500]);
});

test("after a restart a minute passes first", async (t) => {
  const { clock, polls, renew } = world(t);
  const renewed = renew("a", true);
  await clock.pass(61_000);
  assert.equal(await renewed, link);
  assert.deepEqual(polls, [60_000]);
});

test("a 429 that several meet at once counts once, and is over with the first answer", async (t) => {
  const { clock, limiter, api, renew } = world(t);
  api.answer = (poll) => (poll <= 5 ? tooMany() : done);
  const renewed = ["a", "b", "c", "d", "e"].map((jobId) => renew(jobId));
  await clock.pass(1000);
  assert.equal(limiter.backoffUntil("mine"), 60_500, "a minute, not doubled by each");
  await clock.pass(120_000);
  assert.deepEqual(await Promise.all(renewed), [link, link, link, link, link]);
  assert.equal(limiter.backoffUntil("mine"), 0);
});

test("what the account was told by a poll holds for links, too", async (t) => {
  const { clock, limiter, polls, renew } = world(t);
  limiter.backOff("mine", "https://api.roboflow.com", 90_000);
  const renewed = renew("a");
  await clock.pass(100_000);
  assert.equal(await renewed, link);
  assert.deepEqual(polls, [90_000]);
});

test("what waits for others to be answered heeds the 429 that they get", async (t) => {
  const { clock, polls, api, renew } = world(t);
  api.polls = new Semaphore(1);
  api.answer = (poll) => (poll === 1 ? tooMany(90_000) : done);
  const [one, other] = [renew("a"), renew("b")];
  await clock.pass(90_000);
  assert.deepEqual(polls, [0]);
  await clock.pass(10_000);
  assert.deepEqual([await one, await other], [link, link]);
  assert.ok((polls[1] ?? 0) >= 90_500, `${polls}`);
});

test("nobody waits for a link for hours: a download would hold up others", async (t) => {
  const { clock, limiter, polls, renew } = world(t);
  limiter.backOff("mine", "https://api.roboflow.com", 12 * 3_600_000);
  await assert.rejects(renew("a"), { code: "RATE_LIMIT" });
  await clock.settle();
  assert.deepEqual(polls, []);
});

test("a firewall's page is believed after three in a row, Roboflow's own refusal at once", async (t) => {
  const { clock, api, polls, renew } = world(t);
  api.answer = (poll) => (poll <= 2 ? page() : done);
  const renewed = renew("a");
  await clock.pass(200_000);
  assert.equal(await renewed, link);
  assert.equal(polls.length, 3);

  api.answer = page;
  const blocked = renew("b");
  await clock.pass(200_000);
  await assert.rejects(blocked, { code: "AUTH" });
  assert.equal(polls.length, 6);

  api.answer = () => new VideoError("AUTH", "keyRefused", { statusCode: 401, fromApi: true });
  const refused = renew("c");
  await clock.pass(1000);
  await assert.rejects(refused, { code: "AUTH" });
  assert.equal(polls.length, 7);
});

test("who gives up, gives up waiting for the minute, too", async (t) => {
  const { clock, limiter, polls, renew } = world(t);
  limiter.note("https://api.roboflow.com", "a");
  const deploy = new AbortController();
  const renewed = renew("a", false, deploy.signal);
  await clock.pass(1000);
  const reason = new Error("deploy");
  deploy.abort(reason);
  await assert.rejects(renewed, reason);
  assert.deepEqual(polls, []);
});
