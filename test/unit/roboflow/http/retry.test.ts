import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { VideoError } from "../../../../nodes/roboflow";
import { ConnectionError, coded } from "../../../../nodes/roboflow/http/connection-error";
import {
  backoff,
  isPassing,
  retries,
  wasNotAccepted,
  withRetries,
} from "../../../../nodes/roboflow/http/retry";
import { unhurried } from "../../../support/client-of";

const quick = { tries: 20, total: 150, first: 20, longest: 20, again: () => true };
const trouble = (retryAfter?: number) =>
  new VideoError("SERVER", "serverTrouble", { statusCode: 503, retryAfter });

/** Runs attempts that all fail. @returns how many there were, and how long it took */
async function failing(policy: typeof quick, attempt: (tried: number) => Promise<never> | never) {
  let tried = 0;
  const began = performance.now();
  await assert.rejects(
    withRetries(policy, unhurried, async () => {
      tried += 1;
      return attempt(tried);
    }),
    VideoError,
  );
  return { tried, took: performance.now() - began };
}

test("tries end with their number", async () => {
  const { tried } = await failing({ ...quick, tries: 3, total: 60_000 }, () => {
    throw trouble();
  });
  assert.equal(tried, 3);
});

test("tries end with their time, however many are left", async () => {
  const { tried, took } = await failing(quick, () => {
    throw trouble();
  });
  assert.ok(tried > 1 && tried < 20, `${tried} tries`);
  assert.ok(took < 10_000, `${took} ms`);
});

test("an upload that ran for long before it broke is tried again all the same", async () => {
  const { tried } = await failing({ ...quick, tries: 2 }, async (tried) => {
    if (tried === 1) await delay(200);
    throw trouble();
  });
  assert.equal(tried, 2);
});

test("the wait that a server asks for is kept, but not past the time there is", async () => {
  const slow = await failing({ ...quick, tries: 2 }, () => {
    throw trouble(100);
  });
  assert.equal(slow.tried, 2);
  assert.ok(slow.took >= 95, `${slow.took} ms`);
  const over = await failing(quick, () => {
    throw trouble(3_600_000);
  });
  assert.equal(over.tried, 1);
});

test("waits double up to the longest, with jitter", () => {
  const policy = { first: 1000, longest: 30_000 };
  for (const [tried, whole] of [
    [1, 1000],
    [2, 2000],
    [4, 8000],
    [9, 30_000],
  ] as const) {
    const waits = Array.from({ length: 200 }, () => backoff(policy, tried));
    assert.ok(
      waits.every((wait) => wait >= whole / 2 && wait <= whole),
      `${waits}`,
    );
    const [least, most] = [Math.min(...waits) / whole, Math.max(...waits) / whole];
    assert.ok(least < 0.6 && most > 0.9, `from ${least} to ${most} of ${whole}`);
  }
});

test("after a deploy began no attempt is made, not even the first", async () => {
  const reason = new Error("deploy");
  let tried = 0;
  await assert.rejects(
    withRetries(quick, AbortSignal.abort(reason), async () => {
      tried += 1;
    }),
    reason,
  );
  assert.equal(tried, 0);
});

test("a deploy ends a wait between two tries at once, and leaves no timer", async () => {
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
  const before = timers();
  const deploy = new AbortController();
  const reason = new Error("deploy");
  const policy = { ...quick, total: 600_000, first: 300_000, longest: 300_000 };
  const began = performance.now();
  await assert.rejects(
    withRetries(
      policy,
      deploy.signal,
      async () => {
        throw trouble();
      },
      () => setImmediate(() => deploy.abort(reason)),
    ),
    reason,
  );
  assert.ok(performance.now() - began < 1000);
  assert.equal(timers(), before);
});

test("a deploy that comes while a wait is told of ends it before it begins", async () => {
  const deploy = new AbortController();
  const reason = new Error("deploy");
  await assert.rejects(
    withRetries(
      { ...quick, total: 600_000, first: 300_000, longest: 300_000 },
      deploy.signal,
      async () => {
        throw trouble();
      },
      () => deploy.abort(reason),
    ),
    reason,
  );
});

const refused = new ConnectionError("NETWORK", "host", coded("ECONNREFUSED", "refused"));
const broken = new ConnectionError("NETWORK", "host", coded("ECONNRESET", "reset"));
const silent = new ConnectionError("TIMEOUT", "host");
const answered = (statusCode: number) => new VideoError("SERVER", "serverTrouble", { statusCode });

test("what is free to repeat is tried again after failures that may pass, and no others", () => {
  for (const error of [refused, broken, silent, ...[408, 425, 429, 500, 503, 599].map(answered)])
    assert.equal(isPassing(error), true, error.message);
  const noMoney = new VideoError("PLAN", "serverTrouble", { statusCode: 429 });
  const noAnswer = new VideoError("SERVER", "serverTrouble");
  for (const error of [noMoney, noAnswer, ...[400, 401, 404, 409, 413, 422, 499].map(answered)])
    assert.equal(isPassing(error), false, `${error.message} ${error.statusCode}`);
});

test("a start is sent again only when the server cannot have taken it", () => {
  const limited = (more: object) => new VideoError("RATE_LIMIT", "rateLimit", { statusCode: 429, ...more });
  for (const error of [refused, limited({ fromApi: true }), limited({ retryAfter: 0 })])
    assert.equal(wasNotAccepted(error), true, error.message);
  const others = [broken, silent, limited({}), answered(500), answered(503)];
  for (const error of [
    ...others,
    new VideoError("SERVER", "serverTrouble", { fromApi: true, retryAfter: 1 }),
  ])
    assert.equal(wasNotAccepted(error), false, error.message);
});

test("an upload begins anew when its file has changed meanwhile, or could not be opened for now", () => {
  for (const reason of ["videoChanged", "tooManyOpenFiles"] as const)
    assert.equal(retries.video.again(new VideoError("INPUT", reason)), true);
  for (const error of [refused, answered(503), new VideoError("INPUT", "serverTrouble")])
    assert.equal(retries.video.again(error), false);
});

test("nothing goes on for longer than a person is told", () => {
  const bounds = Object.entries(retries).map(([name, { tries, total, first, longest }]) => [
    name,
    { tries, total, first, longest },
  ]);
  assert.deepEqual(Object.fromEntries(bounds), {
    repeatable: { tries: 5, total: 300_000, first: 1000, longest: 30_000 },
    video: { tries: 4, total: Number.POSITIVE_INFINITY, first: 1000, longest: 10_000 },
    start: { tries: 5, total: 300_000, first: 1000, longest: 30_000 },
    dialog: { tries: 3, total: 10_000, first: 500, longest: 2000 },
  });
});

test("a wait that has ended by itself listens to the signal no more", async () => {
  const { signal } = new AbortController();
  let listening = 0;
  const [add, remove] = [signal.addEventListener, signal.removeEventListener];
  signal.addEventListener = (...args: unknown[]) => {
    listening += 1;
    Reflect.apply(add, signal, args);
  };
  signal.removeEventListener = (...args: unknown[]) => {
    listening -= 1;
    Reflect.apply(remove, signal, args);
  };
  await assert.rejects(
    withRetries({ ...quick, tries: 3, total: 60_000, first: 1, longest: 1 }, signal, async () => {
      throw trouble();
    }),
  );
  assert.equal(listening, 0);
});

test("a deploy during an attempt ends it with the deploy's reason, whatever the attempt failed with", async () => {
  const deploy = new AbortController();
  const reason = new Error("deploy");
  await assert.rejects(
    withRetries({ ...quick, tries: 1 }, deploy.signal, async () => {
      deploy.abort(reason);
      throw trouble();
    }),
    reason,
  );
});
