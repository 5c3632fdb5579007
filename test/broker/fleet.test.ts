import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, it } from "node:test";
import mqtt from "mqtt";
import { type Emulator, startEmulator } from "../emulator/emulator";
import { readExample } from "../examples/example";
import { type FlowNode, freePort, injectNodes, NodeRed, until } from "../support/node-red";
import { makeClips } from "../system/support/clips";
import { type Mosquitto, startMosquitto } from "./mosquitto";

const apiKey = "fleet-key-0815";
const clips = 60;

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

async function startMachine(
  name: string,
  flows: FlowNode[],
  keepFlows = false,
  port?: number,
): Promise<NodeRed> {
  return NodeRed.start({
    userDir: path.join(folder, name),
    flows,
    keepFlows,
    port: port ?? (await freePort()),
    env: { ROBOFLOW_API_KEY: apiKey },
  });
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
    await new Promise((resolve) => setTimeout(resolve, 1000));
    machines[2] = await startMachine("central-2", central, true, victim.port);

    await until(
      () => ended.size === clips,
      150_000,
      () => `${ended.size} of ${clips} clips have ended`,
    );
    assert.ok(killedAt < clips, "the kill came too late to prove anything");
    const jobs = roboflow.ledger.clips();
    for (const name of names) assert.equal(jobs[name]?.jobs, 1, name);
    assert.deepEqual(readdirSync(results).sort(), [...ended.keys()].map((job) => `${job}.json`).sort());
    await until(
      () => readdirSync(path.join(outbox, "outbox")).length === 0,
      20_000,
      () => "jobs are left in the outbox",
    );
    console.log(
      `${killedAt} clips had ended at the kill; ${[...ended.values()].filter((times) => times > 1).length} ended more than once`,
    );
  } finally {
    await listener.endAsync(true);
    await Promise.all(machines.map((nodeRed) => nodeRed.stop()));
  }
});
