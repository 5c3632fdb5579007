import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import type { ServerReport } from "./report";

/** The server as the rows use it. */
export interface Server {
  url: string;
  report(): Promise<ServerReport>;
  clear(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the server in a process of its own; it serves the files of `folder` under `/result/`. */
export async function startServer(folder: string): Promise<Server> {
  const child = spawn(process.execPath, ["--import", "tsx", path.join(__dirname, "main.ts"), folder], {
    cwd: path.join(__dirname, "..", ".."),
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  const [port] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  const url = `http://127.0.0.1:${port}`;
  const ask = async (what: string) => (await fetch(`${url}/${what}`)).json();
  return {
    url,
    report: async () => (await ask("report")) as ServerReport,
    clear: async () => void (await ask("clear")),
    stop: async () => {
      child.kill();
      await ended;
    },
  };
}
