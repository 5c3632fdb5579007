import { readFileSync } from "node:fs";
import path from "node:path";
import type { FlowNode } from "../support/node-red";

/** What the demo puts into the example before it runs it. */
export interface Changes {
  video: string;
  /** The stand-in's address; left out, the example's own stays. */
  baseUrl?: string;
  /** `project/4`; empty leaves the example's own. */
  model: string;
}

/** Seconds between two questions to the stand-in; Roboflow itself is asked once a minute all the same. */
const interval = 1;

/** The example "four steps", ready to run: the same that people import, with the clip, the server and the model set. */
export function exampleFlow({ video, baseUrl, model }: Changes): FlowNode[] {
  const file = path.join(__dirname, "..", "..", "examples", "four-steps.json");
  const nodes = JSON.parse(readFileSync(file, "utf8")) as FlowNode[];
  const change: Record<string, (node: FlowNode) => Partial<FlowNode>> = {
    inject: () => ({ payload: video }),
    "roboflow-video-account": () => (baseUrl ? { name: "Stand-in for Roboflow", baseUrl } : {}),
    "roboflow-video-start": (node) => (model ? { models: withModel(node.models, model) } : {}),
    "roboflow-video-poll": () => (baseUrl ? { interval } : {}),
  };
  return nodes.map((node) => ({ ...node, ...change[node.type]?.(node) }));
}

function withModel(models: unknown, model: string) {
  const [modelId, modelVersion] = model.split("/");
  return (models as object[]).map((row) => ({ ...row, modelId, modelVersion }));
}

/** The one node of a type in a flow. */
export function theNode(flow: FlowNode[], type: string): FlowNode {
  const node = flow.find((candidate) => candidate.type === type);
  if (!node) throw new Error(`the example has no ${type}`);
  return node;
}
