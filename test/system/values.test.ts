import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { type Emulator, startEmulator } from "../../emulator/emulator";
import { makeClips } from "../support/clips";
import { type FlowNode, NodeRed, until } from "../support/node-red";
import {
  clipsWithResult,
  credentials,
  fewerNodes,
  journalEntries,
  newUserDir,
  pipeline,
} from "../support/pipeline";

let emulator: Emulator;
before(async () => {
  emulator = await startEmulator({ analyse: false, builtInFrames: 3, hash: false });
});
after(() => emulator.close());

/** What people leave in messages: a picture of the camera, an attachment, what a function node has made. */
const cluttered: FlowNode = {
  id: "clutter",
  type: "function",
  z: "tab",
  func: `class Camera { constructor() { this.name = "yard"; } }
Object.assign(msg, {
  snapshot: Buffer.from("jpg"), mail: { attachments: [{ name: "a.txt", content: Buffer.from("x") }] },
  seen: new Map([["person", 1]]), once: () => 1, trouble: new Error("boom"), pattern: /a+/, all: new Set([1]),
  count: 10n, tag: Symbol("s"), samples: new Float32Array(3), camera: new Camera(), itself: msg,
  when: new Date(5), text: "1970-01-01T00:00:00.005Z", ratio: NaN, most: -Infinity, nothing: [undefined, -0],
});
return msg;`,
  outputs: 1,
  libs: [],
  wires: [["up"]],
};

/** Notes what has come through, since JSON itself could not tell. */
const noting = (name: string): FlowNode => ({
  id: `note-${name}`,
  type: "function",
  z: "tab",
  func: `const { _msgid, roboflow, payload, filename, parts, error, topic, ...rest } = msg;
const kinds = {};
for (const [key, value] of Object.entries(rest)) kinds[key] = value instanceof Date ? "date " + value.getTime() : typeof value === "number" ? "number " + value : Array.isArray(value) ? value.map((item) => Object.is(item, -0) ? "-0" : String(item)) : value;
global.get("record")(${JSON.stringify(`${name}-kinds`)}, { kinds, id: roboflow.id });`,
  outputs: 0,
  libs: [],
  wires: [],
});

const afterwards = {
  mail: { attachments: [{ name: "a.txt" }] },
  when: "date 5",
  text: "1970-01-01T00:00:00.005Z",
  ratio: "number NaN",
  most: "number -Infinity",
  nothing: ["undefined", "-0"],
};

const killer = path.join(__dirname, "support", "killer.js");

/** One user directory and the Node-REDs that live and die in it, one after the other. */
class Gateway {
  readonly userDir = newUserDir();
  #nodeRed: NodeRed | undefined;

  get nodeRed(): NodeRed {
    assert(this.#nodeRed);
    return this.#nodeRed;
  }

  async start(death?: object): Promise<void> {
    const flows = pipeline(emulator.url).map((node) => {
      if (node.id === "made-clip") return { ...node, wires: [["clutter"], ["answer-clip"]] };
      if (node.id === "do") return { ...node, wires: [["record-frame", "note-frame"]] };
      if (node.id === "catch") return { ...node, wires: [["record-caught", "note-caught"]] };
      return node;
    });
    this.#nodeRed = await NodeRed.start({
      userDir: this.userDir,
      flows: [...flows, cluttered, noting("frame"), noting("caught")],
      credentials,
      settings: fewerNodes,
      keepFlows: this.#nodeRed !== undefined,
      ...(death ? { nodeOptions: ["--require", killer], env: { KILL: JSON.stringify(death) } } : {}),
    });
  }

  /** Feeds a clip by its path, or as a video in memory. */
  async feed(name: string, { inMemory = false } = {}): Promise<void> {
    const [file = ""] = makeClips(path.join(this.userDir, "clips"), [name]);
    const payload = inMemory ? { $buffer: readFileSync(file, "base64") } : file;
    await this.nodeRed.inject("clip", { payload, filename: name, roboflow: { id: name } }).catch(() => {});
  }

  /** Waits for entries of a node in a state, then kills. */
  async killAt(node: string, state: string, count = 1): Promise<void> {
    await until(
      () => this.entries(node).filter((one) => one === state).length === count,
      20_000,
      () =>
        [
          `${node} ${state}: ${JSON.stringify(journalEntries(this.userDir))}`,
          `recorded: ${JSON.stringify(this.nodeRed.records().map(({ name, msg }) => [name, msg.filename]))}`,
          this.nodeRed.output.slice(-2000),
          `asked: ${JSON.stringify(emulator.ledger.requests.map(({ time, endedAt, kind, clip, status }) => [time, endedAt, kind, clip, status]))}`,
        ].join("\n"),
    );
    await this.nodeRed.kill();
    emulator.clearFaults();
  }

  entries = (node: string): string[] => journalEntries(this.userDir, node).map(({ state }) => state);

  /** Warnings of what is missing after a restart. */
  warnings = (): string[] =>
    this.nodeRed.output.split("\n").filter((line) => line.includes("values that JSON cannot represent"));

  async end(): Promise<void> {
    await this.#nodeRed?.stop();
    rmSync(this.userDir, { recursive: true, force: true });
  }
}

async function gateway(story: (gateway: Gateway) => Promise<void>): Promise<void> {
  emulator.clearFaults();
  emulator.set({ jobSeconds: 0.2 });
  const one = new Gateway();
  try {
    await story(one);
  } finally {
    await one.end();
  }
}

describe("a message with values that JSON cannot hold", () => {
  it("is taken up by upload, poll and download with all that JSON can hold, and one warning names the rest", () =>
    gateway(async (gateway) => {
      await gateway.start();
      emulator.fault({ kind: "put", do: "silent", count: 2 });
      for (const name of ["one.mp4", "two.mp4"]) await gateway.feed(name);
      await until(
        () => gateway.warnings().length > 0,
        20_000,
        () => gateway.nodeRed.output,
      );
      await gateway.killAt("up", "accepted", 2);
      const [warning, ...more] = gateway.warnings();
      assert.deepEqual(more, []);
      assert.match(
        warning ?? "",
        /\[warn\].*up.*msg\.snapshot, msg\.mail\.attachments\[0\]\.content, msg\.seen, .*…/,
      );

      // Longer than an entry waits on which the kill may have fallen: both jobs are waited for at the same time.
      emulator.set({ jobSeconds: 9 });
      await gateway.start();
      await gateway.killAt("po", "accepted", 2);
      emulator.fault({ kind: "result", do: "silent", count: 2 });
      await gateway.start();
      await gateway.killAt("do", "accepted", 2);
      await gateway.start();
      await until(
        () => clipsWithResult(gateway.nodeRed).size === 2,
        30_000,
        () => `${gateway.nodeRed.output}\n${JSON.stringify(journalEntries(gateway.userDir))}`,
      );
      for (const { msg } of await gateway.nodeRed.recorded("frame-kinds", 6))
        assert.deepEqual(msg.kinds, afterwards);
      assert.equal(emulator.ledger.jobs.length, 2);
    }));

  it("is named by START_UNCERTAIN when the kill came with its paid request", () =>
    gateway(async (gateway) => {
      await gateway.start();
      emulator.fault({ kind: "start", do: "silent", processed: true });
      await gateway.feed("paid.mp4");
      await until(
        () => emulator.ledger.jobsOf("paid.mp4").length === 1,
        20_000,
        () => "a job",
      );
      await gateway.killAt("st", "intent");
      await gateway.start();
      const [caught] = await gateway.nodeRed.recorded("caught");
      assert.equal(caught?.msg.error.code, "START_UNCERTAIN");
      const [noted] = await gateway.nodeRed.recorded("caught-kinds");
      assert.deepEqual(noted?.msg, { id: "paid.mp4", kinds: afterwards });
    }));

  it("has its job fetched when the kill came between the paid request and the next node", () =>
    gateway(async (gateway) => {
      await gateway.start({ call: "renameSync", path: "/st/", holds: '"state":"sent"', when: "after" });
      await gateway.feed("sent.mp4");
      await gateway.nodeRed.ended;
      await gateway.start();
      const noted = await gateway.nodeRed.recorded("frame-kinds", 3);
      assert.deepEqual(noted[0]?.msg, { id: "sent.mp4", kinds: afterwards });
      assert.equal(emulator.ledger.jobsOf("sent.mp4").length, 1);
    }));
});

describe("a video in memory", () => {
  it("is not written to disk, but its upload is", () =>
    gateway(async (gateway) => {
      await gateway.start({ call: "renameSync", path: "/up/", holds: '"state":"sent"', when: "after" });
      emulator.fault({ kind: "put", do: "delay", delayMs: 300 });
      await gateway.feed("memory.mp4", { inMemory: true });
      await until(
        () => emulator.ledger.of("put").length > 0,
        20_000,
        () => gateway.nodeRed.output,
      );
      assert.deepEqual(gateway.entries("up"), []);
      await gateway.nodeRed.ended;
      await gateway.start();
      assert.equal((await gateway.nodeRed.recorded("frame", 3))[0]?.msg.roboflow.id, "memory.mp4");
      assert.equal(emulator.ledger.jobsOf("memory.mp4").length, 1);
    }));
});
