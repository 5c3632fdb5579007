import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { catchNodes, type FlowNode, injectNodes, type NodeRed, recordNode } from "./node-red";

/** Properties to lay over those of the four nodes. */
export type Changes = Partial<Record<"up" | "st" | "po" | "do" | "acc", Record<string, unknown>>>;

/**
 * Upload, start, poll and download in a row on one tab, fed at `/feed/clip`. Records `job` (what start sends),
 * `frame` (what download sends), `done` (Complete of any of the four) and `caught`.
 */
export function pipeline(baseUrl: string, changes: Changes = {}): FlowNode[] {
  const four = ["up", "st", "po", "do"];
  return [
    { id: "tab", type: "tab", label: "Clips" },
    { id: "acc", type: "roboflow-video-account", baseUrl, ...changes.acc },
    ...injectNodes("clip", ["up"]),
    ...catchNodes(),
    ...["job", "frame", "done"].map((name) => recordNode(name)),
    { id: "complete", type: "complete", z: "tab", scope: four, uncaught: false, wires: [["record-done"]] },
    video("up", "upload", [["st"]]),
    video("st", "start", [["po", "record-job"]], {
      models: [{ modelId: "people/4", inferenceType: "object-detection", confidence: 0.4 }],
    }),
    video("po", "poll", [["do"], []], { interval: 0.3 }),
    video("do", "download", [["record-frame"]], { output: "frames" }),
  ];

  function video(
    id: keyof Changes,
    step: string,
    wires: string[][],
    own: Record<string, unknown> = {},
  ): FlowNode {
    return { id, type: `roboflow-video-${step}`, z: "tab", account: "acc", wires, ...own, ...changes[id] };
  }
}

/** The nodes of others that `roundabout` puts between ours: a change of one of them is a change on the way. */
export const between = ["call-f", "link-in", "link-out", "sub-f", "back"];

/**
 * The pipeline with nodes of others between ours: a function before start, a pair of link nodes before poll, and a
 * subflow before download. Start stands inside a second subflow.
 *
 * @param changes properties to lay over those of any node, by its id.
 */
export function roundabout(
  baseUrl: string,
  changes: Record<string, Record<string, unknown>> = {},
): FlowNode[] {
  const flows: FlowNode[] = [
    ...pipeline(baseUrl, {
      up: { wires: [["call-f"]] },
      st: { z: "starter", wires: [[]] },
      po: { wires: [["through"], []] },
    }),
    passOn("call-f", ["start"]),
    subflow("starter", "st", "st"),
    {
      id: "start",
      type: "subflow:starter",
      z: "tab",
      name: "",
      env: [],
      wires: [["link-out", "record-job"]],
    },
    { id: "link-out", type: "link out", z: "tab", mode: "link", links: ["link-in"], wires: [] },
    { id: "far", type: "tab", label: "Far" },
    { id: "link-in", type: "link in", z: "far", links: ["link-out"], wires: [["back"]] },
    { id: "back", type: "link out", z: "far", mode: "link", links: ["home"], wires: [] },
    { id: "home", type: "link in", z: "tab", links: ["back"], wires: [["po"]] },
    subflow("sub", "sub-f", "sub-f"),
    { ...passOn("sub-f", []), z: "sub", wires: [[]] },
    { id: "through", type: "subflow:sub", z: "tab", name: "", env: [], wires: [["do"]] },
    { id: "other", type: "tab", label: "Other" },
    { id: "note", type: "comment", z: "other", name: "", wires: [] },
  ];
  return flows.map((node) => ({ ...node, ...changes[node.id] }));
}

const passOn = (id: string, to: string[]): FlowNode => ({
  id,
  type: "function",
  z: "tab",
  func: "return msg;",
  outputs: 1,
  libs: [],
  wires: [to],
});

const subflow = (id: string, first: string, last: string): FlowNode => ({
  id,
  type: "subflow",
  name: id,
  in: [{ x: 1, y: 1, wires: [{ id: first }] }],
  out: [{ x: 1, y: 1, wires: [{ id: last, port: 0 }] }],
});

/** The key that the emulator takes by default. */
export const credentials = { acc: { apiKey: "demo" } };

export const newUserDir = (): string => mkdtempSync(path.join(tmpdir(), "roboflow-system-"));

/** Core nodes that no test here needs: without them Node-RED starts in two thirds of the time. */
export const fewerNodes = `nodesExcludes: ["90-exec.js", "89-trigger.js", "10-mqtt.js", "22-websocket.js",
  "31-tcpin.js", "32-udp.js", "70-CSV.js", "70-HTML.js", "70-JSON.js", "70-XML.js", "70-YAML.js",
  "10-file.js", "23-watch.js", "16-range.js", "17-split.js", "18-sort.js", "19-batch.js",
  "80-template.js", "15-change.js", "10-switch.js", "12-rbe.js", "21-httprequest.js"],`;

export const storageOf = (userDir: string): string => path.join(userDir, "roboflow-video");

/** All files in the journal, relative to its folder. */
export function journalFiles(userDir: string): string[] {
  const root = storageOf(userDir);
  return namesIn(root)
    .filter((folder) => !folder.startsWith("."))
    .flatMap((folder) => namesIn(path.join(root, folder)).map((name) => path.join(folder, name)))
    .sort();
}

/** What stands in the journal, of one node or of all. */
export function journalEntries(userDir: string, node = ""): Record<string, any>[] {
  return journalFiles(userDir)
    .filter((name) => name.startsWith(node) && name.endsWith(".json"))
    .flatMap((name) => {
      try {
        return [JSON.parse(readFileSync(path.join(storageOf(userDir), name), "utf8"))];
      } catch {
        return []; // Settled meanwhile.
      }
    });
}

/** Names of the clips of which every frame has been recorded. */
export function clipsWithResult(nodeRed: NodeRed): Set<string> {
  const seen = new Map<string, Set<number>>();
  const whole = new Set<string>();
  for (const { msg } of nodeRed.records("frame")) {
    const indexes = seen.get(msg.parts.id) ?? new Set();
    seen.set(msg.parts.id, indexes.add(msg.parts.index));
    if (indexes.size === msg.parts.count) whole.add(msg.roboflow.fileName);
  }
  return whole;
}

/** The names in a folder, which may be removed meanwhile. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
