import assert from "node:assert/strict";
import { test } from "node:test";
import { VideoError } from "../../../../nodes/roboflow";
import { PollRateLimiter } from "../../../../nodes/roboflow/polling/rate-limiter";

const roboflow = "https://api.roboflow.com";

test("the minimum interval is a minute for roboflow.com and all below it, a tenth of a second elsewhere", () => {
  const limiter = new PollRateLimiter(() => 0);
  for (const url of [
    roboflow,
    "https://roboflow.com",
    "https://API.Roboflow.COM/",
    "https://detect.eu.roboflow.com:8443/path",
    "http://api.roboflow.com",
    "https://api.roboflow.com./",
  ])
    assert.equal(limiter.minimumInterval(url), 60_000, url);
  for (const url of [
    "http://127.0.0.1:9001",
    "https://notroboflow.com",
    "https://roboflow.com.example",
    "https://example/roboflow.com",
    "https://roboflow.company",
  ])
    assert.equal(limiter.minimumInterval(url), 100, url);
});

test("the minimum interval belongs to server and job: another job, or the same id elsewhere, is free", () => {
  let now = 5000;
  const limiter = new PollRateLimiter(() => now);
  assert.equal(limiter.allowedAt(roboflow, "a"), undefined);
  limiter.note(roboflow, "a");
  assert.equal(limiter.allowedAt(roboflow, "a"), 65_000);
  assert.equal(limiter.allowedAt(roboflow, "b"), undefined);
  assert.equal(limiter.allowedAt("http://127.0.0.1:9001", "a"), undefined);
  now = 30_000;
  limiter.note(roboflow, "a");
  assert.equal(limiter.allowedAt(roboflow, "a"), 90_000);
});

test("jobs that were polled long ago are forgotten, those within the minute never", () => {
  let now = 0;
  const limiter = new PollRateLimiter(() => now);
  for (let job = 0; job < 100; job += 1) {
    now = job * 1000;
    limiter.note(roboflow, `job-${job}`);
  }
  assert.equal(limiter.allowedAt(roboflow, "job-0"), undefined);
  assert.equal(limiter.allowedAt(roboflow, "job-38"), undefined);
  for (let job = 39; job < 100; job += 1)
    assert.equal(limiter.allowedAt(roboflow, `job-${job}`), job * 1000 + 60_000, `job-${job}`);
});

test("after a 429 the whole account backs off: as long as it was told, else longer each time", () => {
  let now = 0;
  const limiter = new PollRateLimiter(() => now);
  const url = "http://127.0.0.1:9001";
  limiter.backOff("mine", url, 7000);
  assert.equal(limiter.backoffUntil("mine"), 7000);
  assert.equal(limiter.backoffUntil("another"), 0);
  limiter.backOff("mine", url, undefined);
  assert.equal(limiter.backoffUntil("mine"), 7000);
  now = 7000;
  limiter.backOff("mine", url, undefined);
  assert.equal(limiter.backoffUntil("mine"), 11_000);
  now = 11_000;
  limiter.clearBackoff("mine");
  limiter.backOff("mine", url, undefined);
  assert.equal(limiter.backoffUntil("mine"), 12_000);
  for (let row = 0; row < 20; row += 1) limiter.backOff("mine", url, undefined);
  assert.equal(limiter.backoffUntil("mine"), 11_000 + 600_000);
});

test("a backoff that no timer could hold is cut to a day", () => {
  const limiter = new PollRateLimiter(() => 0);
  limiter.backOff("account", "http://127.0.0.1", 1e12);
  assert.equal(limiter.backoffUntil("account"), 24 * 3_600_000);
});

test("at Roboflow a 429 that names no time means a minute at least", () => {
  const limiter = new PollRateLimiter(() => 0);
  limiter.backOff("mine", roboflow, undefined);
  assert.equal(limiter.backoffUntil("mine"), 60_000);
});

test("of several polls that were on their way together, only the first 429 makes the wait longer", async () => {
  let now = 0;
  const limiter = new PollRateLimiter(() => now);
  const url = "http://127.0.0.1:9001";
  const refusal = (retryAfter?: number) =>
    new VideoError("RATE_LIMIT", "rateLimit", { statusCode: 429, retryAfter });
  /** Begins a poll; what is returned answers it. */
  const begin = (jobId: string) => {
    let settle: (error?: VideoError) => void = () => {};
    const answer = new Promise<void>((resolve, reject) => {
      settle = (error) => (error ? reject(error) : resolve());
    });
    const polled = limiter.poll({ baseUrl: url, account: "mine", jobId }, () => answer).catch(() => {});
    return (error?: VideoError) => {
      settle(error);
      return polled;
    };
  };

  const [first, second, third, fourth] = ["a", "b", "c", "d"].map(begin) as [
    ReturnType<typeof begin>,
    ReturnType<typeof begin>,
    ReturnType<typeof begin>,
    ReturnType<typeof begin>,
  ];
  await first(refusal());
  assert.equal(limiter.backoffUntil("mine"), 1000);
  now = 400;
  await second(refusal());
  assert.equal(limiter.backoffUntil("mine"), 1000, "the second says nothing new");
  await third(refusal(5000));
  assert.equal(limiter.backoffUntil("mine"), 5400, "unless it names a time");
  await fourth();
  assert.equal(limiter.backoffUntil("mine"), 5400, "an answer from before the 429 does not end the wait");

  now = 5400;
  await begin("a")(refusal());
  assert.equal(limiter.backoffUntil("mine"), 7400, "the next one counts as the second in a row");
  now = 7400;
  await begin("a")();
  assert.equal(limiter.backoffUntil("mine"), 0, "an answer from after it does");
});

test("a job that is polled again and again does not keep others from being forgotten", () => {
  let now = 0;
  const limiter = new PollRateLimiter(() => now);
  limiter.note(roboflow, "busy");
  limiter.note(roboflow, "idle");
  now = 50_000;
  limiter.note(roboflow, "busy");
  now = 100_000;
  limiter.note(roboflow, "another");
  assert.equal(limiter.allowedAt(roboflow, "idle"), undefined);
  assert.equal(limiter.allowedAt(roboflow, "busy"), 110_000);
});
