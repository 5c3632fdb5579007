import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, afterEach, before, beforeEach, describe, type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Emulator, startEmulator } from "../../emulator/emulator";
import { Network, pollRateLimiter, RoboflowClient, type VideoError } from "../../nodes/roboflow";
import { retries } from "../../nodes/roboflow/http/retry";
import { PollSchedule } from "../../nodes/roboflow/polling/schedule";
import { watchJob } from "../../nodes/roboflow/polling/watch";
import { type NodeSetting, throughNode } from "./one-node";
import { finishedJob, startedJob } from "./requests";

const apiKey = "rf_PollingKey7mD";
let emulator: Emulator;
let folder: string;

before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "roboflow-polls-"));
  for (const policy of Object.values(retries)) policy.first = 20;
});
beforeEach(async () => {
  // A server of its own for each test: the backoff after a 429 belongs to the account.
  emulator = await startEmulator({ apiKey, analyse: false, jobSeconds: 0 });
});
afterEach(() => emulator.close());
after(() => rmSync(folder, { recursive: true, force: true }));

describe("a result link that has expired:", () => {
  const job = () => finishedJob({ emulator, apiKey, front: emulator.url });
  const downloaded = (
    t: TestContext,
    { jobId, outputUrl }: { jobId?: string; outputUrl: string },
    more: Partial<NodeSetting> = {},
  ) => {
    emulator.ledger.clear();
    return throughNode(t, {
      type: "download",
      apiKey,
      userDir: folder,
      account: { baseUrl: emulator.url },
      msg: {
        payload: { output_signed_url: outputUrl },
        roboflow: { id: "clip", ...(jobId ? { jobId } : {}) },
      },
      ...more,
    });
  };
  const asked = () => emulator.ledger.requests.map(({ kind }) => kind);

  test("the account is asked for a new one, and the result comes", async (t) => {
    const known = await job();
    emulator.expireLinks();
    const { sent } = await downloaded(t, known);
    assert.ok(sent[0]?.payload.frame_offset);
    assert.deepEqual(asked(), ["result", "status", "result"]);
    assert.notEqual(sent[0]?.roboflow.outputUrl, known.outputUrl, "the new link goes on with the message");
  });

  test("without an account it is an error at once", async (t) => {
    const known = await job();
    emulator.expireLinks();
    const { caught } = await downloaded(t, known, { properties: { account: "" } });
    assert.deepEqual([caught[0]?.error.code, caught[0]?.statusCode], ["REJECTED", 400]);
    assert.match(caught[0]?.error.message, /expired/i);
    assert.deepEqual(asked(), ["result"]);
  });

  test("without a job id there is nobody to ask for", async (t) => {
    const { outputUrl } = await job();
    emulator.expireLinks();
    const { caught } = await downloaded(t, { outputUrl });
    assert.equal(caught[0]?.error.code, "REJECTED");
    assert.deepEqual(asked(), ["result"]);
  });

  test("the minimum interval between two polls of a job is kept, and so is the backoff of the account", async (t) => {
    const known = await job();
    const client = `${emulator.url} ${apiKey}`;
    emulator.expireLinks();
    pollRateLimiter.note(emulator.url, known.jobId);
    const noted = Date.now();
    await downloaded(t, known);
    assert.ok((emulator.ledger.of("status")[0]?.time ?? 0) >= noted + 95);

    emulator.expireLinks();
    pollRateLimiter.backOff(client, emulator.url, 600);
    const slowed = Date.now();
    await downloaded(t, known);
    assert.ok((emulator.ledger.of("status")[0]?.time ?? 0) >= slowed + 590);
  });

  test("trouble with asking for it is retried like any other, and ends", async (t) => {
    const known = await job();
    emulator.expireLinks();
    emulator.fault({ kind: "status", do: "answer", status: 500, count: 2 }, { kind: "status", do: "reset" });
    assert.equal((await downloaded(t, known)).sent.length, 1);
    assert.equal(emulator.ledger.of("status").length, 4);

    emulator.expireLinks();
    emulator.fault({ kind: "status", do: "answer", status: 500, count: 0 });
    const { caught } = await downloaded(t, known);
    assert.equal(caught[0]?.error.code, "SERVER");
    assert.equal(emulator.ledger.of("status").length, retries.repeatable.tries);
  });

  test("a new link that is refused as well is not asked for again", async (t) => {
    const known = await job();
    emulator.set({ outputLifetime: -1 });
    emulator.expireLinks();
    const { caught } = await downloaded(t, known);
    assert.equal(caught[0]?.error.code, "REJECTED");
    assert.deepEqual(asked(), ["result", "status", "result"]);
  });
});

describe("a 429 to a poll:", () => {
  /** Waits for a job as a poll node does. */
  function watched(t: TestContext, jobId: string, { key = apiKey, limit = 3000 } = {}) {
    const network = new Network({ proxyFor: () => false });
    const client = new RoboflowClient(emulator.url, key, network);
    const schedule = new PollSchedule(100, pollRateLimiter.now);
    const controller = new AbortController();
    const { signal } = controller;
    t.after(() => {
      controller.abort(new Error("the test is over"));
      schedule.close();
      network.close();
    });
    const finished = watchJob(
      { jobId, limit, takenUp: false },
      {
        client,
        schedule,
        limiter: pollRateLimiter,
        interval: 100,
        signal,
        ask: () => client.jobStatus(jobId, { signal }),
        stillRunning: () => {},
        waiting: () => {},
      },
    );
    finished.catch(() => {});
    return finished;
  }
  const pollsOf = (jobId: string) =>
    emulator.ledger.of("status").filter(({ query }) => query.job_id === jobId);

  test("slows every poll of that account, not only the one that met it, and fails none", async (t) => {
    emulator.fault({ kind: "job", do: "never", count: 0 });
    const [one, two] = await Promise.all([startedNever(), startedNever()]);
    emulator.ledger.clear();
    emulator.fault({ kind: "status", do: "answer", status: 429, retryAfter: 1, match: one, count: 1 });
    const waits = [watched(t, one, { limit: 1500 }), watched(t, two, { limit: 1500 })];
    await delay(900);
    assert.equal(pollsOf(one).length, 1);
    assert.ok(pollsOf(two).length <= 2, `${pollsOf(two).length} polls of the other job during the backoff`);
    for (const outcome of await Promise.allSettled(waits))
      assert.equal(outcome.status === "rejected" && (outcome.reason as VideoError).code, "JOB_TIMEOUT");
    assert.ok(pollsOf(one).length >= 3 && pollsOf(two).length >= 3, "both went on after the backoff");
  });

  test("leaves another account of the same server alone", async (t) => {
    emulator.fault({ kind: "job", do: "never", count: 0 });
    const jobId = await startedNever();
    emulator.ledger.clear();
    pollRateLimiter.backOff(`${emulator.url} another-key`, emulator.url, 60_000);
    watched(t, jobId);
    await delay(500);
    assert.ok(pollsOf(jobId).length >= 3);
  });

  test("that meets many polls at once is one 429: the backoff does not double with each", async (t) => {
    emulator.fault({ kind: "job", do: "never", count: 0 });
    const jobs = await Promise.all(Array.from({ length: 12 }, startedNever));
    emulator.ledger.clear();
    for (const jobId of jobs) {
      emulator.fault({ kind: "status", do: "answer", status: 429, match: jobId, count: 1 });
      watched(t, jobId);
    }
    await delay(300);
    assert.equal(emulator.ledger.of("status").length >= 2, true, "several were on their way");
    const backoff = pollRateLimiter.backoffUntil(`${emulator.url} ${apiKey}`) - pollRateLimiter.now();
    assert.ok(backoff > 0 && backoff <= 1000, `a backoff of ${backoff} ms`);
  });

  test("that speaks of credits is said at once", async (t) => {
    emulator.fault({ kind: "job", do: "never", count: 0 });
    const jobId = await startedNever();
    emulator.fault({ kind: "status", do: "answer", status: 429, message: "Your plan allows no more." });
    await assert.rejects(watched(t, jobId), { code: "PLAN", statusCode: 429 });
  });

  const startedNever = () => startedJob({ emulator, apiKey });
});
