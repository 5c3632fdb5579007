import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import path from "node:path";
import { test } from "node:test";
import { emulatorFor, knownKey } from "../support/client-of";
import { runNode } from "../support/helper";
import type { Msg } from "../support/messages";
import { recording, temporaryFolder, writeTo } from "../support/recordings";

// Messages that take no answer: our nodes pass on a copy, and what has been paid for is not lost.

const deepFrozen = (value: Msg): Msg => {
  for (const inner of Object.values(value))
    if (typeof inner === "object" && inner !== null && !Buffer.isBuffer(inner)) deepFrozen(inner);
  return Object.freeze(value);
};
/** The message with one property defined anew. */
const redefined = (msg: Msg, name: string, descriptor: PropertyDescriptor): Msg => {
  delete msg[name];
  return Object.defineProperty(msg, name, descriptor);
};
const getter = (msg: Msg, name: string, enumerable: boolean) => {
  const value = msg[name];
  return redefined(msg, name, { get: () => value, enumerable });
};
const readOnly = (msg: Msg, name: string) =>
  redefined(msg, name, { value: msg[name], writable: false, enumerable: true });
class OfSomebody {
  constructor(readonly inner: Msg) {
    this._msgid = inner._msgid;
  }
  _msgid: string;
  topic = "mine";
  get payload() {
    return this.inner.payload;
  }
  get roboflow() {
    return this.inner.roboflow;
  }
}

const shapes: [name: string, make: (msg: Msg) => Msg][] = [
  ["frozen", (msg) => Object.freeze(msg)],
  ["frozen all through", deepFrozen],
  ["sealed without a msg.roboflow", ({ roboflow: _, ...msg }) => Object.seal(msg)],
  ["with a frozen msg.roboflow", (msg) => ({ ...msg, roboflow: Object.freeze(msg.roboflow) })],
  ["with a sealed msg.roboflow", (msg) => ({ ...msg, roboflow: Object.seal(msg.roboflow) })],
  ["with a getter for its payload", (msg) => getter(msg, "payload", true)],
  ["with a hidden getter for its payload", (msg) => getter(msg, "payload", false)],
  ["with a payload that is not writable", (msg) => readOnly(msg, "payload")],
  ["with a msg.roboflow that is not writable", (msg) => readOnly(msg, "roboflow")],
  [
    "that is a Proxy which refuses",
    (msg) => new Proxy(msg, { set: () => false, deleteProperty: () => false }),
  ],
  ["that is a Proxy which swallows", (msg) => new Proxy(msg, { set: () => true })],
  ["of a class with getters", (msg) => new OfSomebody(msg)],
];

const models = [
  { modelId: "people/3", modelVersion: "", inferenceType: "", confidence: "", inferenceParams: "" },
];

for (const [name, make] of shapes) {
  const given = (payload: unknown) =>
    make({ _msgid: randomUUID(), payload, topic: "mine", roboflow: { id: "clip-1", fileName: "yard.mp4" } });

  test(`start: a job's ID goes on in a message ${name}`, async (t) => {
    const emulator = await emulatorFor(t);
    const node = await runNode(
      t,
      { type: "roboflow-video-start", models },
      { account: { baseUrl: emulator.url }, apiKey: knownKey },
    );
    const { outputs, caught } = await node.send(given("https://cams.example/a.mp4"));
    assert.equal(caught, undefined);
    const [job] = emulator.ledger.jobs;
    assert.equal(emulator.ledger.of("start").length, 1);
    const [msg] = outputs[0] as [Msg];
    assert.deepEqual([msg.payload, msg.topic, msg.roboflow.jobId], [job?.jobId, "mine", job?.jobId]);
    if (!name.includes("without")) assert.equal(msg.roboflow.fileName, "yard.mp4");
  });

  test(`upload, poll and download pass on a message ${name}`, async (t) => {
    const emulator = await emulatorFor(t);
    const folder = temporaryFolder(t);
    const through = async (type: string, payload: unknown, properties: Msg = {}) => {
      const node = await runNode(
        t,
        { type: `roboflow-video-${type}`, ...properties },
        { account: { baseUrl: emulator.url }, apiKey: knownKey },
      );
      const { outputs, caught } = await node.send(given(payload));
      assert.equal(caught, undefined, type);
      const [msg] = outputs[0] as [Msg];
      assert.equal(msg.topic, "mine");
      assert.equal(typeof msg.roboflow.id, "string");
      return msg;
    };
    const { payload: inputUrl } = await through("upload", writeTo(folder, "yard.mp4", recording()));
    assert.match(inputUrl, /^http/);
    const { payload: jobId } = await through("start", inputUrl, { models });
    const { payload: answer } = await through("poll", jobId, { interval: 0.1 });
    assert.equal(answer.status, 0);
    const file = path.join(folder, "result.json");
    assert.equal((await through("download", answer, { output: "file", filename: file })).payload, file);
    assert.ok(Array.isArray((await through("download", answer)).payload.frame_offset));
  });
}

test("a message that somebody freezes while the job is being started keeps the job's ID", async (t) => {
  const emulator = await emulatorFor(t);
  emulator.fault({ kind: "start", do: "delay", delayMs: 100 });
  const node = await runNode(
    t,
    { type: "roboflow-video-start", models },
    { account: { baseUrl: emulator.url }, apiKey: knownKey },
  );
  const msg: Msg = {
    _msgid: randomUUID(),
    payload: "https://cams.example/a.mp4",
    roboflow: { id: "clip-1" },
  };
  const outcome = node.outcomeOf(node.give(msg));
  while (node.statuses().length === 0) await new Promise((resolve) => setImmediate(resolve));
  deepFrozen(msg);
  const { outputs, caught } = await outcome;
  assert.equal(caught, undefined);
  assert.equal(outputs[0]?.[0]?.payload, emulator.ledger.jobs[0]?.jobId);
});
