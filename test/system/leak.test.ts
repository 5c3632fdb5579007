import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { after, before, it } from "node:test";
import { type Emulator, startEmulator } from "../../emulator/emulator";
import type { FaultOrder } from "../../emulator/faults";
import { type FlowNode, injectNodes, NodeRed, recordNode, until } from "../support/node-red";
import { makeClips } from "./support/clips";
import { credentials, fewerNodes, journalFiles, newUserDir, pipeline, storageOf } from "./support/pipeline";

const clipCount = 1000;
/** Bytes of heap that 1,000 clips may leave: hand-over tokens and what V8 keeps of compiled code. */
const heapLimit = 4_000_000;

/** What can go wrong, each for the clips whose number ends so. Left out: what takes minutes by design. */
const faults: Record<string, Omit<FaultOrder, "match" | "count">> = {
  "00": { kind: "signed-url", do: "answer", status: 500 },
  "07": { kind: "signed-url", do: "not-json" },
  "11": { kind: "put", do: "reset-mid-body", afterBytes: 1000 },
  "14": { kind: "put", do: "answer", status: 403 },
  "18": { kind: "put", do: "answer", status: 413, early: true },
  "21": { kind: "start", do: "reset-after" },
  "25": { kind: "start", do: "answer", status: 402 },
  "28": { kind: "start", do: "answer", status: 503 },
  "33": { kind: "start", do: "truncated" },
  "36": { kind: "status", do: "answer", status: 502 },
  "41": { kind: "status", do: "reset" },
  "44": { kind: "job", do: "fail", status: 2 },
  "47": { kind: "job", do: "no-link" },
  "52": { kind: "result", do: "reset-mid-body" },
  "55": { kind: "result", do: "truncated" },
  "58": { kind: "result", do: "gzip" },
  "63": { kind: "result", do: "cut" },
  "66": { kind: "result", do: "answer", status: 404 },
  "71": { kind: "result", do: "slow", bytesPerSecond: 1000 },
};

interface Measure {
  heap: number;
  files: number;
  resources: Record<string, number>;
}

/** On SIGWINCH, Node-RED writes down what it holds. */
const settings = (userDir: string) => `${fewerNodes}
  ...(() => {
    process.on("SIGWINCH", () => {
      global.gc();
      const resources = {};
      for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
      const files = fs.readdirSync("/proc/self/fd").length;
      const measure = { heap: process.memoryUsage().heapUsed, files, resources };
      fs.writeFileSync(${JSON.stringify(path.join(userDir, "measure.tmp"))}, JSON.stringify(measure));
      fs.renameSync(${JSON.stringify(path.join(userDir, "measure.tmp"))}, ${JSON.stringify(path.join(userDir, "measure.json"))});
    });
    return {};
  })(),`;

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
    settings: settings(userDir),
    nodeOptions: ["--expose-gc"],
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
      const fault = faults[name.slice(-6, -4)];
      if (fault) emulator.fault({ ...fault, match: name });
    }
    await nodeRed.inject("many", { folder, names });
    await until(
      () => journalFiles(userDir).length < 300,
      60_000,
      () => "the first to go",
    );
  }
  await until(
    () => journalFiles(userDir).length === 0,
    60_000,
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

async function measure(): Promise<Measure> {
  const file = path.join(userDir, "measure.json");
  rmSync(file, { force: true });
  process.kill(nodeRed.pid, "SIGWINCH");
  await until(
    () => existsSync(file),
    10_000,
    () => "the measure",
  );
  return JSON.parse(readFileSync(file, "utf8"));
}

/** Measures until it is as before, or time is up: connections are kept for a while, as they should be. */
async function measureOnce(holds: (now: Measure) => boolean): Promise<Measure> {
  const end = Date.now() + 15_000;
  for (;;) {
    const now = await measure();
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
