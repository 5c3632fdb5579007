import assert from "node:assert/strict";
import { existsSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { after, before, it } from "node:test";
import { type Emulator, startEmulator } from "../../emulator/emulator";
import { makeClips } from "../support/clips";
import { type Measure, measure, measureOptions, measureSettings } from "../support/measure";
import { mixedFault } from "../support/mixed-faults";
import { type FlowNode, injectNodes, NodeRed, recordNode, until } from "../support/node-red";
import { credentials, fewerNodes, journalFiles, newUserDir, pipeline, storageOf } from "../support/pipeline";

const clipCount = 1000;
/** Bytes of heap that 1,000 clips may leave: hand-over tokens and what V8 keeps of compiled code. */
const heapLimit = 4_000_000;

/** The pipeline, with a second download node that writes files, fed with many clips at a time. */
function flows(): FlowNode[] {
  return [
    ...pipeline(emulator.url, { acc: { maxUploads: 8 }, po: { wires: [["do", "file"], []] } }),
    ...injectNodes("many", ["many"]),
    {
      id: "many",
      type: "function",
      z: "tab",
      func: `for (const name of msg.names) node.send({ payload: msg.folder + name, roboflow: { id: name } });`,
      outputs: 1,
      libs: [],
      wires: [["up"]],
    },
    recordNode("file"),
    {
      id: "file",
      type: "roboflow-video-download",
      z: "tab",
      account: "acc",
      output: "file",
      filename: `${userDir}/results/{{roboflow.fileName}}.json`,
      wires: [["record-file"]],
    },
  ];
}

let emulator: Emulator;
let userDir: string;
let nodeRed: NodeRed;
before(async () => {
  emulator = await startEmulator({
    analyse: false,
    builtInFrames: 5,
    hash: false,
    jobSeconds: 0.1,
    keepAliveSeconds: 1,
  });
  userDir = newUserDir();
  nodeRed = await NodeRed.start({
    userDir,
    flows: flows(),
    credentials,
    settings: fewerNodes + measureSettings(userDir),
    nodeOptions: measureOptions,
  });
});
after(async () => {
  await nodeRed?.stop();
  await emulator?.close();
  rmSync(userDir, { recursive: true, force: true });
});

/** Feeds clips, a hundred at a time, and waits until each has an outcome. */
async function run(round: string, count: number): Promise<void> {
  const folder = path.join(userDir, "clips", path.sep);
  for (let begun = 0; begun < count; begun += 100) {
    const names = Array.from({ length: Math.min(100, count - begun) }, (_, index) => {
      const number = String(begun + index).padStart(4, "0");
      return `${round}-${number}.mp4`;
    });
    makeClips(folder, names, 8000);
    for (const name of names) {
      const fault = mixedFault(name);
      if (fault) emulator.fault({ ...fault, match: name });
    }
    await nodeRed.inject("many", { folder, names });
    await until(
      () => journalFiles(userDir).length < 300,
      300_000,
      () => "the first to go",
    );
  }
  await until(
    () => journalFiles(userDir).length === 0,
    300_000,
    () => `${journalFiles(userDir).length} entries in the journal`,
  );
  const ended = new Set<string>();
  for (const { name, msg } of nodeRed.records())
    if ((name === "frame" && msg.parts.index === 4) || name === "file" || name === "caught")
      ended.add(msg.roboflow.id);
  const missing = [...Array(count).keys()].filter(
    (number) => !ended.has(`${round}-${String(number).padStart(4, "0")}.mp4`),
  );
  assert.deepEqual(missing, [], "clips without an outcome");
}

/** Measures until it is as before, or time is up: connections are kept for a while, as they should be. */
async function measureOnce(holds: (now: Measure) => boolean): Promise<Measure> {
  const end = Date.now() + 15_000;
  for (;;) {
    const now = await measure(nodeRed);
    if (holds(now) || Date.now() > end) return now;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

const temporary = () => {
  const results = path.join(userDir, "results");
  const parts = existsSync(results) ? readdirSync(results).filter((name) => !name.endsWith(".json")) : [];
  const spool = path.join(storageOf(userDir), ".spool");
  return [...parts, ...(existsSync(spool) ? readdirSync(spool) : [])];
};

it("after 1,000 clips, many of which went wrong, Node-RED holds nothing more than before", {
  skip: process.platform !== "linux" && "reads /proc",
}, async (t) => {
  await run("warm", 200);
  const quiet = (now: Measure) => !now.resources.TCPSocketWrap;
  const before = await measureOnce(quiet);

  const began = performance.now();
  await run("clip", clipCount);
  const seconds = (performance.now() - began) / 1000;
  const isAsBefore = (now: Measure) => quiet(now) && now.heap - before.heap < heapLimit;
  const afterwards = await measureOnce(isAsBefore);

  const errors = nodeRed.records("caught").filter(({ msg }) => msg.roboflow.id.startsWith("clip"));
  const codes = [...new Set(errors.map(({ msg }) => msg.error.code))].sort();
  t.diagnostic(`${clipCount} clips in ${seconds.toFixed(1)} s, ${errors.length} errors: ${codes.join(", ")}`);
  t.diagnostic(`before ${JSON.stringify(before)}`);
  t.diagnostic(`after  ${JSON.stringify(afterwards)}`);
  assert(codes.length >= 5, "several kinds of faults happened");
  assert.deepEqual(afterwards.resources, before.resources);
  assert(afterwards.files <= before.files, `${afterwards.files} open files, ${before.files} before`);
  assert(afterwards.heap - before.heap < heapLimit, `heap grew by ${afterwards.heap - before.heap} bytes`);
  assert.deepEqual(temporary(), []);
});
