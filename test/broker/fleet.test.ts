import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, it } from "node:test";
import mqtt from "mqtt";
import { type Emulator, startEmulator } from "../../emulator/emulator";
import { readExample } from "../support/example";
import { type Mosquitto, startMosquitto } from "../support/mosquitto";
import { type FlowNode, freePort, injectNodes, NodeRed, until } from "../support/node-red";
import { makeClips } from "../system/support/clips";

const apiKey = "fleet-key-0815";
const clips = 60;
const model = { model_id: "a", model_version: "1", inference_type: "object-detection" };

let roboflow: Emulator;
let broker: Mosquitto;
let folder: string;

before(async () => {
  roboflow = await startEmulator({ apiKey, analyse: false, builtInFrames: 5, jobSeconds: 4 });
  broker = await startMosquitto();
  folder = mkdtempSync(path.join(tmpdir(), "roboflow-fleet-"));
});
after(async () => {
  await roboflow.close();
  await broker.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** One of the fleet's examples, as imported, with its settings changed as its user would. */
function machine(example: string, env: Record<string, string>): FlowNode[] {
  return readExample(example).map((node) => {
    if (node.type === "roboflow-video-account") return { ...node, baseUrl: roboflow.url };
    if (node.type === "roboflow-video-poll") return { ...node, interval: 0.5 };
    if (node.type === "mqtt-broker") return { ...node, port: String(broker.port) };
    if (node.type !== "tab") return node;
    const settings = node.env as { name: string; value: string }[];
    return { ...node, env: settings.map((entry) => ({ ...entry, value: env[entry.name] ?? entry.value })) };
  });
}

/** A Node-RED into which the flows were imported through its admin API, or one that has them from before. */
async function startMachine(
  name: string,
  flows: FlowNode[],
  keepFlows = false,
  port?: number,
): Promise<NodeRed> {
  const nodeRed = await NodeRed.start({
    userDir: path.join(folder, name),
    flows: [],
    keepFlows,
    port: port ?? (await freePort()),
    env: { ROBOFLOW_API_KEY: apiKey },
  });
  if (!keepFlows) {
    await nodeRed.deploy(flows);
    await nodeRed.waitForOutput(/Started flows[\s\S]*Started flows/);
  }
  return nodeRed;
}

/** The jobs that a machine was waiting for when it ended. */
function journalled({ options }: NodeRed): number {
  const { id } = readExample("fleet-central").find(({ type }) => type === "roboflow-video-poll") as FlowNode;
  return readdirSync(path.join(options.userDir, "roboflow-video", id)).filter((name) =>
    name.endsWith(".json"),
  ).length;
}

it("60 clips, three machines, one of them killed: every clip ends, none is started twice", {
  timeout: 240_000,
}, async () => {
  const results = path.join(folder, "results");
  const outbox = path.join(folder, "outbox-of-edge");
  const edgeFlow = machine("fleet-edge", { REPEAT_SECONDS: "8", OUTBOX: outbox });
  const tab = edgeFlow.find(({ type }) => type === "tab")?.id as string;
  const upload = edgeFlow.find(({ type }) => type === "roboflow-video-upload")?.id as string;
  const central = machine("fleet-central", { RESULTS_FOLDER: results });

  const ended = new Map<string, number>();
  const listener = await mqtt.connectAsync(broker.url, { protocolVersion: 5 });
  listener.on("message", (_topic, payload) => {
    const { jobId } = JSON.parse(payload.toString());
    ended.set(jobId, (ended.get(jobId) ?? 0) + 1);
  });
  await listener.subscribeAsync("roboflow/ended", { qos: 1 });

  const machines = await Promise.all([
    startMachine("edge", [...edgeFlow, ...injectNodes("clip", [upload], tab)]),
    startMachine("central-1", central),
    startMachine("central-2", central),
  ]);
  const [edge, , victim] = machines as [NodeRed, NodeRed, NodeRed];
  try {
    // Subscriptions come a moment after the flows.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const names = Array.from({ length: clips }, (_, number) => `clip-${number}.mp4`);
    for (const file of makeClips(path.join(folder, "clips"), names))
      await edge.inject("clip", { payload: file });

    await until(
      () => ended.size >= 5,
      60_000,
      () => `${ended.size} clips have ended`,
    );
    await victim.kill();
    const killedAt = ended.size;
    // Its share, by its own journal.
    const cutOff = journalled(victim);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    machines[2] = await startMachine("central-2", central, true, victim.port);

    await until(
      () => ended.size === clips,
      150_000,
      () => `${ended.size} of ${clips} clips have ended`,
    );
    assert.ok(killedAt < clips && cutOff > 0, `${killedAt} had ended, ${cutOff} were cut off`);
    const jobs = roboflow.ledger.clips();
    for (const name of names) assert.equal(jobs[name]?.jobs, 1, name);
    assert.deepEqual(readdirSync(results).sort(), [...ended.keys()].map((job) => `${job}.json`).sort());
    await until(
      () => readdirSync(path.join(outbox, "outbox")).length === 0,
      20_000,
      () => "jobs are left in the outbox",
    );
    console.log(
      `${killedAt} clips had ended at the kill, which cut off ${cutOff}; ${[...ended.values()].filter((times) => times > 1).length} ended more than once`,
    );
  } finally {
    await listener.endAsync(true);
    await Promise.all(machines.map((nodeRed) => nodeRed.stop()));
  }
});

it("a job that comes again while it is waited for is waited for, and told of, once", async () => {
  const central = await startMachine(
    "central-3",
    machine("fleet-central", { RESULTS_FOLDER: path.join(folder, "again") }),
  );
  const client = await mqtt.connectAsync(broker.url, { protocolVersion: 5 });
  const ended: string[] = [];
  client.on("message", (_topic, payload) => ended.push(JSON.parse(payload.toString()).jobId));
  try {
    await client.subscribeAsync("roboflow/ended", { qos: 1 });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const start = async () => {
      const response = await fetch(`${roboflow.url}/videoinfer/?api_key=${apiKey}`, {
        method: "POST",
        body: JSON.stringify({ input_url: "http://127.0.0.1/a.mp4", infer_fps: 5, models: [model] }),
      });
      return ((await response.json()) as { job_id: string }).job_id;
    };
    const jobId = await start();
    const publish = () =>
      client.publishAsync(
        "roboflow/jobs",
        JSON.stringify({ payload: jobId, roboflow: { id: "one", jobId } }),
        {
          qos: 1,
        },
      );
    for (let times = 0; times < 3; times += 1) await publish();
    await until(
      () => ended.length > 0,
      20_000,
      () => central.output,
    );
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert.deepEqual(ended, [jobId]);
    // An end that nobody heard of is told again.
    await publish();
    await until(
      () => ended.length === 2,
      20_000,
      () => central.output,
    );
  } finally {
    await client.endAsync(true);
    await central.stop();
  }
});
