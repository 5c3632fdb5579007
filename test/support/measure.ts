import { existsSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { type NodeRed, until } from "./node-red";

/** What a Node-RED holds, after its garbage has been collected. */
export interface Measure {
  /** Bytes. */
  heap: number;
  /** Bytes of memory of the whole process. */
  memory: number;
  /** Open files. */
  files: number;
  /** By kind. */
  resources: Record<string, number>;
}

/** Flags of Node.js for a Node-RED that is to be measured. */
export const measureOptions = ["--expose-gc"];

/** More of settings.js: on SIGWINCH, Node-RED writes down what it holds. */
export const measureSettings = (userDir: string): string => `
  ...(() => {
    process.on("SIGWINCH", () => {
      global.gc();
      const resources = {};
      for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
      const files = fs.readdirSync("/proc/self/fd").length;
      const { heapUsed: heap, rss: memory } = process.memoryUsage();
      fs.writeFileSync(${JSON.stringify(path.join(userDir, "measure.tmp"))}, JSON.stringify({ heap, memory, files, resources }));
      fs.renameSync(${JSON.stringify(path.join(userDir, "measure.tmp"))}, ${JSON.stringify(path.join(userDir, "measure.json"))});
    });
    return {};
  })(),`;

/** Measures a Node-RED that was started so. */
export async function measure(nodeRed: NodeRed): Promise<Measure> {
  const file = path.join(nodeRed.options.userDir, "measure.json");
  rmSync(file, { force: true });
  process.kill(nodeRed.pid, "SIGWINCH");
  await until(
    () => existsSync(file),
    30_000,
    () => "the measure",
  );
  return JSON.parse(readFileSync(file, "utf8"));
}
