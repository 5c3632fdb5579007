import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Emulator } from "../../emulator/emulator";
import type { NodeUnderTest } from "../support/helper";
import type { Msg } from "../support/messages";
import { job, polled, poller, pollsOf } from "../support/pollers";

/** Three jobs that never end, waited for. */
async function waiting(t: TestContext, properties: Record<string, unknown> = {}) {
  const { emulator, node } = await poller(t, properties);
  emulator.fault({ kind: "job", do: "never", count: 0 });
  const jobs = [await job(emulator), await job(emulator), await job(emulator)] as const;
  const given = jobs.map((payload) => node.give({ payload })) as [string, string, string];
  for (const jobId of jobs) await polled(emulator, jobId, 1);
  return { emulator, node, jobs, given };
}

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
