import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { takesConnections } from "./node-red";

export interface Daemon {
  /** What it has written to its standard error so far. */
  log(): string;
  /** Ends it. */
  stop(): Promise<void>;
}

/** Debian puts servers where an ordinary user's PATH does not look. */
const programOf = (name: string): string =>
  ["/usr/sbin", "/usr/local/sbin"].map((folder) => `${folder}/${name}`).find((file) => existsSync(file)) ??
  name;

/** Starts a server, and waits until it answers at a port of 127.0.0.1. */
export async function startDaemon(name: string, args: string[], port: number): Promise<Daemon> {
  const daemon = spawn(programOf(name), args, { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  daemon.stderr.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  const mustAnswerBy = performance.now() + 30_000;
  while (!(await takesConnections(port))) {
    if (performance.now() > mustAnswerBy) throw new Error(`${name} does not answer: ${log}`);
    await delay(50);
  }
  return {
    log: () => log,
    stop: async () => {
      const ended = new Promise((resolve) => daemon.once("exit", resolve));
      daemon.kill();
      await ended;
    },
  };
}
