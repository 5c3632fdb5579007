import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, afterEach, before, beforeEach } from "node:test";
import { type Emulator, startEmulator } from "../../emulator/emulator";
import { type Changes, killAndRestart, runExample } from "../support/example";
import type { Mosquitto } from "../support/mosquitto";
import type { FlowNode, NodeRed } from "../support/node-red";

/** The clip of the demo: 15 seconds in which something moves. */
export const clip = path.join(__dirname, "..", "..", "demo", "clip", "yard.mp4");

export const apiKey = "example-key-4711";

/** What the tests of one file share. */
export interface Stage {
  roboflow: Emulator;
  /** A folder of the running test. */
  folder: string;
  /** Imports an example into a Node-RED of the running test; it ends with the test. */
  run(name: string, change?: Changes["change"], more?: Partial<Changes>): Promise<NodeRed>;
  /** Ends that Node-RED, and forgets what it had. */
  stop(): Promise<void>;
  /** Cuts that Node-RED's power, and starts it again. */
  powerCut(): Promise<NodeRed>;
}

/** Starts the emulator before the tests of this file, and gives each test a folder and a Node-RED of its own. */
export function openStage(): Stage {
  let nodeRed: NodeRed | undefined;
  const stage = {
    run: async (name, change, more = {}) => {
      nodeRed = await runExample(name, { url: stage.roboflow.url, apiKey, change, ...more });
      return nodeRed;
    },
    stop: async () => {
      await nodeRed?.stop();
      if (nodeRed) rmSync(nodeRed.options.userDir, { recursive: true, force: true });
      nodeRed = undefined;
    },
    powerCut: async () => {
      nodeRed = await killAndRestart(nodeRed as NodeRed);
      return nodeRed;
    },
  } as Stage;
  before(async () => {
    stage.roboflow = await startEmulator({ apiKey, jobSeconds: 0.3 });
  });
  after(() => stage.roboflow.close());
  beforeEach(() => {
    stage.folder = mkdtempSync(path.join(tmpdir(), "roboflow-clips-"));
    stage.roboflow.ledger.clear();
    stage.roboflow.clearFaults();
    stage.roboflow.set({ jobSeconds: 0.3, resultFile: "" });
  });
  afterEach(async () => {
    await stage.stop();
    rmSync(stage.folder, { recursive: true, force: true });
  });
  return stage;
}

/** Has the inject node that names a clip name the demo's. */
export const sendsTheClip = (node: FlowNode) =>
  node.type === "inject" && node.payloadType === "str" ? { payload: clip } : undefined;

/** Has the example's broker be this one. */
export const throughBroker =
  ({ port }: Mosquitto) =>
  (node: FlowNode) =>
    node.type === "mqtt-broker" ? { port: String(port) } : undefined;

/** Serves a file over HTTP, as a camera or a website does. */
export async function serveFile(file: string): Promise<{ url: string; close: () => void }> {
  const server = createServer((_request, response) => response.end(readFileSync(file)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/yard.mp4`,
    close: () => server.close(),
  };
}
