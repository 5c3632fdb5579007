import assert from "node:assert/strict";
import dns from "node:dns";
import { type TestContext, test } from "node:test";
import type { Emulator } from "../../emulator/emulator";
import { emulatorFor, knownKey } from "../support/client-of";
import { detector, post } from "../support/emulator-calls";
import { fakeClock } from "../support/fake-clock";
import { assertFailure, type FlowOptions, type NodeUnderTest, runNode } from "../support/helper";
import { answerJson, serve } from "../support/local-server";
import { comparable, type Msg } from "../support/messages";

/** A poll node beside the emulator, asking ten times a second. */
async function poller(t: TestContext, properties: Record<string, unknown> = {}, options: FlowOptions = {}) {
  const emulator = await emulatorFor(t);
  const node = await runNode(
    t,
    { type: "roboflow-video-poll", interval: 0.1, ...properties },
    { account: { baseUrl: emulator.url }, apiKey: knownKey, ...options },
  );
  return { emulator, node };
}

/** Starts a job beside the node. @returns its id */
async function job(emulator: Emulator, fault?: Parameters<Emulator["fault"]>[0]): Promise<string> {
  if (fault) emulator.fault(fault);
  const { json } = await post(`${emulator.url}/videoinfer/?api_key=${encodeURIComponent(knownKey)}`, {
    input_url: "https://cams.example/yard.mp4",
    infer_fps: 5,
    models: [detector],
  });
  return json.job_id;
}

/** Waits until the emulator was asked for a job so often. */
async function polled(emulator: Emulator, jobId: string, times: number): Promise<number[]> {
  const end = Date.now() + 5000;
  for (;;) {
    const polls = emulator.ledger.job(jobId)?.polls ?? [];
    if (polls.length >= times) return polls;
    if (Date.now() > end) assert.fail(`${polls.length} polls where ${times} were expected`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

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
  const { emulator, node } = await poller(t, { interval: 0.3 });
  const jobId = await job(emulator, { kind: "job", do: "never" });
  const before = Date.now();
  node.give({ payload: jobId });
  const polls = await polled(emulator, jobId, 3);
  assert.ok((polls[0] ?? 0) - before < 250, `the first poll came after ${(polls[0] ?? 0) - before} ms`);
  for (const n of [1, 2]) assert.ok((polls[n] ?? 0) - (polls[n - 1] ?? 0) >= 295, `${polls}`);
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
  assert.ok(took >= 495 && took < 2000, `${took} ms`);
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

/** Three jobs that never end, waited for. */
async function waiting(t: TestContext, properties: Record<string, unknown> = {}) {
  const { emulator, node } = await poller(t, properties);
  emulator.fault({ kind: "job", do: "never", count: 0 });
  const jobs = [await job(emulator), await job(emulator), await job(emulator)] as const;
  const given = jobs.map((payload) => node.give({ payload })) as [string, string, string];
  for (const jobId of jobs) await polled(emulator, jobId, 1);
  return { emulator, node, jobs, given };
}

const pollsOf = (emulator: Emulator, jobId: string) => emulator.ledger.job(jobId)?.polls.length;

/** After a reset: what was dropped is done without a word, and is not asked about again. */
async function assertDropped(
  emulator: Emulator,
  node: NodeUnderTest,
  jobs: readonly string[],
  given: string[],
) {
  for (const msgid of given) assert.ok((await node.outcomeOf(msgid)).completed);
  assert.deepEqual(node.outputs[0], []);
  assert.deepEqual(node.caught, []);
  const before = jobs.map((jobId) => pollsOf(emulator, jobId));
  await new Promise((resolve) => setTimeout(resolve, 350));
  assert.deepEqual(
    jobs.map((jobId) => pollsOf(emulator, jobId)),
    before,
  );
}

test("msg.reset with a job id stops waiting for that job alone", async (t) => {
  const { emulator, node, jobs, given } = await waiting(t);
  const reset = await node.send({ reset: true, payload: jobs[1] });
  assert.deepEqual(reset.outputs, [[], []]);
  await assertDropped(emulator, node, [jobs[1]], [given[1]]);
  const before = pollsOf(emulator, jobs[0]) ?? 0;
  await polled(emulator, jobs[0], before + 2);
  await polled(emulator, jobs[2], 2);
  await node.send({ reset: "all", payload: null });
});

for (const [name, msg] of [
  ["with nothing else", { reset: true }],
  ["that is false: its presence counts", { reset: false }],
  ["with an empty text", { reset: 1, payload: "" }],
  ["with blanks", { reset: 1, payload: "  " }],
  ["with a number", { reset: 1, payload: 42 }],
  ["with an object", { reset: 1, payload: { job: "x" } }],
] as const) {
  test(`msg.reset ${name} stops all waiting`, async (t) => {
    const { emulator, node, jobs, given } = await waiting(t);
    const reset = await node.send({ ...msg });
    assert.ok(reset.completed);
    assert.deepEqual(reset.outputs, [[], []]);
    await assertDropped(emulator, node, jobs, given);
    assert.deepEqual(node.statuses().at(-1), {});
  });
}

/** Lines of the log that tell of jobs no longer waited for. */
const stopped = (node: NodeUnderTest) => node.logs().filter((line) => line.includes("Stopped waiting for"));

test("the log names each job that is no longer waited for, and none that nobody waited for", async (t) => {
  const { emulator, node, jobs, given } = await waiting(t);
  await node.send({ reset: true, payload: jobs[1] });
  await node.outcomeOf(given[1]);
  assert.deepEqual(stopped(node), [
    `Stopped waiting for 1 job(s), which may continue at Roboflow: ${jobs[1]}`,
  ]);
  await node.send({ reset: true, payload: jobs[1] });
  assert.equal(stopped(node).length, 1);
  await node.send({ reset: true });
  await assertDropped(emulator, node, jobs, [given[0], given[2]]);
  assert.deepEqual(stopped(node).slice(1), [
    `Stopped waiting for 2 job(s), which may continue at Roboflow: ${jobs[0]}, ${jobs[2]}`,
  ]);
});

for (const reset of [false, null]) {
  test(`msg.reset of ${reset} is none on a message to which start has given a job`, async (t) => {
    const { emulator, node, jobs } = await waiting(t);
    const jobId = await job(emulator, { kind: "job", do: "never" });
    const msgid = node.give({ reset, payload: jobId, roboflow: { id: "clip", jobId } });
    await polled(emulator, jobId, 1);
    for (const other of jobs) await polled(emulator, other, (pollsOf(emulator, other) ?? 0) + 1);
    assert.deepEqual(stopped(node), []);
    node.give({ reset: true });
    assert.equal((await node.outcomeOf(msgid)).completed?.reset, reset);
  });
}

for (const [name, msg] of [
  ["true, though it brings a job", { reset: true, roboflow: { id: "clip", jobId: "another" } }],
  ["0, though it brings a job", { reset: 0, roboflow: { id: "clip", jobId: "another" } }],
  ["false, and brings no job", { reset: false, roboflow: { id: "clip" } }],
  ["null, and brings no job", { reset: null, roboflow: { id: "clip", jobId: "" } }],
] as const) {
  test(`msg.reset that is ${name} stops all waiting`, async (t) => {
    const { emulator, node, jobs, given } = await waiting(t);
    assert.ok((await node.send({ ...msg, payload: "" })).completed);
    await assertDropped(emulator, node, jobs, given);
  });
}

test("a reset with a job's ID reaches every message that waits for it", async (t) => {
  const { emulator, node, jobs, given } = await waiting(t);
  const again = node.give({ payload: jobs[0] });
  await polled(emulator, jobs[0], 3);
  await node.send({ reset: true, payload: jobs[0] });
  await assertDropped(emulator, node, [jobs[0]], [given[0], again]);
  await node.send({ reset: true });
});

test("msg.reset of which an expression for job ids makes nothing stops all waiting", async (t) => {
  const { emulator, node, jobs, given } = await waiting(t, { jobId: "$trim(payload)", jobIdType: "jsonata" });
  const reset = await node.send({ reset: true, payload: { no: "text" } });
  assert.ok(reset.completed);
  await assertDropped(emulator, node, jobs, given);
});

test("msg.reset for a job that nobody waits for changes nothing", async (t) => {
  const { emulator, node, jobs } = await waiting(t);
  assert.ok((await node.send({ reset: true, payload: "another-job" })).completed);
  for (const jobId of jobs) await polled(emulator, jobId, (pollsOf(emulator, jobId) ?? 0) + 2);
  assert.equal(node.completed.length, 1);
  await node.send({ reset: true });
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

test("the dialog's list of pending jobs names them, and forgets one on demand", async (t) => {
  const { emulator, node, jobs, given } = await waiting(t);
  const { body } = await node.admin().get(`/roboflow-video/poll/${node.id}/jobs`).expect(200);
  assert.deepEqual(
    body.jobs.map(({ jobId }: Msg) => jobId),
    jobs,
  );
  await node.dialog(`/roboflow-video/poll/${node.id}/forget`, { entry: body.jobs[0].entry }).expect(204);
  await assertDropped(emulator, node, [jobs[0]], [given[0]]);
  const { body: left } = await node.admin().get(`/roboflow-video/poll/${node.id}/jobs`).expect(200);
  assert.equal(left.jobs.length, 2);
  await node.send({ reset: true });
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
