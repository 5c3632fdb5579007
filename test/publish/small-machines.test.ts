import assert from "node:assert/strict";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
} from "node:fs";
import { appendFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, afterEach, before, describe, it, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Emulator, startEmulator } from "../../emulator/emulator";
import { makeClips } from "../support/clips";
import { yardClip } from "../support/emulator-calls";
import { makeResult } from "../support/make-result";
import { type FlowNode, NodeRed, type NodeRedOptions, until } from "../support/node-red";
import {
  type Changes,
  credentials,
  fewerNodes,
  journalFiles,
  newUserDir,
  pipeline,
} from "../support/pipeline";
import { cannotRun, confinements, nobody } from "./support/confine";

const gibibyte = 1024 ** 3;
const resultBytes = 300_000_000;
const freezes = path.join(__dirname, "..", "system", "support", "freezes.js");

let emulator: Emulator;
let folder: string;
let userDir: string;
let nodeRed: NodeRed | undefined;

before(async () => {
  emulator = await startEmulator({ analyse: false, builtInFrames: 5, hash: false, jobSeconds: 0.3 });
  folder = mkdtempSync(path.join(tmpdir(), "roboflow-small-"));
});
afterEach(async () => {
  await nodeRed?.stop();
  nodeRed = undefined;
  if (userDir) rmSync(userDir, { recursive: true, force: true, maxRetries: 3 });
});
after(async () => {
  await emulator?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** Starts a Node-RED with the pipeline in a user directory of its own, or in the same as before. */
async function start(changes: Changes, options: Partial<NodeRedOptions> = {}, more: FlowNode[] = []) {
  nodeRed = await NodeRed.start({
    userDir,
    flows: [...pipeline(emulator.url, changes), ...more],
    credentials,
    settings: fewerNodes,
    ...options,
  });
  return nodeRed;
}

const newFolder = () => {
  userDir = newUserDir();
  return userDir;
};

/** Skips where this machine cannot be made small so. */
function mustRun(t: TestContext, file: string): boolean {
  const why = process.platform !== "linux" ? "Linux only" : cannotRun(file);
  if (why) t.skip(why);
  return !why;
}

const statusOf = (running: NodeRed, name: string) =>
  readFileSync(`/proc/${running.pid}/status`, "utf8").match(new RegExp(`^${name}:\\s+(\\d+)`, "m"))?.[1];

describe("a small machine", () => {
  it("with a read-only root, a writable /data and a user without rights: all of it, also after a kill", async (t) => {
    const data = newFolder();
    const node = confinements.container(folder, data);
    if (!mustRun(t, node)) return;
    const changes: Changes = {
      do: { output: "file", format: "jsonl", filename: `${data}/results/{{roboflow.uploadName}}.jsonl` },
    };
    mkdirSync(path.join(data, "clips"));
    for (const name of ["one.mp4", "two.mp4"]) copyFileSync(yardClip, path.join(data, "clips", name));
    const first = await start(changes, { node });
    assert.equal(statusOf(first, "Uid"), String(nobody));
    assert.match(readFileSync(`/proc/${first.pid}/mountinfo`, "utf8"), / \/ \/ ro[, ]/);
    await first.inject("clip", { payload: path.join(data, "clips", "one.mp4") });
    await first.recorded("frame");
    emulator.set({ jobSeconds: 3 });
    await first.inject("clip", { payload: path.join(data, "clips", "two.mp4") });
    await first.recorded("job", 2);
    await first.kill();
    const second = await start(changes, { node, keepFlows: true });
    await second.recorded("frame", 2);
    emulator.set({ jobSeconds: 0.3 });
    assert.deepEqual(second.records("caught"), []);
    const files = second.records("frame").map(({ msg }) => msg.payload as string);
    for (const file of files) {
      assert.equal(readFileSync(file, "utf8").trim().split("\n").length, 5);
      assert.equal(statSync(file).uid, nobody);
    }
    // Node-RED's own warnings name no node.
    assert.doesNotMatch(first.output + second.output, /\[(warn|error)\] \[/);
  });

  it("with 128 MB of heap: a clip of 1 GiB and a result of 300 MB", async (t) => {
    const clip = path.join(newFolder(), "long.mp4");
    copyFileSync(yardClip, clip);
    // Boxes that a player skips, of no bytes on the disk.
    const size = Buffer.alloc(16);
    size.writeUInt32BE(1, 0);
    size.write("free", 4);
    size.writeBigUInt64BE(BigInt(gibibyte - statSync(clip).size), 8);
    await appendFile(clip, size);
    truncateSync(clip, gibibyte);
    const result = path.join(folder, "result.json");
    const made = await makeResult(result, { bytes: resultBytes, boxes: 20 });
    emulator.set({ resultFile: result, discardUploads: true });
    t.after(() => emulator.set({ resultFile: "", discardUploads: false }));
    const count: FlowNode = {
      id: "count",
      type: "function",
      z: "tab",
      func: `const seen = (context.get("seen") ?? 0) + 1;
        context.set("seen", seen);
        if (msg.parts.index + 1 === msg.parts.count) return { ...msg, payload: { seen } };`,
      outputs: 1,
      libs: [],
      wires: [["record-frame"]],
    };
    const running = await start(
      { do: { wires: [["count"]] } },
      { nodeOptions: ["--max-old-space-size=128"] },
      [count],
    );
    const idle = Number(statusOf(running, "VmHWM"));
    const began = performance.now();
    await running.inject("clip", { payload: clip });
    await running.recorded("job", 1, 120_000);
    const uploaded = performance.now();
    const [last] = await running.recorded("frame", 1, 300_000);
    const peak = Number(statusOf(running, "VmHWM"));
    t.diagnostic(
      `1 GiB up in ${seconds(uploaded - began)} s, ${made.frames} frames of 300 MB down in ${seconds(performance.now() - uploaded)} s; ` +
        `memory ${megabytes(idle)} MB before, at most ${megabytes(peak)} MB`,
    );
    assert.equal(emulator.ledger.uploads.at(-1)?.size, gibibyte);
    assert.deepEqual(last?.msg.payload, { seen: made.frames });
    assert.equal(last?.msg.roboflow.detections, made.detections);
    assert.deepEqual(running.records("caught"), []);
    assert.ok(peak < 512 * 1024, `${peak} KiB`);
  });

  it("with 64 open files: 30 clips at once", async (t) => {
    newFolder();
    const node = confinements.files(folder, 64);
    if (!mustRun(t, node)) return;
    const running = await start({}, { node });
    t.diagnostic(`${readdirSync(`/proc/${running.pid}/fd`).length} files open when it has started`);
    const clips = makeClips(path.join(userDir, "clips"), names("few", 30));
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, readdirSync(`/proc/${running.pid}/fd`).length);
    }, 10);
    t.after(() => clearInterval(watch));
    for (const clip of clips)
      await running.inject("clip", { payload: clip, roboflow: { id: path.basename(clip) } });
    const ended = () => clipsEnded(running).size;
    await until(
      () => ended() === clips.length,
      120_000,
      () => `${ended()} of ${clips.length} clips\n${running.output.slice(-2000)}`,
    );
    t.diagnostic(`at most ${most} open files`);
    assert.deepEqual(running.records("caught"), []);
  });

  it("with fewer open files than that takes: says so, starts nothing twice, and goes on", async (t) => {
    newFolder();
    const node = confinements.files(folder, 28);
    if (!mustRun(t, node)) return;
    // Without a Catch node, Node-RED logs what failed: to record it would take a file as well.
    const flows = pipeline(emulator.url).filter(({ type }) => type !== "catch");
    const running = await start({}, { node, flows });
    const clips = makeClips(path.join(userDir, "clips"), names("none", 60));
    /** A connection takes a file as well: without one left, Node-RED closes it unheard. */
    const inject = async (msg: object): Promise<void> => {
      await running.inject("clip", msg).catch(async (error) => {
        if (!["UND_ERR_SOCKET", "ECONNRESET"].includes(error.cause?.code)) throw error;
        await delay(200);
        await inject(msg);
      });
    };
    for (const clip of clips) await inject({ payload: clip });
    await until(
      () => journalFiles(userDir).length === 0,
      120_000,
      () => `${journalFiles(userDir)}\n${running.output.slice(-2000)}`,
    );
    const told = running.output.split("\n").filter((line) => /\[error\] \[roboflow-video-/.test(line));
    t.diagnostic(`${told.length} errors, such as: ${told[0]?.replace(/^.*?\] \[/, "[")}`);
    assert.ok(told.length > 0, "28 files were enough");
    for (const line of told) assert.match(line, /EMFILE/);
    for (const clip of clips) assert.ok(emulator.ledger.jobsOf(path.basename(clip)).length <= 1, clip);
    const [alone] = makeClips(path.join(userDir, "clips"), ["alone.mp4"]);
    await inject({ payload: alone, roboflow: { id: "alone" } });
    await until(
      () => running.records("frame").filter(({ msg }) => msg.roboflow.id === "alone").length === 5,
      60_000,
      () => running.output.slice(-2000),
    );
  });

  it("with a disk that takes a second to sync: 12 clips, each started once, also after a kill", async (t) => {
    newFolder();
    const node = confinements.slowDisk(folder);
    if (!mustRun(t, node)) return;
    const log = path.join(userDir, "freezes");
    const options = { node, nodeOptions: ["--require", freezes], env: { FREEZES: log } };
    const running = await start({}, options);
    const clips = makeClips(path.join(userDir, "clips"), names("slow", 12));
    const began = Date.now();
    for (const clip of clips)
      await running.inject("clip", { payload: clip, roboflow: { id: path.basename(clip) } });
    await running.recorded("job", 5, 120_000);
    const took = Number(emulator.ledger.jobsOf("slow-0.mp4")[0]?.time) - began;
    assert.ok(took > 1000, `the disk is not slow: a job after ${took} ms`);
    await running.kill();
    const second = await start({}, { ...options, keepFlows: true });
    const ended = () => clipsEnded(second).size;
    await until(
      () => ended() === clips.length && journalFiles(userDir).length === 0,
      120_000,
      () => `${ended()} of ${clips.length} clips\n${second.output.slice(-2000)}`,
    );
    const codes = second.records("caught").map(({ msg }) => msg.error.code);
    const longest = Math.max(
      0,
      ...readFileSync(log, "utf8")
        .split("\n")
        .map((line) => Number.parseInt(line, 10) || 0),
    );
    t.diagnostic(`${codes.length} uncertain starts after the kill; longest freeze ${longest} ms`);
    for (const code of codes) assert.equal(code, "START_UNCERTAIN");
    for (const clip of clips) assert.ok(emulator.ledger.jobsOf(path.basename(clip)).length <= 1, clip);
  });
});

/** The clips, by `msg.roboflow.id`, of which the last frame or an error has come. */
const clipsEnded = (running: NodeRed): Set<string> =>
  new Set(
    running
      .records()
      .filter(({ name, msg }) => name === "caught" || (name === "frame" && msg.parts.index === 4))
      .map(({ msg }) => msg.roboflow.id),
  );

const names = (kind: string, count: number) =>
  Array.from({ length: count }, (_, number) => `${kind}-${number}.mp4`);
const seconds = (milliseconds: number) => (milliseconds / 1000).toFixed(1);
const megabytes = (kibibytes: number) => Math.round(kibibytes / 1024);
