import assert from "node:assert/strict";
import dns from "node:dns";
import { test } from "node:test";
import { knownKey } from "../support/client-of";
import { detector, post } from "../support/emulator-calls";
import { fakeClock } from "../support/fake-clock";
import { assertFailure, runNode } from "../support/helper";
import { answerJson, serve } from "../support/local-server";
import { comparable, type Msg } from "../support/messages";
import { job, polled, poller, pollsOf } from "../support/pollers";

test("a finished job goes on by output 1 with the answer as the API gave it", async (t) => {
  const { emulator, node } = await poller(t);
  const jobId = await job(emulator);
  const roboflow = { id: "clip-1", fileName: "yard.mp4", jobId };
  const { outputs } = await node.send({ payload: jobId, topic: "mine", roboflow });
  const [finished, running] = outputs as [Msg[], Msg[]];
  assert.equal(finished.length, 1);
  const [msg] = finished as [Msg];
  assert.equal(msg.topic, "mine");
  assert.deepEqual(Object.keys(msg.payload).sort(), ["job_id", "output_signed_url", "status"]);
  assert.equal(msg.payload.job_id, jobId);
  assert.deepEqual(comparable(msg.roboflow), {
    fileName: "yard.mp4",
    jobId,
    polls: running.length + 1,
    status: 0,
    outputUrl: msg.payload.output_signed_url,
    times: ["finishedAt"],
  });
  assert.equal(emulator.ledger.job(jobId)?.polls.length, running.length + 1);
  assert.match(node.statuses().find(({ fill }) => fill === "blue")?.text ?? "", /^running, next \d\d:\d\d$/);
  assert.deepEqual(node.statuses().at(-1), { fill: "green", shape: "dot", text: "finished" });
});

test("each poll that finds status 1 or none sends a copy by output 2, and only the last msg is passed on", async (t) => {
  const { emulator, node } = await poller(t);
  emulator.set({ statusMissingPolls: 2 });
  const jobId = await job(emulator, { kind: "job", do: "never" });
  const list = [{ a: 1 }];
  const msgid = node.give({ payload: jobId, list });
  await polled(emulator, jobId, 5);
  node.give({ reset: true });
  await node.outcomeOf(msgid);
  assert.deepEqual(node.outputs[0], []);
  const running = node.outputs[1] as Msg[];
  assert.ok(running.length >= 4);
  for (const [n, msg] of running.entries()) {
    assert.deepEqual(msg.payload, n < 2 ? { job_id: jobId } : { job_id: jobId, status: 1 });
    assert.deepEqual(comparable(msg.roboflow), {
      jobId,
      polls: n + 1,
      ...(n < 2 ? {} : { status: 1 }),
      times: [],
    });
    assert.deepEqual(msg.list, list);
    assert.notEqual(msg.list, list);
    assert.notEqual(msg.list[0], list[0]);
  }
});

test("the first poll comes at once, the next no sooner than the interval after", async (t) => {
  const { emulator, node } = await poller(t, { interval: 1 });
  const jobId = await job(emulator, { kind: "job", do: "never" });
  const before = Date.now();
  node.give({ payload: jobId });
  const [first = 0, second = 0] = await polled(emulator, jobId, 2);
  assert.ok(first - before < 950, `the first poll came after ${first - before} ms`);
  assert.ok(second - first >= 995, `${second - first} ms`);
});

test("the job id can come from any field", async (t) => {
  const { emulator, node } = await poller(t, { jobId: "{{clip.job}}", jobIdType: "str" });
  const jobId = await job(emulator);
  const { outputs } = await node.send({ clip: { job: ` ${jobId} ` } });
  assert.equal(outputs[0]?.[0]?.roboflow.jobId, jobId);
});

test("words in place of numbers, and the other spelling, are read as well", async (t) => {
  const { emulator, node } = await poller(t);
  emulator.set({ spelling: "words", jobSeconds: 0.3 });
  const { json } = await post(`${emulator.url}/videoinfer/?api_key=${encodeURIComponent(knownKey)}`, {
    input_url: "https://cams.example/yard.mp4",
    infer_fps: 5,
    models: [detector],
  });
  const { outputs } = await node.send({ payload: json.jobId });
  assert.equal(outputs[1]?.[0]?.payload.status, "processing");
  const [msg] = outputs[0] as [Msg];
  assert.equal(msg.payload.status, "completed");
  assert.equal(msg.roboflow.status, 0);
  assert.equal(msg.roboflow.outputUrl, msg.payload.outputSignedUrl);
});

test("a job that fails on the server reaches Catch with its id and the server's words", async (t) => {
  const { emulator, node } = await poller(t);
  const jobId = await job(emulator, {
    kind: "job",
    do: "fail",
    status: 4,
    message: "the video has no frames",
  });
  const delivery = await node.send({ payload: jobId, roboflow: { id: "c", fileName: "yard.mp4" } });
  assertFailure(
    delivery,
    "JOB_FAILED",
    new RegExp(
      `^Poll job: The job failed at Roboflow \\(status 4\\).*the video has no frames.*job ${jobId}.*clip yard\\.mp4`,
    ),
  );
  assert.equal(delivery.caught?.roboflow.jobId, jobId);
  assert.equal(delivery.caught?.roboflow.status, 4);
  assert.deepEqual(node.statuses().at(-1), { fill: "red", shape: "ring", text: "job failed" });
});

test("a job that is done without a link is JOB_FAILED", async (t) => {
  const { emulator, node } = await poller(t);
  const jobId = await job(emulator, { kind: "job", do: "no-link" });
  assertFailure(
    await node.send({ payload: jobId }),
    "JOB_FAILED",
    /finished but returns no result.*frames per second are not above/,
  );
});

test("a job that does not end in time is JOB_TIMEOUT, with its id and what to do", async (t) => {
  const { emulator, node } = await poller(t, { timeout: 0.5 / 3600 });
  const jobId = await job(emulator, { kind: "job", do: "never" });
  const begin = performance.now();
  const delivery = await node.send({ payload: jobId });
  const took = performance.now() - begin;
  assertFailure(delivery, "JOB_TIMEOUT", new RegExp(`send its job ID to this node again.*job ${jobId}`));
  assert.ok(took >= 495 && took < 30_000, `${took} ms`);
  assert.deepEqual(node.statuses().at(-1), { fill: "red", shape: "ring", text: "job timed out" });
});

test("without a time limit, and without an interval, as older flows may be, the defaults hold", async (t) => {
  for (const properties of [{ timeout: 0 }, { timeout: null }, { interval: null }]) {
    await t.test(JSON.stringify(properties), async (t) => {
      const { emulator, node } = await poller(t, properties);
      const jobId = await job(emulator);
      const first = node.give({ payload: jobId });
      await polled(emulator, jobId, 1);
      assert.deepEqual(node.caught, []);
      node.give({ reset: "" });
      await node.outcomeOf(first);
    });
  }
});

test("several jobs wait in one node, each with its own message", async (t) => {
  const { emulator, node } = await poller(t);
  emulator.set({ jobSeconds: 0.9 });
  const jobs = [await job(emulator), await job(emulator, { kind: "job", do: "fail" }), await job(emulator)];
  const deliveries = await Promise.all(jobs.map((payload, n) => node.send({ payload, n })));
  for (const [n, { outputs, caught }] of deliveries.entries()) {
    if (n === 1) assert.equal(caught?.error.code, "JOB_FAILED");
    else assert.equal(outputs[0]?.[0]?.payload.job_id, jobs[n]);
    for (const msg of [...(outputs[0] ?? []), ...(outputs[1] ?? [])]) {
      assert.equal(msg.n, n);
      assert.equal(msg.roboflow.jobId, jobs[n]);
    }
  }
  assert.ok(node.statuses().some(({ text }) => text === "3 running"));
});

test("a job goes on being waited for after a deploy, and one that is not to resume ends as ABORTED", async (t) => {
  for (const resume of [true, false]) {
    await t.test(`resume ${resume}`, async (t) => {
      const { emulator, node } = await poller(t, { resume });
      const jobId = await job(emulator, { kind: "job", do: "never" });
      const msgid = node.give({ payload: jobId, topic: "mine" });
      await polled(emulator, jobId, 1);
      await node.redeploy();
      if (resume) {
        await polled(emulator, jobId, (pollsOf(emulator, jobId) ?? 0) + 2);
        node.give({ reset: true });
        assert.ok((await node.outcomeOf(msgid)).completed);
      } else {
        const delivery = await node.outcomeOf(msgid);
        assert.equal(delivery.caught?.error.code, "ABORTED");
        assert.equal(delivery.caught?.topic, "mine");
      }
    });
  }
});

test("an outage is ridden out, with a yellow ring meanwhile", async (t) => {
  const { emulator, node } = await poller(t);
  emulator.set({ jobSeconds: 0 });
  const jobId = await job(emulator);
  emulator.fault(
    { kind: "status", do: "answer", status: 503 },
    { kind: "status", do: "reset" },
    { kind: "status", do: "html" },
    { kind: "status", do: "not-json" },
  );
  const { outputs, caught } = await node.send({ payload: jobId });
  assert.equal(caught?.error.message, undefined);
  assert.equal(outputs[0]?.[0]?.roboflow.status, 0);
  assert.ok((outputs[0]?.[0]?.roboflow.polls ?? 0) >= 5);
  // What the trouble is, in place of when it is polled next.
  for (const text of ["server error", "no connection"])
    assert.ok(
      node
        .statuses()
        .some((shown) => shown.fill === "yellow" && shown.shape === "ring" && shown.text === text),
      text,
    );
});

const badJobs: [name: string, payload: unknown, words: RegExp][] = [
  ["empty", "", /contains no job ID: found ""\. Connect a "start job" node/],
  ["blank", "  ", /contains no job ID: found/],
  ["a number", 42, /contains no job ID: found 42/],
  ["null", null, /contains no job ID: found null/],
  ["missing", undefined, /contains no job ID: found undefined/],
  ["an object", { job_id: "j" }, /contains no job ID: found \{…\}/],
];

for (const [name, payload, words] of badJobs) {
  test(`bad input: a job id that is ${name} is INPUT, before any request`, async (t) => {
    const { emulator, node } = await poller(t);
    assertFailure(await node.send({ payload }), "INPUT", words);
    assert.deepEqual(emulator.ledger.requests, []);
  });
}

test("bad input: an unknown job is NOT_FOUND, with its id", async (t) => {
  const { emulator, node } = await poller(t);
  const delivery = await node.send({ payload: "no-such-job" });
  assertFailure(
    delivery,
    "NOT_FOUND",
    /Check the job ID.*job no-such-job was not found.*HTTP 404, job no-such-job/,
    404,
  );
  assert.equal(emulator.ledger.of("status").length, 3);
});

test("a job just started that does not show yet is asked for again", async (t) => {
  const { emulator, node } = await poller(t);
  const jobId = await job(emulator);
  emulator.fault({ kind: "status", do: "answer", status: 404, count: 2 });
  const { outputs } = await node.send({ payload: jobId });
  assert.equal(outputs[0]?.length, 1);
});

test("at *.roboflow.com two nodes and a deploy keep to one poll of a job a minute", async (t) => {
  const server = await serve(t, (_, response) => answerJson(response, { status: 1 }));
  const { lookup } = dns;
  t.mock.method(dns, "lookup", ((host: string, options: dns.LookupOptions, answer: never) =>
    lookup(host.endsWith(".roboflow.com") ? "127.0.0.1" : host, options, answer)) as never);
  const baseUrl = server.url.replace("127.0.0.1", "video.eu.roboflow.com");
  const clock = fakeClock(t, { network: 15 });
  const polls = () => server.seen.length;

  const properties = { type: "roboflow-video-poll", interval: 0.1 };
  const second = {
    id: "second-poll",
    type: "roboflow-video-poll",
    interval: 0.1,
    x: 1,
    y: 1,
    wires: [[], []],
  };
  const node = await runNode(t, properties, {
    account: { baseUrl },
    apiKey: knownKey,
    beside: (account, tab) => [{ ...second, account, z: tab }],
  });
  const jobId = `job-${process.pid}`;
  node.give({ payload: jobId });
  node.give({ payload: jobId }, "second-poll");
  await clock.pass(59_000);
  assert.equal(polls(), 1);
  await clock.pass(2000);
  assert.equal(polls(), 2);
  await clock.pass(20_000);
  await node.redeploy();
  await clock.pass(38_000);
  assert.equal(polls(), 2, "a deploy made a poll come early");
  await clock.pass(3000);
  assert.equal(polls(), 3);
  await clock.pass(600_000);
  assert.ok(polls() >= 12 && polls() <= 13, `${polls()} polls in 11 minutes and a half`);
  node.give({ reset: true });
  node.give({ reset: true }, "second-poll");
  await clock.settle();
});
