import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type EmulatorProcess, startEmulatorProcess } from "../emulator/process";
import { type FlowNode, freePort, NodeRed, takesConnections } from "./node-red";

/** The ports that the demo would like; others are taken where these are not free. */
const editorPort = 1880;
const emulatorPort = 1881;

/** Seconds a job takes at the emulator: long enough to see one that is still running. */
const jobSeconds = 3;

/** Starts the emulator as a process of its own. */
export function startEmulator(): Promise<EmulatorProcess> {
  return onFreePort(emulatorPort, (port) =>
    startEmulatorProcess(["--port", String(port), "--api-key", "demo", "--job-seconds", String(jobSeconds)]),
  );
}

/**
 * Starts a real Node-RED in a user directory of its own.
 *
 * @param folder to hold the user directory and `events.jsonl`.
 * @param key goes to the account's credentials; without one, `ROBOFLOW_API_KEY` of `env` counts.
 */
export function startNodeRed(
  folder: string,
  flows: FlowNode[],
  { key, account, env }: { key?: string; account: FlowNode; env: Record<string, string> },
): Promise<NodeRed> {
  const userDir = path.join(folder, "node-red");
  addObserver(userDir);
  return onFreePort(editorPort, (port) =>
    NodeRed.start({
      userDir,
      flows,
      credentials: key ? { [account.id]: { apiKey: key } } : {},
      port,
      env: {
        ...env,
        ...withoutProxyToThisMachine(),
        ROBOFLOW_DEMO_EVENTS: eventFile(folder),
      },
    }),
  );
}

export const eventFile = (folder: string) => path.join(folder, "events.jsonl");

/** Node-RED finds plugins among the packages of its user directory. */
function addObserver(userDir: string): void {
  const folder = path.join(userDir, "node_modules", "roboflow-video-demo-observer");
  mkdirSync(folder, { recursive: true });
  copyFileSync(path.join(__dirname, "observer.js"), path.join(folder, "observer.js"));
  const manifest = {
    name: "roboflow-video-demo-observer",
    version: "1.0.0",
    "node-red": { plugins: { observer: "observer.js" } },
  };
  writeFileSync(path.join(folder, "package.json"), JSON.stringify(manifest));
}

/** A proxy of the network around us cannot reach the emulator on this machine. */
function withoutProxyToThisMachine(): Record<string, string> {
  const others = process.env.no_proxy ?? process.env.NO_PROXY;
  const list = [...(others ? [others] : []), "127.0.0.1", "localhost"].join(",");
  return { no_proxy: list, NO_PROXY: list };
}

/** Starts a server on the port that it would like, or on a free one. */
async function onFreePort<T>(wish: number, start: (port: number) => Promise<T>): Promise<T> {
  if (!(await takesConnections(wish))) {
    try {
      return await start(wish);
    } catch (error) {
      // Somebody may have come first since we looked; anything else is not cured by another port.
      if (!(await takesConnections(wish))) throw error;
    }
  }
  return start(await freePort());
}
