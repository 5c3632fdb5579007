import { readExample } from "./examples";
import type { FlowNode } from "./node-red";

/** What the demo puts into the example before it runs it. */
export interface Changes {
  video: string;
  /** The emulator's URL; left out, the example's own stays. */
  baseUrl?: string;
  /** `project/4`; empty leaves the example's own. */
  model: string;
}

/** Polling interval in seconds; Roboflow itself is polled once a minute all the same. */
const interval = 1;

/** The one whose page shows the clip runs; the one to learn from stands beside it. */
const examples = ["viewer", "four-steps"];

/** The examples, ready to run, with the events of the clip beside its page. */
export const exampleFlow = (changes: Changes): FlowNode[] => withEvents(readyExamples(changes));

/** The same examples that people import, with the clip, the server and the model set. */
export function readyExamples({ video, baseUrl, model }: Changes): FlowNode[] {
  const nodes = new Map<string, FlowNode>();
  // They share one account.
  for (const node of examples.flatMap(readExample)) nodes.set(node.id, nodes.get(node.id) ?? node);
  const change: Record<string, (node: FlowNode) => Partial<FlowNode>> = {
    inject: () => ({ payload: video }),
    "roboflow-video-account": () => (baseUrl ? { name: "Roboflow emulator", baseUrl } : {}),
    "roboflow-video-start": (node) => (model ? { models: withModel(node.models, model) } : {}),
    "roboflow-video-poll": () => (baseUrl ? { interval } : {}),
  };
  return [...nodes.values()].map((node) => ({ ...node, ...change[node.type]?.(node) }));
}

/** The same flow with the events beside the frames that the page shows: another download node, and a debug node. */
function withEvents(flow: FlowNode[]): FlowNode[] {
  const frames = theNode(flow, "roboflow-video-download");
  // Below all the others.
  const y = Math.max(...flow.filter(({ z }) => z === frames.z).map((node) => Number(node.y))) + 60;
  const x = Number(frames.x);
  const events = {
    ...frames,
    id: "demo-events",
    name: "events",
    output: "events",
    y,
    wires: [["demo-events-debug"]],
  };
  const debug = { id: "demo-events-debug", type: "debug", z: frames.z, name: "events", complete: "payload" };
  const sidebar = { active: true, tosidebar: true, targetType: "msg", x: x + 200, y, wires: [] };
  return [
    ...flow.map((node) => ({ ...node, wires: wiresBeside(node.wires, frames.id, events.id) })),
    events,
    { ...debug, ...sidebar },
  ] as FlowNode[];
}

/** Has every wire that leads to a node lead to another one as well. */
const wiresBeside = (wires: unknown, to: string, beside: string) =>
  (wires as string[][] | undefined)?.map((output) => (output.includes(to) ? [...output, beside] : output));

function withModel(models: unknown, model: string) {
  const [modelId, modelVersion] = model.split("/");
  return (models as object[]).map((row) => ({ ...row, modelId, modelVersion }));
}

/** The first node of a type in a flow. */
export function theNode(flow: FlowNode[], type: string): FlowNode {
  const node = flow.find((candidate) => candidate.type === type);
  if (!node) throw new Error(`the example has no ${type}`);
  return node;
}
