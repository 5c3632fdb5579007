import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, it } from "node:test";
import mqtt from "mqtt";
import { type Emulator, startEmulator } from "../../emulator/emulator";
import { makeClips } from "../support/clips";
import { readExample, waitingJobs, withFolder } from "../support/example";
import { type Mosquitto, startMosquitto } from "../support/mosquitto";
import { type FlowNode, freePort, injectNodes, NodeRed, until } from "../support/node-red";

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

/** Where the examples keep what they write, as shipped. */
const shipped = "/home/pi/roboflow";

/** One of the fleet's examples, as imported, with its settings changed as its user would. */
function machine(example: string, its: string): FlowNode[] {
  return readExample(example).map((imported) => {
    const node = withFolder(imported, shipped, its) ?? imported;
    if (node.type === "roboflow-video-account") return { ...node, baseUrl: roboflow.url };
    if (node.type === "roboflow-video-poll") return { ...node, interval: 0.5 };
    if (node.type === "mqtt-broker") return { ...node, port: String(broker.port) };
    // What is ten minutes old as shipped is eight seconds old here.
    if (node.type === "exec")
      return { ...node, command: String(node.command).replace("-mmin +10", "-mmin +0.13") };
    return node.type === "inject" && node.repeat === "60" ? { ...node, repeat: "2" } : node;
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

it("60 clips, three machines, one of them killed: every clip ends, none is started twice", {
  timeout: 240_000,
}, async () => {
  const edgeFlow = machine("fleet-edge", path.join(folder, "of-edge"));
  const tab = edgeFlow.find(({ type }) => type === "tab")?.id as string;
  const upload = edgeFlow.find(({ type }) => type === "roboflow-video-upload")?.id as string;
  const central = machine("fleet-central", path.join(folder, "of-central"));

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
    const cutOff = waitingJobs(victim, "fleet-central");
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
    assert.deepEqual(
      readdirSync(path.join(folder, "of-central", "results")).sort(),
      [...ended.keys()].map((job) => `${job}.json`).sort(),
    );
    await until(
      () => readdirSync(path.join(folder, "of-edge", "outbox")).length === 0,
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
  const central = await startMachine("central-3", machine("fleet-central", path.join(folder, "again")));
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
