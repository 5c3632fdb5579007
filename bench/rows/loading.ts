import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { dependencies } from "../../package.json";
import type { Bench } from "../bench-context";
import { type Findings, medianOf } from "../figures";
import { rounded } from "../table";
import { sample } from "./sample";

const run = promisify(execFile);
const dist = path.join(__dirname, "..", "..", "dist");

const script = `
const { readdirSync } = require("node:fs");
const [, dist, ...heavy] = process.argv;
const files = readdirSync(dist).filter((name) => name.endsWith(".js")).map((name) => require("node:path").join(dist, name));
const memory = process.memoryUsage.rss();
const began = performance.now();
for (const file of files) require(file);
const ms = performance.now() - began;
const loaded = heavy.filter((name) => Object.keys(require.cache).some((file) => file.includes("node_modules/" + name + "/")));
console.log(JSON.stringify({ ms, megabytes: (process.memoryUsage.rss() - memory) / 1e6, loaded }));`;

/** What a Node-RED pays at its start for having these nodes: the heavy parts come with the first message. */
export async function loading({ plan }: Bench): Promise<Findings> {
  const samples = await sample(plan.rounds, async () => {
    const { stdout } = await run(process.execPath, ["-e", script, dist, ...Object.keys(dependencies)]);
    return JSON.parse(stdout) as { ms: number; megabytes: number; loaded: string[] };
  });
  const work = "loading the five nodes";
  const { loaded } = samples[0] as { loaded: string[] };
  return {
    figures: [
      {
        work,
        figure: "time",
        value: medianOf(samples, ({ ms }) => ms),
        unit: "ms",
        against: `${rounded(medianOf(samples, ({ megabytes }) => megabytes))} MB`,
      },
      {
        work,
        figure: "dependencies loaded",
        value: loaded.length,
        unit: "",
        target: 0,
        against: loaded.join(", ") || `${Object.keys(dependencies).join(", ")} wait for first use`,
      },
    ],
  };
}
