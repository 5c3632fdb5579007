import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Network, type NetworkOptions, RoboflowClient, VideoError } from "../../nodes/roboflow";
import { retries } from "../../nodes/roboflow/http/retry";
import { unhurried } from "../support/client-of";

export const apiKey = "rf_ConnectionKey8sK2";
const job = {
  input_url: "https://cameras.example/yard.mp4",
  infer_fps: 5,
  models: [{ model_id: "yard-motion", model_version: "1", inference_type: "object-detection" }],
};

/** For `before`: short waits between tries, and the HTTP client loaded, so that no test's time limit pays for it. */
export async function readyToConnect(): Promise<void> {
  for (const policy of Object.values(retries)) policy.first = 5;
  await import("axios");
}

/** A client that does not wait long, and goes through no proxy unless told to. */
export function clientOf(t: TestContext, url: string, options: NetworkOptions = {}): RoboflowClient {
  const network = new Network({ timings: { silence: 250, idle: 250 }, proxyFor: () => false, ...options });
  t.after(() => network.close());
  return new RoboflowClient(url, apiKey, network);
}

/** Starts a job. @returns its id, or the code of what became of it, and how often it was tried */
export async function start(
  client: RoboflowClient,
): Promise<{ outcome: string; tried: number; error?: VideoError }> {
  let tried = 0;
  const hooks = { signal: unhurried, answerSignal: unhurried, withdraw: () => {} };
  const intend = async () => {
    tried += 1;
  };
  try {
    return { outcome: await client.startJob(job, { ...hooks, intend }), tried };
  } catch (error) {
    assert.ok(error instanceof VideoError, String(error));
    return { outcome: error.code, tried, error };
  }
}

/** A server that does with every connection what it is told. @returns its port and how many there were */
export async function peer(
  t: TestContext,
  act: (socket: Socket) => void,
): Promise<{ port: number; connections: () => number; open: () => number }> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    act(socket);
  });
  await listening(t, server);
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  return { port: portOf(server), connections: () => connections, open: () => sockets.size };
}

/** Lets a server listen until the test ends. */
export async function listening(t: TestContext, server: Server): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
}
export const portOf = (server: Server) => (server.address() as AddressInfo).port;

/** A server that sleeps and whose queue of connections is full. @returns its port, and what wakes it up */
export async function sleepingServer(t: TestContext): Promise<{ port: number; wake: () => void }> {
  const script =
    'const s = require("node:http").createServer((_, r) => r.end("awake")).listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => console.log(s.address().port));';
  const child: ChildProcess = spawn(process.execPath, ["-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  const [line] = await once(createInterface({ input: child.stdout as never }), "line");
  const port = Number(line);
  child.kill("SIGSTOP");
  for (let waiting = 0; waiting < 20; waiting += 1) {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {});
    t.after(() => socket.destroy());
    const taken = await Promise.race([once(socket, "connect").then(() => true), delay(150, false)]);
    if (!taken) return { port, wake: () => child.kill("SIGCONT") };
  }
  throw new Error("the queue does not fill");
}
