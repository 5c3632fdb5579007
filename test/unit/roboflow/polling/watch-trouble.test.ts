import assert from "node:assert/strict";
import { test } from "node:test";
import { VideoError } from "../../../../nodes/roboflow";
import { ConnectionError, coded } from "../../../../nodes/roboflow/http/connection-error";
import { type Answer, done, elsewhere, letGo, running, world } from "./watching";

test("an outage does not end the waiting", async (t) => {
  const { clock, asked, stillRunning, node } = world(t);
  asked.answer = (_, poll) => {
    if (poll <= 3) return new VideoError("SERVER", "serverTrouble", { statusCode: 502 });
    if (poll === 4) return new VideoError("SERVER", "badAnswer", { statusCode: 200 });
    return done;
  };
  const watch = node()("a");
  await clock.pass(240_000);
  assert.deepEqual(await watch, done);
  assert.deepEqual(asked.at.a, [0, 60_000, 120_000, 180_000, 240_000]);
  assert.deepEqual(stillRunning, []);
});

test("a network that is away, or silent, does not end the waiting either", async (t) => {
  const { clock, asked, node } = world(t);
  const away = [
    new ConnectionError("NETWORK", "host", coded("ENOTFOUND", "not found")),
    new ConnectionError("TIMEOUT", "host"),
    new ConnectionError("NETWORK", "host", coded("ECONNRESET", "reset")),
    new VideoError("SERVER", "badAnswer", { statusCode: 200 }),
  ];
  asked.answer = (_, poll) => away[poll - 1] ?? done;
  const watch = node()("a");
  await clock.pass(240_000);
  assert.deepEqual(await watch, done);
  assert.equal(asked.at.a?.length, 5);
});

test("during an outage too, polls are an interval apart", async (t) => {
  const { clock, asked, node } = world(t, { interval: 300_000 });
  asked.answer = () => new VideoError("SERVER", "serverTrouble", { statusCode: 502 });
  letGo(node()("a"));
  await clock.pass(700_000);
  assert.deepEqual(asked.at.a, [0, 300_000, 600_000]);
});

test("a key that Roboflow refuses ends the waiting at once", async (t) => {
  const { clock, asked, node } = world(t);
  asked.answer = () => new VideoError("AUTH", "keyRefused", { statusCode: 401, fromApi: true });
  const watch = node()("a");
  letGo(watch);
  await clock.pass(1);
  await assert.rejects(watch, { code: "AUTH" });
  assert.deepEqual(asked.at.a, [0]);
});

const pageOf = {
  "a firewall's page": () => new VideoError("AUTH", "keyRefused", { statusCode: 403 }),
  "a redirect": () => new VideoError("REJECTED", "redirect", { statusCode: 302 }),
  "a proxy that wants a password": () => new VideoError("REJECTED", "proxyPassword", { statusCode: 407 }),
  "a captive portal that wants money": () => new VideoError("PLAN", "plan", { statusCode: 402 }),
};
for (const [name, refusal] of Object.entries(pageOf)) {
  test(`${name} is believed after three in a row, an interval apart`, async (t) => {
    const { clock, asked, node } = world(t);
    asked.answer = refusal;
    const watch = node()("a");
    letGo(watch);
    await clock.pass(200_000);
    await assert.rejects(watch, { code: refusal().code });
    assert.deepEqual(asked.at.a, [0, 60_000, 120_000]);
  });

  test(`${name} that comes and goes does not end the waiting`, async (t) => {
    const { clock, asked, node } = world(t);
    const between = [running, new VideoError("SERVER", "serverTrouble", { statusCode: 502 })];
    asked.answer = (_, poll) => {
      if (poll > 30) return done;
      return poll % 3 === 0 ? (between[poll % 2] as Answer) : refusal();
    };
    const watch = node()("a");
    await clock.pass(31 * 60_000);
    assert.deepEqual(await watch, done);
  });
}

test("an account that cannot be used ends the waiting at once", async (t) => {
  const { clock, asked, node } = world(t);
  asked.answer = () => new VideoError("CONFIG", "proxyAddress");
  const watch = node()("a");
  letGo(watch);
  await clock.pass(1);
  await assert.rejects(watch, { code: "CONFIG" });
});

test("polls that wait for others to be answered are not sent after a 429", async (t) => {
  const { clock, asked, node } = world(t, { baseUrl: elsewhere, atOnce: 2 });
  asked.takes = 5000;
  asked.answer = () => new VideoError("RATE_LIMIT", "rateLimit", { statusCode: 429, retryAfter: 600_000 });
  const watch = node();
  for (let job = 0; job < 50; job += 1) letGo(watch(`job-${job}`));
  await clock.pass(590_000);
  assert.equal(Object.keys(asked.at).length, 2);
});

test("an unknown job is believed after three answers: one just started may not show yet", async (t) => {
  const { clock, asked, node } = world(t, { baseUrl: elsewhere });
  const unknown = new VideoError("NOT_FOUND", "notFound", { statusCode: 404 });
  asked.answer = () => unknown;
  const watch = node()("a");
  letGo(watch);
  await clock.pass(5000);
  await assert.rejects(watch, { code: "NOT_FOUND" });
  assert.deepEqual(asked.at.a, [0, 1000, 2000]);

  asked.answer = (_, poll) => (poll < 3 ? unknown : done);
  const late = node()("b");
  await clock.pass(5000);
  assert.deepEqual(await late, done);
});

test("unknown at Roboflow waits for the minute too", async (t) => {
  const { clock, asked, node } = world(t);
  asked.answer = () => new VideoError("NOT_FOUND", "notFound", { statusCode: 404 });
  const watch = node()("a");
  letGo(watch);
  await clock.pass(130_000);
  await assert.rejects(watch, { code: "NOT_FOUND" });
  assert.deepEqual(asked.at.a, [0, 60_000, 120_000]);
});

test("a 429 makes every job of the account back off, in whichever node it waits", async (t) => {
  const { clock, asked, node } = world(t, { baseUrl: elsewhere, interval: 1000 });
  asked.answer = (jobId, poll) =>
    jobId === "a" && poll === 2
      ? new VideoError("RATE_LIMIT", "rateLimit", { statusCode: 429, retryAfter: 30_000 })
      : running;
  letGo(node()("a"));
  letGo(node()("b"));
  letGo(node({ account: "another" })("c"));
  await clock.pass(30_000);
  const within = (jobId: string) => asked.at[jobId]?.filter((at) => at > 2000 && at < 30_900).length;
  assert.equal(within("a"), 0);
  assert.equal(within("b"), 0);
  assert.ok((within("c") ?? 0) > 20);
  await clock.pass(3000);
  assert.ok((asked.at.a?.at(-1) ?? 0) > 30_900 && (asked.at.b?.at(-1) ?? 0) > 30_900);
});

test("after a 429 the next poll comes when the server says, sooner or later than the interval", async (t) => {
  for (const retryAfter of [5000, 300_000]) {
    const { clock, asked, waits, node } = world(t, { baseUrl: elsewhere });
    asked.answer = (_, poll) =>
      poll === 1 ? new VideoError("RATE_LIMIT", "rateLimit", { statusCode: 429, retryAfter }) : done;
    const watch = node()("a");
    const began = clock.now();
    await clock.pass(400_000);
    assert.deepEqual(await watch, done);
    assert.deepEqual(asked.at.a, [began, began + retryAfter]);
    assert.deepEqual(waits, [
      [0, undefined],
      [retryAfter, "RATE_LIMIT"],
    ]);
  }
});
