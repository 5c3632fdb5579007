import { existsSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { readExample } from "../../demo/examples";
import { type FlowNode, NodeRed, recordNode } from "./node-red";

export { exampleNames, readExample } from "../../demo/examples";

export interface Changes {
  /** The emulator's address, and its key. */
  url: string;
  apiKey: string;
  /** Any property of a node, chosen by what it is, as its user would change it. */
  change?: (node: FlowNode) => Partial<FlowNode> | undefined;
  /** More of settings.js. */
  settings?: string;
  /** Nodes beside those of the example, for a test that stands in for what its user would connect. */
  more?: (example: FlowNode[]) => FlowNode[];
}

/**
 * Imports an example into a real Node-RED through its admin API, changed as its user would. What its debug
 * nodes get is recorded under their names.
 */
export async function runExample(name: string, changes: Changes): Promise<NodeRed> {
  const { apiKey, settings, more = () => [] } = changes;
  const nodeRed = await NodeRed.start({
    userDir: mkdtempSync(path.join(tmpdir(), `roboflow-example-${name}-`)),
    flows: [],
    settings,
    env: { ROBOFLOW_API_KEY: apiKey },
  });
  const nodes = changed(readExample(name), changes);
  await deployExamples(nodeRed, [...recorded(nodes), ...more(nodes)]);
  return nodeRed;
}

/** Deploys nodes of examples, and waits until they run. */
export async function deployExamples(nodeRed: NodeRed, nodes: FlowNode[]): Promise<void> {
  await nodeRed.deploy(nodes);
  await nodeRed.waitForOutput(/Started flows[\s\S]*Started flows/);
}

/** An example as its user would change it, and leading to the emulator. */
export const changed = (
  nodes: FlowNode[],
  { url, change = () => undefined }: Pick<Changes, "url" | "change">,
): FlowNode[] => nodes.map((node) => ({ ...node, ...pointedAt(node, url), ...change(node) }));

/** An example whose debug nodes record what they get under their names, behind what is put in front of these. */
export function recorded(nodes: FlowNode[], inFront = ""): FlowNode[] {
  return nodes.map((node) =>
    node.type === "debug"
      ? { ...recordNode(`${inFront}${node.name}`, String(node.z)), id: node.id, x: node.x, y: node.y }
      : node,
  );
}

/** Kills Node-RED, as a power cut does, and starts it again with what it has on disk. */
export async function killAndRestart(nodeRed: NodeRed): Promise<NodeRed> {
  await nodeRed.kill();
  return NodeRed.start({ ...nodeRed.options, keepFlows: true, port: nodeRed.port });
}

/** How many jobs an example's "poll job" has taken on and not finished, by its journal. */
export function waitingJobs({ options }: NodeRed, example: string): number {
  const poll = readExample(example).find(({ type }) => type === "roboflow-video-poll") as FlowNode;
  const journal = path.join(options.userDir, "roboflow-video", poll.id);
  return existsSync(journal) ? readdirSync(journal).filter((name) => name.endsWith(".json")).length : 0;
}

/** Writes a result file as Roboflow would: of each frame its time, and the classes of what was seen. */
export function writeResult(file: string, frames: { time: number; classes: string[] }[]): string {
  const box = { x: 50, y: 50, width: 20, height: 20, confidence: 0.9, class_id: 0 };
  writeFileSync(
    file,
    JSON.stringify({
      frame_offset: frames.map((_, number) => number),
      time_offset: frames.map(({ time }) => time),
      "yard-watch": frames.map(({ classes }) => ({
        image: { width: 100, height: 100 },
        predictions: classes.map((name) => ({ ...box, class: name })),
      })),
    }),
  );
  return file;
}

/** What a node that names a folder of the example becomes when it names another, wherever it stands in its settings. */
export function withFolder(node: FlowNode, shipped: string, folder: string): FlowNode | undefined {
  const text = JSON.stringify(node);
  return text.includes(shipped)
    ? JSON.parse(text.replaceAll(shipped, JSON.stringify(folder).slice(1, -1)))
    : undefined;
}

function pointedAt({ type }: FlowNode, url: string): Partial<FlowNode> {
  if (type === "roboflow-video-account") return { baseUrl: url };
  return type === "roboflow-video-poll" ? { interval: 0.3 } : {};
}

/** Presses the button of an inject node, as the editor does. */
export async function pressButton(nodeRed: NodeRed, example: string, name: string): Promise<void> {
  const inject = readExample(example).find((node) => node.type === "inject" && node.name === name);
  const response = await fetch(`${nodeRed.url}/inject/${inject?.id}`, { method: "POST" });
  if (!response.ok) throw new Error(`inject "${name}": HTTP ${response.status}`);
}
