import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { emulatorFor, knownKey } from "../support/client-of";
import { assertFailure, type FlowOptions, runNode } from "../support/helper";
import type { Msg } from "../support/messages";
import { quickRetries } from "../support/quick-retries";
import { temporaryFolder } from "../support/recordings";

const payload = "https://cams.example/yard.mp4";
const model = {
  modelId: "people",
  modelVersion: "3",
  inferenceType: "object-detection",
  confidence: "",
  inferenceParams: "",
};

async function starter(
  t: TestContext,
  { account = {}, ...options }: Omit<FlowOptions, "account"> & { account?: Record<string, unknown> } = {},
) {
  const emulator = await emulatorFor(t);
  const node = await runNode(
    t,
    { type: "roboflow-video-start", models: [model] },
    { account: { baseUrl: emulator.url, ...account }, apiKey: knownKey, ...options },
  );
  return { emulator, node, requests: () => emulator.ledger.of("start").length };
}

const clip = (video: unknown, more: Msg = {}): Msg => ({
  payload,
  roboflow: { id: "clip-1", fileName: "yard.mp4", video, ...more },
});

test("the frames that a job will infer are said before and after it is started", async (t) => {
  const { node } = await starter(t);
  const { outputs } = await node.send(clip({ duration: 12.3, fps: 25 }));
  assert.equal(outputs[0]?.[0]?.roboflow.expectedFrames, 62);
  const texts = node.statuses().map(({ fill, text }) => `${fill} ${text}`);
  assert.deepEqual(texts, ["blue starting: 62 frames", "green started: 62 frames"]);
});

test("of a clip whose duration is not known nothing is expected, also when the message had another one", async (t) => {
  const { node } = await starter(t);
  const { outputs } = await node.send(clip({ fps: 25 }, { expectedFrames: 62 }));
  assert.equal(outputs[0]?.[0]?.roboflow.expectedFrames, undefined);
  assert.deepEqual(node.statuses().at(-1), { fill: "green", shape: "dot", text: "started" });
});

test("a rate above that of the clip is refused before anything is sent, with the highest one", async (t) => {
  const { node, emulator } = await starter(t);
  assertFailure(
    await node.send(clip({ duration: 10, fps: 3.996 })),
    "INPUT",
    /rate of 5 FPS is above the video's frame rate of 3\.996 FPS.*Use at most 4 FPS/,
  );
  assert.deepEqual(emulator.ledger.requests, []);
  assert.equal(node.statuses().at(-1)?.text, "FPS above the video's");
  assert.equal((await node.send(clip({ fps: 4.995 }))).caught, undefined);
});

test("as many jobs as the account may start in a day, by all its start nodes, then LIMIT", async (t) => {
  const beside = (account: string, z: string) => [
    {
      id: "second-start",
      type: "roboflow-video-start",
      account,
      models: [model],
      z,
      wires: [["second-out"]],
    },
    { id: "second-out", type: "helper", z },
  ];
  const { node, emulator, requests } = await starter(t, { account: { jobsPerDay: 2 }, beside });
  assert.equal((await node.send({ payload })).caught, undefined);
  node.give({ payload }, "second-start");
  while (emulator.ledger.jobs.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  for (let more = 0; more < 3; more += 1)
    assertFailure(
      await node.send({ payload }),
      "LIMIT",
      /limit of 2 jobs in 24 hours is reached, so this job was not started.*about 2[45] h.*"Jobs per day"/,
    );
  await node.redeploy();
  assertFailure(await node.send({ payload }), "LIMIT", /limit of 2 jobs/);
  assert.equal(requests(), 2);
  assert.deepEqual(node.statuses().at(-1), { fill: "red", shape: "ring", text: "daily limit reached" });
  const records = readdirSync(path.join(node.userDir, "roboflow-video", ".jobs", `${node.accountId}.day`));
  assert.equal(records.filter((name) => name.endsWith(".json")).length, 2);
});

test("a job that Roboflow refuses does not count, one that may be running does", async (t) => {
  const { node, emulator, requests } = await starter(t, { account: { jobsPerDay: 1 } });
  emulator.fault({ kind: "start", do: "answer", status: 400 });
  assertFailure(await node.send({ payload }), "REJECTED", /./, 400);
  emulator.fault({ kind: "start", do: "answer", status: 502 });
  assertFailure(await node.send({ payload }), "START_UNCERTAIN", /./, 502);
  assertFailure(await node.send({ payload }), "LIMIT", /limit of 1 jobs/);
  assert.equal(requests(), 2);
});

test("a start that is tried again takes one slot", async (t) => {
  quickRetries(t);
  const { node, emulator, requests } = await starter(t, { account: { jobsPerDay: 2 } });
  emulator.fault({ kind: "start", do: "answer", status: 429, retryAfter: 0, count: 2 });
  assert.equal((await node.send({ payload })).caught, undefined);
  assert.equal((await node.send({ payload })).caught, undefined);
  assertFailure(await node.send({ payload }), "LIMIT", /limit of 2 jobs/);
  assert.equal(requests(), 4);
});

test("without a record on the disk nothing is started", async (t) => {
  const userDir = temporaryFolder(t);
  mkdirSync(path.join(userDir, "roboflow-video"));
  writeFileSync(path.join(userDir, "roboflow-video", ".jobs"), "in its way");
  const { node, requests } = await starter(t, { account: { jobsPerDay: 2 }, userDir });
  assertFailure(
    await node.send({ payload }),
    "STORAGE",
    /not started because it could not be recorded on disk first/,
  );
  assert.equal(requests(), 0);
});

test("without a limit nothing is counted", async (t) => {
  const { node } = await starter(t);
  assert.equal((await node.send({ payload })).caught, undefined);
  assert.equal(existsSync(path.join(node.userDir, "roboflow-video", ".jobs")), false);
});
