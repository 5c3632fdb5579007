import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { FolderMemory } from "../../nodes/folder/memory";
import { scanFolder } from "../../nodes/folder/scan";
import { FolderWatcher } from "../../nodes/folder/watcher";
import { until } from "../../test/support/node-red";
import type { Bench } from "../bench-context";
import { type Findings, medianOf, megabyte } from "../figures";
import { folderFlow } from "../gateway/flows";
import { Gateway } from "../gateway/gateway";
import { forgetPeak, peakMemory, processorTime } from "../gateway/process-figures";
import { rounded } from "../table";

/** Milliseconds in which all that a first look needs once is done. */
const settling = 5000;

/** A watched folder with thousands of clips that are known: what looking at them again and again costs. */
export async function watchedFolder({ plan, folder }: Bench): Promise<Findings> {
  const { files, seconds } = plan.folder;
  const root = folder("clips");
  const clips = path.join(root, "clips");
  mkdirSync(clips, { recursive: true });
  for (let number = 0; number < files; number++)
    writeFileSync(path.join(clips, `clip-${number}.mp4`), "clip");
  const looks = await compareLooks(clips, path.join(root, "memory.jsonl"), 2 * plan.rounds + 1);

  // Idle is a Node-RED whose folder is still away.
  const away = `${clips}-away`;
  renameSync(clips, away);
  const gateway = await Gateway.start(folder("folder"), folderFlow(clips));
  const { nodeRed } = gateway;
  try {
    const memoryFile = path.join(gateway.folder, "roboflow-video", ".folders", "folder.jsonl");
    renameSync(away, clips);
    await until(
      () => existsSync(memoryFile),
      60_000,
      () => nodeRed.output.slice(-2000),
    );
    const memoryAtFirst = peakMemory(nodeRed.pid) - gateway.idle;
    await delay(settling);
    forgetPeak(nodeRed.pid);
    const before = processorTime(nodeRed.pid);
    await delay(1000 * seconds);
    const cpu = (processorTime(nodeRed.pid) - before) / seconds;
    const memory = peakMemory(nodeRed.pid) - gateway.idle;
    const work = `watched folder of ${files.toLocaleString("en-US")} clips`;
    return {
      figures: [
        {
          work,
          figure: "one look",
          value: looks.ours.ms / looks.plain.ms,
          unit: "× readdir and stat",
          target: 1.5,
          against: `${rounded(looks.ours.ms)} ms; plain ${rounded(looks.plain.ms)} ms`,
        },
        {
          work,
          figure: "processor, one look",
          value: looks.ours.cpu / looks.plain.cpu,
          unit: "× readdir and stat",
          target: 1.5,
          against: `${rounded(looks.ours.cpu)} ms; plain ${rounded(looks.plain.cpu)} ms`,
        },
        { work, figure: "processor", value: 100 * cpu, unit: "% of a core", target: 10 },
        {
          work,
          figure: "memory",
          value: memory / megabyte,
          unit: "MB over idle",
          target: 32,
          against: `first look ${rounded(memoryAtFirst / megabyte)} MB`,
        },
      ],
    };
  } finally {
    await gateway.stop();
  }
}

interface Cost {
  /** Milliseconds. */
  ms: number;
  /** The same of processor time, of all threads. */
  cpu: number;
}

/** One look of ours, against a list of the folder and a stat of each file; in turns, so that both meet the same machine. */
async function compareLooks(clips: string, memoryFile: string, rounds: number) {
  const memory = new FolderMemory(memoryFile);
  const watcher = new FolderWatcher(clips, memory, 5000);
  const extensions = new Set(["mp4"]);
  const look = async () => {
    const scan = await scanFolder(clips, { subfolders: false, extensions });
    if (!memory.knows(clips))
      memory.begin(
        { folder: clips, identity: scan.identity },
        scan.clips.map(({ name, sizeBytes, modifiedMs }) => [name, { sizeBytes, modifiedMs }]),
      );
    await watcher.look(scan, performance.now(), new Set());
  };
  const plain = async () => {
    for (const name of await readdir(clips)) await stat(path.join(clips, name));
  };
  await look();
  await plain();
  const costs = { ours: [] as Cost[], plain: [] as Cost[] };
  for (let round = 0; round < rounds; round++) {
    costs.ours.push(await cost(look));
    costs.plain.push(await cost(plain));
  }
  const middle = (all: Cost[]): Cost => ({
    ms: medianOf(all, ({ ms }) => ms),
    cpu: medianOf(all, ({ cpu }) => cpu),
  });
  return { ours: middle(costs.ours), plain: middle(costs.plain) };
}

async function cost(act: () => Promise<void>): Promise<Cost> {
  const before = process.cpuUsage();
  const began = performance.now();
  await act();
  const { user, system } = process.cpuUsage(before);
  return { ms: performance.now() - began, cpu: (user + system) / 1000 };
}
