import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, afterEach, before } from "node:test";
import { catchNodes, type FlowNode, injectNodes, NodeRed, type NodeRedOptions } from "../../support/node-red";
import { viewerNode } from "../../support/viewer";

export const yard = path.join(__dirname, "..", "..", "..", "demo", "clip", "yard.mp4");
export const flows = (own: Record<string, unknown> = {}, ...more: FlowNode[]): FlowNode[] => [
  { id: "tab", type: "tab", label: "test" },
  ...injectNodes("tell", ["viewer"]),
  viewerNode(own),
  ...catchNodes(),
  ...more,
];

/** The Node-RED of one test, stopped when the test ends, and a folder that goes with the last one. */
export class ViewerStage {
  folder = "";
  nodeRed: NodeRed | undefined;

  constructor() {
    before(() => {
      this.folder = mkdtempSync(path.join(tmpdir(), "viewer-system-"));
    });
    afterEach(async () => {
      await this.nodeRed?.stop();
      this.nodeRed = undefined;
    });
    after(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  async start(options: Partial<NodeRedOptions> & { flows: FlowNode[] }): Promise<NodeRed> {
    this.nodeRed = await NodeRed.start({ userDir: this.newUserDir(), ...options });
    return this.nodeRed;
  }

  newUserDir(): string {
    return mkdtempSync(path.join(this.folder, "nr-"));
  }

  /** Of the page. */
  get address(): string {
    return `${this.nodeRed?.url}/video`;
  }

  /** What the page asks for of a clip. */
  async textOf(id: string, what: string): Promise<string> {
    const answer = await fetch(`${this.address}/page/${encodeURIComponent(id)}/${what}`);
    assert.equal(answer.status, 200, `${id} ${what}`);
    return answer.text();
  }

  /** The frames that the page gets of a clip, as they are kept. */
  async framesKept(id: string): Promise<[number, number, unknown[]][]> {
    const { windows } = JSON.parse(await this.textOf(id, "summary"));
    const texts = [];
    for (const [number] of windows) texts.push(await this.textOf(id, `frames/${number}`));
    return texts
      .join("")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
  }
}

/** An inject node that sends frames by itself: without pages, there is no other way in. */
export const ticking = (to: string): FlowNode[] => [
  {
    id: "tick",
    type: "inject",
    z: "tab",
    props: [{ p: "payload" }],
    payload: "x",
    payloadType: "str",
    once: true,
    onceDelay: 0.3,
    repeat: "",
    wires: [[to]],
  },
];

/** The message of one frame with a person in it. */
export function madeFrame(index: number, count: number) {
  return {
    roboflow: { id: "made", jobId: "j", inferFps: 10 },
    parts: { id: "made", index, count },
    payload: {
      frame: index,
      time: index / 10,
      image: { width: 100, height: 100 },
      predictions: [{ model: "m", class: "person", confidence: 0.9, x: 50, y: 50, width: 20, height: 10 }],
      results: { m: null },
    },
  };
}

/** A function node that sends made-up frames. */
export const makerNode = (body: string): FlowNode => ({
  id: "maker",
  type: "function",
  z: "tab",
  func: `const frame = (index, count, boxes) => ({
  roboflow: { id: "made", jobId: "j", inferFps: 10, videoPath: ${JSON.stringify(yard)} },
  parts: { id: "made", index, count },
  payload: { frame: index, time: index / 10, image: { width: 100, height: 100 }, results: { m: null },
    predictions: Array.from({ length: boxes }, (_, n) => ({ model: "m", class: "c" + n % 5, confidence: 0.5, x: 50 + n / 7, y: 50, width: 20, height: 10 })) },
});
${body}`,
  outputs: 1,
  libs: [],
  wires: [["viewer"]],
});

/** A person in frames 0 to 4 and 15 to 19, at 5 frames a second. */
export function resultOf(frames: number) {
  const person = { class: "person", confidence: 0.9, x: 50, y: 40, width: 20, height: 10, class_id: 0 };
  const list = Array.from({ length: frames }, (_, frame) => frame);
  return {
    frame_offset: list,
    time_offset: list.map((frame) => frame / 5),
    "yard-watch": list.map((frame) => ({
      image: { width: 100, height: 80 },
      predictions: frame < 5 || frame >= 15 ? [person] : [],
    })),
  };
}

/** A server on this machine. */
export async function serve(bodyOf: (url: string) => string): Promise<Server> {
  const server = createServer((request, response) => response.end(bodyOf(request.url ?? "")));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}
