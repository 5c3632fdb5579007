import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { after, before, beforeEach, test } from "node:test";
import { type Emulator, startEmulator } from "../../emulator/emulator";
import { catchNodes, type FlowNode, injectNodes, NodeRed, recordNode } from "../support/node-red";
import { newUserDir } from "../support/pipeline";

// A real Node-RED: what costs money happens once, what it gave is not lost, and nothing goes out by another way than chosen.

const apiKey = "rf_PaidOnce4kQ";
let roboflow: Emulator;
let nodeRed: NodeRed;

/** Makes a message that takes no change; Node-RED's own nodes write its `_msgid`. */
const shapes = {
  proxy: `return new Proxy(msg, { set: (target, name, value) => name === "_msgid" && Reflect.set(target, name, value) });`,
  getter: `const { payload } = msg; delete msg.payload;
return Object.defineProperty(msg, "payload", { get: () => payload, enumerable: true });`,
  readOnly: `return Object.defineProperty(msg, "roboflow", { value: Object.freeze({ id: "clip" }), writable: false });`,
};

const account = (id: string, more: object = {}): FlowNode => ({
  id,
  type: "roboflow-video-account",
  baseUrl: roboflow.url,
  ...more,
});

const start = (id: string, account: string): FlowNode[] => [
  {
    id: `start-${id}`,
    type: "roboflow-video-start",
    z: "tab",
    account,
    models: [
      {
        modelId: "people",
        modelVersion: "3",
        inferenceType: "object-detection",
        confidence: "",
        inferenceParams: "",
      },
    ],
    wires: [[`record-${id}`]],
  },
  recordNode(id),
];

const shaped = (name: string, func: string): FlowNode[] => [
  ...injectNodes(name, [`shape-${name}`]),
  { id: `shape-${name}`, type: "function", z: "tab", func, outputs: 1, libs: [], wires: [[`start-${name}`]] },
  ...start(name, "acc"),
];

const closed: Record<string, object> = {
  "no-proxy": { proxy: "nobody" },
  "proxy-off": { proxy: "proxy-off" },
  "no-tls": { tls: "nobody" },
  "tls-unreadable": { tls: "tls-unreadable" },
};

before(async () => {
  roboflow = await startEmulator({ apiKey, analyse: false, jobSeconds: 0 });
  nodeRed = await NodeRed.start({
    userDir: newUserDir(),
    flows: [
      { id: "tab", type: "tab", label: "Clips" },
      account("acc"),
      ...injectNodes("plain", ["start-plain"]),
      ...start("plain", "acc"),
      ...Object.entries(shapes).flatMap(([name, func]) => shaped(name, func)),
      { id: "proxy-off", type: "http proxy", d: true, url: "http://127.0.0.1:1", noproxy: [] },
      { id: "tls-unreadable", type: "tls-config", cert: "", key: "", ca: "/nowhere/ca.pem" },
      ...Object.entries(closed).flatMap(([name, way]) => [
        account(`acc-${name}`, way),
        ...injectNodes(name, [`start-${name}`]),
        ...start(name, `acc-${name}`),
      ]),
      ...catchNodes(),
    ],
    credentials: Object.fromEntries(
      ["acc", ...Object.keys(closed).map((name) => `acc-${name}`)].map((id) => [id, { apiKey }]),
    ),
  });
});
beforeEach(() => roboflow.ledger.clear());
after(async () => {
  await nodeRed?.stop();
  await roboflow?.close();
  if (nodeRed) rmSync(nodeRed.options.userDir, { recursive: true, force: true });
});

const clip = { payload: "https://cameras.example/yard.mp4", topic: "yard" };

for (const name of Object.keys(shapes))
  test(`a job started with a message that takes no answer (${name}) is passed on with its ID`, async () => {
    await nodeRed.inject(name, clip);
    const [record] = await nodeRed.recorded(name);
    const [job] = roboflow.ledger.jobs;
    assert.equal(roboflow.ledger.of("start").length, 1);
    assert.deepEqual(
      [record?.msg.payload, record?.msg.roboflow.jobId, record?.msg.topic],
      [job?.jobId, job?.jobId, "yard"],
    );
  });

test("a start answered 503 after the job began is one job, and says that it may be running", async () => {
  const before = nodeRed.records("caught").length;
  roboflow.fault({ kind: "start", do: "answer", status: 503, message: "busy", processed: true, count: 0 });
  await nodeRed.inject("plain", clip);
  const caught = await nodeRed.recorded("caught", before + 1);
  const { error, statusCode } = caught.at(-1)?.msg ?? {};
  assert.deepEqual([error.code, statusCode], ["START_UNCERTAIN", 503]);
  assert.equal(roboflow.ledger.of("start").length, 1);
  assert.equal(roboflow.ledger.jobs.length, 1);
  roboflow.clearFaults();
});

for (const name of Object.keys(closed))
  test(`an account with ${name} sends nothing`, async () => {
    const before = nodeRed.records("caught").length;
    await nodeRed.inject(name, clip);
    const caught = await nodeRed.recorded("caught", before + 1);
    assert.equal(caught.at(-1)?.msg.error.code, "CONFIG");
    assert.deepEqual(roboflow.ledger.requests, []);
  });
