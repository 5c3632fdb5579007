import type { FlowNode } from "../../demo/node-red";
import { injectNodes } from "../../test/support/node-red";

/** Where the messages that are measured come in (see `Gateway.measure`). */
export const feed = "job";

const node = (id: string, type: string, more: Record<string, unknown>): FlowNode => ({
  id,
  type,
  z: "tab",
  ...more,
});

const code = (id: string, func: string, to: string[] = []): FlowNode =>
  node(id, "function", { func, outputs: 1, libs: [], wires: [to] });

/**
 * What stands in a flow behind a Catch node, and what each message goes through before and after.
 *
 * @param timed whether the probe measures from the feed on.
 */
const frame = (first: string, timed = true): FlowNode[] => [
  { id: "tab", type: "tab", label: "bench" },
  ...injectNodes(feed, [timed ? "begin" : first]),
  ...injectNodes("warm-up", []),
  code("begin", `global.get("bench").begin(); return msg;`, [first]),
  node("count", "bench-count", {}),
  code("end", `global.get("bench").end(msg.expected || 1);`),
  node("catch", "catch", { scope: null, uncaught: false, wires: [["fail"]] }),
  code("fail", `global.get("bench").fail(msg.error);`),
];

export const accountCredentials = { account: { apiKey: "bench" } };
const account = (baseUrl: string): FlowNode => ({ id: "account", type: "roboflow-video-account", baseUrl });

/** Uploads `msg.payload`, a path; with `msg.size` a Buffer of that many bytes instead. */
export const uploadFlow = (baseUrl: string, options: Record<string, unknown> = {}): FlowNode[] => [
  ...frame("several"),
  account(baseUrl),
  // A message for each upload, all at once.
  code(
    "several",
    `const { copies = 1, size } = msg;
if (size) { msg.payload = Buffer.alloc(size, 1); msg.payload.write("ftypisom", 4, "latin1"); }
return [size ? [msg] : Array.from({ length: copies }, () => ({ payload: msg.payload, expected: copies }))];`,
    ["upload"],
  ),
  node("upload", "roboflow-video-upload", { account: "account", ...options, wires: [["end"]] }),
];

/** Downloads `msg.payload.output_signed_url`. */
export const downloadFlow = (options: Record<string, unknown>): FlowNode[] => [
  ...frame("download"),
  node("download", "roboflow-video-download", {
    ...options,
    wires: [[options.output === "frames" ? "count" : "end"]],
  }),
];

/** Watches a folder. */
export const folderFlow = (folder: string): FlowNode[] => [
  ...frame("end", false),
  node("folder", "roboflow-video-folder", { folder, wires: [["end"]] }),
];

/** Waits for `msg.jobs` jobs. */
export const pollFlow = (baseUrl: string, interval: number): FlowNode[] => [
  ...frame("jobs", false),
  account(baseUrl),
  code(
    "jobs",
    `for (let job = 0; job < msg.jobs; job++) node.send({ payload: "job-" + job });
node.done();`,
    ["poll"],
  ),
  node("poll", "roboflow-video-poll", { account: "account", interval, wires: [["end"], []] }),
];

/** Messages of a burst. */
export interface BurstPart {
  count: number;
  /** Each has its number in place of every "#". */
  message: object;
}

/** A node of ours, or another one, that gets many messages at once (see `nodes/bench-burst.js`). */
export const burstFlow = (
  baseUrl: string,
  type: string,
  options: Record<string, unknown> = {},
): FlowNode[] => [
  ...frame("burst", false),
  account(baseUrl),
  node("burst", "bench-burst", { wires: [] }),
  node("target", type, { account: "account", wires: [[], []], ...options }),
  node("complete", "complete", { scope: ["target"], uncaught: false, wires: [["end"]] }),
];

/** The upload as it is built of core nodes: file in → http request. */
export const coreUploadFlow = (): FlowNode[] => [
  ...frame("read"),
  node("read", "file in", {
    filename: "payload",
    filenameType: "msg",
    format: "",
    sendError: false,
    wires: [["put"]],
  }),
  node("put", "http request", {
    method: "PUT",
    ret: "txt",
    url: "",
    paytoqs: "ignore",
    headers: [],
    wires: [["end"]],
  }),
];

/** One message a frame as it is built of core nodes: http request → function → split. */
export const coreFramesFlow = (): FlowNode[] => [
  ...frame("get"),
  node("get", "http request", {
    method: "GET",
    ret: "obj",
    url: "",
    paytoqs: "ignore",
    headers: [],
    senderr: true,
    wires: [["zip"]],
  }),
  code(
    "zip",
    `const { frame_offset, time_offset, ...models } = msg.payload;
msg.payload = frame_offset.map((frame, i) => {
  const results = {};
  for (const model in models) results[model] = models[model][i];
  return { frame, time: time_offset[i], results };
});
return msg;`,
    ["split"],
  ),
  node("split", "split", {
    splt: "\\n",
    spltType: "str",
    arraySplt: 1,
    arraySpltType: "len",
    wires: [["count"]],
  }),
];
