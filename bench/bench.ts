import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { type Bench, openBench } from "./bench-context";
import { chart } from "./chart";
import { type Figure, type Findings, isMet, type Point } from "./figures";
import { describeMachine } from "./machine";
import { longPlan, shortPlan } from "./plan";
import { burst } from "./rows/burst";
import { fetchClips, lookIntoClip, rewriteClips } from "./rows/clips";
import {
  downloadEvents,
  downloadFile,
  downloadFiltered,
  downloadFrames,
  downloadResults,
  framesByCoreNodes,
  refuseTooLarge,
} from "./rows/download";
import { watchedFolder } from "./rows/folder";
import { journal } from "./rows/journal";
import { loading } from "./rows/loading";
import { uploadBuffer, uploadByCoreNodes, uploadByPath, uploadMany } from "./rows/upload";
import { manyJobsWaiting } from "./rows/waiting";
import { table } from "./table";

const rows: Record<string, (bench: Bench) => Promise<Findings>> = {
  upload: uploadByPath,
  fetch: fetchClips,
  look: lookIntoClip,
  rewrite: rewriteClips,
  buffer: uploadBuffer,
  parallel: uploadMany,
  "core-upload": uploadByCoreNodes,
  file: downloadFile,
  frames: downloadFrames,
  filtered: downloadFiltered,
  events: downloadEvents,
  "core-frames": framesByCoreNodes,
  results: downloadResults,
  "too-large": refuseTooLarge,
  waiting: manyJobsWaiting,
  journal,
  burst,
  folder: watchedFolder,
  loading,
};

/** `npm run bench -- [--long] [--only ROW …] [--chart FILE]` */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      long: { type: "boolean", default: false },
      only: { type: "string", multiple: true, default: Object.keys(rows) },
      chart: { type: "string" },
    },
  });
  const unknown = values.only.filter((name) => !rows[name]);
  if (unknown.length > 0)
    throw new Error(`no such row: ${unknown.join(", ")}; there are ${Object.keys(rows).join(", ")}`);

  const plan = values.long ? longPlan : shortPlan;
  const machine = describeMachine();
  const began = Date.now();
  const bench = await openBench(plan);
  const figures: Figure[] = [];
  const points: Point[] = [];
  try {
    for (const [index, name] of values.only.entries()) {
      console.error(`${index + 1}/${values.only.length} ${name} …`);
      try {
        const found = await rows[name]?.(bench);
        figures.push(...(found?.figures ?? []));
        points.push(...(found?.points ?? []));
      } catch (error) {
        // One row that fails keeps none of the others from being measured.
        console.error(`${name}:`, error);
        process.exitCode = 1;
      }
    }
  } finally {
    await bench.close();
  }

  const { processor, cores, memory, system, node, nodeRed } = machine;
  console.log(
    `\n${processor}, ${cores} cores, ${memory} GB, ${system}, Node.js ${node}, Node-RED ${nodeRed}; ${plan.name} run, ${plan.rounds} rounds\n`,
  );
  console.log(table(figures));
  const missed = figures.filter((figure) => isMet(figure) === false).length;
  console.log(
    `\n${missed === 0 ? "Every target met" : `${missed} targets not met`}, ${Math.round((Date.now() - began) / 1000)} s.`,
  );

  const out = path.join(__dirname, "out");
  mkdirSync(out, { recursive: true });
  const told = {
    machine,
    plan,
    figures: figures.map((figure) => ({ ...figure, met: isMet(figure) })),
    points,
  };
  writeFileSync(path.join(out, `${plan.name}.json`), `${JSON.stringify(told, undefined, 2)}\n`);
  if (values.chart) writeFileSync(values.chart, chart(points));
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
