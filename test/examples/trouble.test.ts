import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import mqtt from "mqtt";
import {
  changed,
  deployExamples,
  exampleNames,
  pressButton,
  readExample,
  recorded,
  withFolder,
} from "../support/example";
import { type Mosquitto, startMosquitto } from "../support/mosquitto";
import { type FlowNode, freePort, NodeRed, until } from "../support/node-red";
import { apiKey, clip, openStage, serveFile, throughBroker } from "./stage";

const stage = openStage();

let broker: Mosquitto;
let camera: { url: string; close: () => void };
before(async () => {
  broker = await startMosquitto();
  camera = await serveFile(clip);
});
after(async () => {
  camera.close();
  await broker.stop();
});

const publish = async (topic: string, payload: string | object) => {
  const client = await mqtt.connectAsync(broker.url);
  await client.publishAsync(topic, typeof payload === "string" ? payload : JSON.stringify(payload), {
    qos: 1,
  });
  await client.endAsync();
};

/** Starts a job, as an edge machine would. */
async function startJob(): Promise<string> {
  const models = [{ model_id: "yard", model_version: "1", inference_type: "object-detection" }];
  const response = await fetch(`${stage.roboflow.url}/videoinfer/?api_key=${apiKey}`, {
    method: "POST",
    body: JSON.stringify({ input_url: camera.url, infer_fps: 5, models }),
  });
  return ((await response.json()) as { job_id: string }).job_id;
}

/** What sets each example off, where it is no button "send a clip". */
const triggers: Record<string, (nodeRed: NodeRed, folder: string) => unknown> = {
  "public-url": (nodeRed) => pressButton(nodeRed, "public-url", "a public video"),
  "watch-folder": (_, folder) => copyFileSync(clip, path.join(folder, "clips", "new.mp4")),
  "rtsp-camera": (_, folder) => copyFileSync(clip, path.join(folder, "recordings", "new.mp4")),
  "camera-http": (nodeRed) => pressButton(nodeRed, "camera-http", "motion"),
  frigate: () =>
    publish("frigate/events", {
      type: "end",
      after: { id: "1", camera: "gate", label: "person", has_clip: true },
    }),
  "http-in": (nodeRed) =>
    fetch(`${nodeRed.url}/clips`, {
      method: "PUT",
      headers: { "Content-Type": "video/mp4" },
      body: readFileSync(clip),
    }),
  mqtt: () => publish("cameras/gate/clip", clip),
  "fleet-central": async () => {
    const jobId = await startJob();
    await publish("roboflow/jobs", { payload: jobId, roboflow: { id: "one", jobId } });
  },
};
async function trigger(name: string, nodeRed: NodeRed, folder: string): Promise<void> {
  const act = triggers[name] ?? (() => pressButton(nodeRed, name, "send a clip"));
  await act(nodeRed, folder);
}

/** All examples at once, each as its user would have changed it. */
function allExamples(url: string, input: string, output: string, hours = 24): FlowNode[] {
  const nodes = new Map<string, FlowNode>();
  for (const name of exampleNames) {
    const change = (imported: FlowNode): Partial<FlowNode> | undefined => {
      const node = withFolder(imported, "/home/pi/clips", `${input}/clips`);
      const next =
        withFolder(node ?? imported, "/home/pi/recordings", `${input}/recordings`) ?? node ?? imported;
      const last = withFolder(next, "/home/pi", output) ?? next;
      // A camera that asks for no login.
      if (imported.type === "roboflow-video-upload") return { authType: "" };
      if (imported.type === "template") return { template: camera.url };
      if (imported.type === "roboflow-video-account") return { baseUrl: url, maxUploads: 0 };
      if (imported.type === "roboflow-video-poll") return { timeout: hours, interval: 0.3 };
      if (imported.type === "roboflow-video-folder") return { ...last, settle: 1 };
      if (imported.type === "inject" && imported.payloadType === "str")
        return { payload: name === "public-url" ? camera.url : clip };
      return throughBroker(broker)(imported) ?? (last === imported ? undefined : last);
    };
    for (const node of recorded(changed(readExample(name), { url, change }), `${name}: `))
      nodes.set(node.id, node);
  }
  return [...nodes.values()];
}

/** The folder that holds those which a camera writes to. */
function inputFolders(): string {
  const input = path.join(stage.folder, "input");
  for (const name of ["clips", "recordings"]) mkdirSync(path.join(input, name), { recursive: true });
  return input;
}

/** Node-REDs that have been started: each subscribes to what the examples listen to. */
let gateways = 0;

/** Starts a Node-RED with all examples, in a user directory whose records lie elsewhere. */
async function startAll(userDir: string, nodes: FlowNode[]): Promise<NodeRed> {
  gateways += 1;
  mkdirSync(userDir, { recursive: true });
  symlinkSync(path.join(stage.folder, "records.jsonl"), path.join(userDir, "records.jsonl"));
  const nodeRed = await NodeRed.start({ userDir, flows: [], env: { ROBOFLOW_API_KEY: apiKey } });
  await deployExamples(nodeRed, nodes);
  const of = (type: string) => nodes.filter((node) => node.type === type);
  await broker.subscribed(
    of("mqtt in").map(({ topic }) => topic as string),
    gateways,
  );
  // What is in a folder at the first look is left alone.
  const looked = path.join(userDir, "roboflow-video", ".folders");
  await until(
    () => existsSync(looked) && readdirSync(looked).length === of("roboflow-video-folder").length,
    30_000,
    () => nodeRed.output,
  );
  return nodeRed;
}

/** Which errors each example has told. */
function told(nodeRed: NodeRed): Map<string, string[]> {
  const messages = new Map<string, string[]>();
  for (const { name, msg } of nodeRed.records()) {
    const [example = "", debug = ""] = name.split(": ");
    if (msg.error && debug !== "still running")
      messages.set(example, [...(messages.get(example) ?? []), `${msg.error.code}: ${msg.error.message}`]);
  }
  return messages;
}

/** Sets examples off, and waits until each has told of one error, and a while longer for more. */
async function oneErrorEach(
  nodeRed: NodeRed,
  set: string[],
  silent: string[] = [],
): Promise<Map<string, string[]>> {
  for (const name of set) await trigger(name, nodeRed, inputFolders());
  const quiet = () => set.filter((name) => !silent.includes(name)).filter((name) => !told(nodeRed).has(name));
  await until(
    () => quiet().length === 0,
    120_000,
    () => `${quiet()} told nothing\n${JSON.stringify([...told(nodeRed)], null, 1)}`,
  );
  await new Promise((resolve) => setTimeout(resolve, 5000));
  const messages = told(nodeRed);
  for (const [name, errors] of messages) assert.equal(errors.length, 1, `${name}: ${errors.join("\n")}`);
  assert.ok(nodeRed.output.length < 100_000, `${nodeRed.output.length} bytes of log`);
  return messages;
}

describe("all examples at once", () => {
  it("tell of one error each when Roboflow cannot be reached, and leave it at that", async () => {
    const output = path.join(stage.folder, "output");
    const userDir = mkdtempSync(path.join(tmpdir(), "roboflow-examples-"));
    // Whoever polls goes on while the server is away, until the time is up: here, about four seconds.
    const server = `http://127.0.0.1:${await freePort()}`;
    const nodes = allExamples(server, inputFolders(), output, 0.001);
    const nodeRed = await startAll(userDir, nodes);
    try {
      // A failure that may pass waits ten minutes in this one.
      const messages = await oneErrorEach(nodeRed, exampleNames, ["failures"]);
      for (const [name, [error = ""]] of messages)
        assert.match(error, name === "fleet-central" ? /^JOB_TIMEOUT: / : /^NETWORK: /, name);
    } finally {
      await nodeRed.stop();
      rmSync(userDir, { recursive: true, force: true });
    }
  });

  /** Runs all examples with a small disk, which is full before the first of them is set off. */
  async function onFullDisk(
    t: TestContext,
    ofWhom: (disk: string) => { user: string; output: string },
    set: string[],
  ) {
    const disk = mkdtempSync(path.join(tmpdir(), "roboflow-disk-"));
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=24m", "tmpfs", disk], { stdio: "ignore" });
    } catch {
      rmSync(disk, { recursive: true });
      t.skip("a small file system cannot be mounted here");
      return new Map<string, string[]>();
    }
    const { user, output } = ofWhom(disk);
    const nodeRed = await startAll(user, allExamples(stage.roboflow.url, inputFolders(), output));
    try {
      assert.throws(() => writeFileSync(path.join(disk, "all-the-rest"), Buffer.alloc(30e6)), /ENOSPC/);
      return await oneErrorEach(nodeRed, set);
    } finally {
      await nodeRed.stop();
      execFileSync("umount", [disk]);
      rmSync(disk, { recursive: true, force: true });
    }
  }

  it("tell of one error each when the disk of Node-RED is full, and do not fill a log with it", async (t) => {
    const messages = await onFullDisk(
      t,
      (disk) => ({ user: path.join(disk, "user"), output: path.join(disk, "output") }),
      exampleNames,
    );
    for (const [name, [error = ""]] of messages)
      assert.match(error, name === "http-in" ? /ENOSPC/ : /^STORAGE: /, name);
  });

  it("tell of one error each when the disk they write to is full", async (t) => {
    const messages = await onFullDisk(
      t,
      (disk) => ({ user: path.join(stage.folder, "user"), output: path.join(disk, "output") }),
      // The edge's job goes to the central machine all the same.
      ["csv-report", "run-again", "fleet-edge"],
    );
    for (const [name, [error = ""]] of messages) assert.match(error, /ENOSPC/, name);
    if (messages.size > 0)
      assert.deepEqual([...messages.keys()].sort(), [
        "csv-report",
        "fleet-central",
        "fleet-edge",
        "run-again",
      ]);
  });
});
