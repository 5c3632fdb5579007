import assert from "node:assert/strict";
import { readFileSync, realpathSync, rmSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { type Emulator, startEmulator } from "../../emulator/emulator";
import { knownKey } from "../support/client-of";
import { sha256, yardClip } from "../support/emulator-calls";
import { installedUserDir } from "../support/installed";
import { comparable, type Msg } from "../support/messages";
import { nodeNames } from "../support/node-names";
import { catchNodes, type FlowNode, injectNodes, NodeRed, recordNode } from "../support/node-red";
import { writeTo } from "../support/recordings";

const modelsTyped = [
  {
    modelId: "yard-motion/1",
    modelVersion: "",
    inferenceType: "object-detection",
    confidence: "0.3",
    inferenceParams: "",
  },
  { modelId: "clip", modelVersion: "", inferenceType: "", confidence: "", inferenceParams: "" },
];
const modelsSent = [
  {
    model_id: "yard-motion",
    model_version: "1",
    inference_type: "object-detection",
    inference_params: { confidence: 0.3 },
  },
  { model_id: "clip", model_version: "1", inference_type: "clip-embed-image" },
];

/** What the function node tells of the modules inside Node-RED. */
interface Modules {
  /** Files of our package. */
  loaded: string[];
  /** Those, and all that they were the first to load. */
  reached: string[];
  axios: string;
  mustache: string;
}

let emulator: Emulator;
let userDir: string;
let nodeRed: NodeRed;

/** The four nodes in a row, as their defaults connect them; what leaves each output is recorded. */
function flow(baseUrl: string): FlowNode[] {
  const four = ["up", "st", "po", "do"];
  const step = (id: string, name: string, wires: string[][], own: object = {}): FlowNode => ({
    id,
    type: `roboflow-video-${name}`,
    z: "tab",
    account: "account",
    wires,
    ...own,
  });
  return [
    { id: "tab", type: "tab", label: "Yard" },
    { id: "account", type: "roboflow-video-account", name: "", baseUrl },
    ...injectNodes("clip", ["up"]),
    step("up", "upload", [["st", "record-uploaded"]]),
    step("st", "start", [["po", "record-started"]], { models: modelsTyped }),
    step("po", "poll", [["do", "record-finished"], ["record-running"]], { interval: 0.5 }),
    step("do", "download", [["record-frame"]], { output: "frames", minConfidence: 0.3 }),
    ...["uploaded", "started", "finished", "running", "frame", "complete"].map((name) => recordNode(name)),
    { id: "complete", type: "complete", z: "tab", scope: four, wires: [["record-complete"]] },
    ...catchNodes(),
    ...injectNodes("modules", ["modules"]),
    {
      id: "modules",
      type: "function",
      z: "tab",
      func: `const ours = (file) => loader.createRequire(file).resolve;
const loaded = Object.keys(loader._cache).filter((file) => file.includes("node-red-roboflow-video"));
const children = (file, seen = new Set()) => {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const child of loader._cache[file]?.children ?? []) children(child.filename, seen);
  return seen;
};
const [any] = loaded;
return { payload: {
  loaded,
  reached: [...new Set(loaded.flatMap((file) => [...children(file)]))],
  axios: ours(any)("axios"),
  mustache: ours(any)("mustache"),
} };`,
      outputs: 1,
      libs: [{ var: "loader", module: "module" }],
      wires: [["record-modules"]],
    },
    recordNode("modules"),
  ];
}

before(async () => {
  emulator = await startEmulator({ apiKey: knownKey, jobSeconds: 1.2 });
  userDir = await installedUserDir();
  nodeRed = await NodeRed.start({
    userDir,
    installed: true,
    flows: flow(emulator.url),
    credentials: { account: { apiKey: knownKey } },
  });
});

after(async () => {
  await nodeRed?.stop();
  await emulator?.close();
  if (userDir) rmSync(userDir, { recursive: true, force: true, maxRetries: 3 });
});

test("a clip goes from its file to its frames through the installed package", async () => {
  const video = readFileSync(yardClip);
  await nodeRed.inject("clip", { payload: yardClip, topic: "gate" });
  const [complete] = await nodeRed.recorded("complete", 4, 60_000);
  assert.ok(complete);
  assert.deepEqual(nodeRed.records("caught"), []);
  const { ledger } = emulator;
  await test("what arrived at the server", () => {
    assert.deepEqual(
      ledger.uploads.map(({ name, size, sha256: hash, complete: whole }) => ({ name, size, hash, whole })),
      [{ name: uploadName(), size: video.length, hash: sha256(video), whole: true }],
    );
    const polls = ledger.of("status");
    assert.deepEqual(
      ledger.requests.map(({ kind, status, key }) => [kind, status, key]),
      [
        ["signed-url", 200, "right"],
        ["put", 200, "missing"],
        ["start", 200, "right"],
        ...polls.map(() => ["status", 200, "right"]),
        ["result", 200, "missing"],
      ],
    );
    assert.equal(ledger.of("signed-url")[0]?.text, JSON.stringify({ file_name: uploadName() }));
    const put = ledger.of("put")[0]?.headers;
    assert.equal(put?.["content-length"], String(video.length));
    assert.equal(put?.["content-type"], "application/octet-stream");
    assert.equal(put?.["transfer-encoding"], undefined);
    assert.equal(
      ledger.of("start")[0]?.text,
      JSON.stringify({ input_url: url("uploaded"), infer_fps: 5, models: modelsSent }),
    );
    assert.ok(polls.length >= 3, `${polls.length} polls of a job of 1.2 seconds`);
    for (const [n, poll] of polls.entries()) {
      assert.deepEqual(poll.query, { job_id: url("started") });
      if (n > 0) assert.ok(poll.time - (polls[n - 1]?.time ?? 0) >= 495, "sooner than the interval");
    }
  });

  await test("the message out of each node", () => {
    const clip = {
      fileName: "yard.mp4",
      uploadName: uploadName(),
      videoPath: yardClip,
      video: { container: "mp4", codec: "h264", width: 640, height: 360, duration: 15, fps: 10 },
      fileSize: video.length,
      inputUrl: url("uploaded"),
    };
    const job = { ...clip, jobId: url("started"), inferFps: 5, expectedFrames: 75, models: modelsSent };
    const polls = ledger.of("status").length;

    const uploaded = only("uploaded");
    assert.match(uploaded.payload, /^http:.*\/yard-[0-9a-f]{12}\.mp4\?.*X-Goog-Signature=/);
    assert.deepEqual(comparable(uploaded.roboflow), { ...clip, times: ["uploadedAt", "expiresAt"] });

    const started = only("started");
    assert.equal(started.payload, ledger.jobs[0]?.jobId);
    assert.deepEqual(comparable(started.roboflow), {
      ...job,
      times: ["uploadedAt", "expiresAt", "startedAt"],
    });

    const running = nodeRed.records("running").map(({ msg }) => msg);
    assert.equal(running.length, polls - 1);
    for (const [n, msg] of running.entries()) {
      assert.deepEqual(msg.payload, { job_id: started.payload, status: 1 });
      assert.equal(msg.roboflow.polls, n + 1);
    }

    const finished = only("finished");
    assert.equal(finished.payload.status, 0);
    assert.deepEqual(comparable(finished.roboflow), {
      ...job,
      status: 0,
      polls,
      outputUrl: finished.payload.output_signed_url,
      times: ["uploadedAt", "expiresAt", "startedAt", "finishedAt"],
    });

    const frames = nodeRed.records("frame").map(({ msg }) => msg);
    assert.ok(frames.length > 10);
    let detections = 0;
    for (const [index, msg] of frames.entries()) {
      assert.deepEqual(msg.parts, {
        id: frames[0]?.parts.id,
        type: "array",
        index,
        count: frames.length,
        len: 1,
      });
      assert.deepEqual(Object.keys(msg.payload.results).sort(), ["clip", "yard-motion"]);
      assert.equal(msg.topic, "gate");
      for (const prediction of msg.payload.predictions) {
        assert.equal(prediction.model, "yard-motion");
        assert.ok(prediction.confidence >= 0.3);
      }
      detections += msg.payload.predictions.length;
      assert.equal(msg.roboflow.frames, frames.length);
    }
    assert.ok(detections > 0, "nothing was seen in a yard with things moving");
    assert.equal(frames[0]?.roboflow.detections, detections);
    assert.deepEqual(frames[0]?.roboflow.classes, { motion: detections });
  });

  await test("one id for the clip, one done for each node", () => {
    const all = nodeRed.records().filter(({ name }) => name !== "modules");
    assert.equal(new Set(all.map(({ msg }) => msg.roboflow.id)).size, 1);
    assert.equal(nodeRed.records("complete").length, 4);
  });
});

test("a message that cannot be uploaded reaches Catch once, in the words of the installed catalogue", async () => {
  const completed = nodeRed.records("complete").length;
  await nodeRed.inject("clip", { payload: writeTo(userDir, "recorder.mp4", Buffer.from([0, 0, 1, 0xba])) });
  await nodeRed.inject("clip", { payload: null, statusCode: 200 });
  const caught = await nodeRed.recorded("caught", 2);
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.deepEqual(
    nodeRed.records("caught").map(({ msg }) => [msg.error.code, msg.error.source.type, msg.statusCode]),
    [
      ["INPUT", "roboflow-video-upload", undefined],
      ["INPUT", "roboflow-video-upload", undefined],
    ],
  );
  assert.match(
    caught.find(({ msg }) => msg.payload !== null)?.msg.error.message,
    /^Upload video: ".*recorder\.mp4" is not a video that Roboflow accepts .*: it seems to be an MPEG program stream/,
  );
  assert.equal(nodeRed.records("complete").length, completed);
});

test("nothing of the checkout's node_modules was used by the package", async () => {
  await nodeRed.inject("modules", { payload: "" });
  const [record] = await nodeRed.recorded("modules");
  assert.ok(record);
  const { loaded, reached, axios, mustache } = record.msg.payload as Modules;
  const home = realpathSync(userDir) + path.sep;
  const inside = (file: string) => assert.ok(realpathSync(file).startsWith(home), file);
  const own = path.join(home, "node_modules", "@camera-flows", "node-red-roboflow-video", "dist");
  for (const node of nodeNames)
    assert.ok(loaded.includes(path.join(own, `${node}.js`)), `${node}: ${loaded}`);
  for (const file of [...loaded, ...reached, axios, mustache]) inside(file);
  assert.ok(
    reached.some((file) => file.includes(`${path.sep}axios${path.sep}`)),
    "axios was not loaded at all",
  );
});

test("the editor gets each node's page, icon and English words from the installed package", async () => {
  const pages = await (await fetch(`${nodeRed.url}/nodes`, { headers: { Accept: "text/html" } })).text();
  for (const node of nodeNames) {
    assert.ok(pages.includes(`data-template-name="roboflow-video-${node}"`), node);
    const icon = await fetch(`${nodeRed.url}/icons/@camera-flows/node-red-roboflow-video/${node}.svg`);
    assert.equal(icon.headers.get("content-type")?.split(";")[0], "image/svg+xml");
    assert.match(await icon.text(), /<svg/);
  }
  const words = await fetch(`${nodeRed.url}/nodes/messages?lng=en-US`);
  assert.match(await words.text(), /"upload video"/);
});

test("no key was logged, recorded or handed to the editor", async () => {
  const flows = await (await fetch(`${nodeRed.url}/flows`)).text();
  const credentials = await (await fetch(`${nodeRed.url}/credentials/roboflow-video-account/account`)).text();
  const everything = [nodeRed.output, JSON.stringify(nodeRed.records()), flows, credentials].join("\n");
  for (const form of [knownKey, encodeURIComponent(knownKey)]) assert.ok(!everything.includes(form));
  assert.deepEqual(JSON.parse(credentials), { has_apiKey: true });
});

/** The one message recorded under a name. */
function only(name: string): Msg {
  const records = nodeRed.records(name);
  assert.equal(records.length, 1);
  return records[0]?.msg ?? {};
}

/** The payload of the one message recorded under a name. */
const url = (name: string): string => only(name).payload;
const uploadName = (): string => only("uploaded").roboflow.uploadName;
