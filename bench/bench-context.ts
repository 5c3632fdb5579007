import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Plan } from "./plan";
import { type Server, startServer } from "./server/server";

/** What every row measures with. */
export interface Bench {
  plan: Plan;
  server: Server;
  /** What the server serves. */
  files: string;
  /** A folder of its own for each Node-RED. */
  folder(name: string): string;
  close(): Promise<void>;
}

/** Starts the server over a temporary folder that is gone when the bench is closed. */
export async function openBench(plan: Plan): Promise<Bench> {
  const root = mkdtempSync(path.join(tmpdir(), "roboflow-bench-"));
  const files = path.join(root, "files");
  mkdirSync(files);
  const server = await startServer(files);
  let folders = 0;
  const remove = () => rmSync(root, { recursive: true, force: true });
  process.once("exit", remove);
  return {
    plan,
    server,
    files,
    folder: (name) => path.join(root, `${name}-${folders++}`),
    close: async () => {
      await server.stop();
      remove();
    },
  };
}
