import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { type Emulator, startEmulator } from "../../emulator/emulator";
import { makeClips } from "../support/clips";
import { NodeRed, until } from "../support/node-red";
import {
  type Changes,
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

const right = 0;
/** Where a computer without a clock battery starts. */
const in1970 = -Date.now();
const wallClock = path.join(__dirname, "support", "wall-clock.js");

/** A computer whose wall clock may be anywhere, and the Node-REDs that run on it one after the other. */
class Computer {
  readonly userDir = newUserDir();
  readonly #changes: Changes;
  #nodeRed: NodeRed | undefined;

  constructor(changes: Changes) {
    this.#changes = changes;
  }

  get nodeRed(): NodeRed {
    assert(this.#nodeRed);
    return this.#nodeRed;
  }

  async start(clock: number): Promise<void> {
    mkdirSync(this.userDir, { recursive: true });
    this.setClock(clock);
    this.#nodeRed = await NodeRed.start({
      userDir: this.userDir,
      flows: pipeline(emulator.url, this.#changes),
      credentials,
      settings: fewerNodes,
      keepFlows: this.#nodeRed !== undefined,
      nodeOptions: ["--require", wallClock],
      env: { WALL_CLOCK: this.#clockFile },
    });
  }

  get #clockFile(): string {
    return path.join(this.userDir, "wall-clock");
  }

  setClock(off: number): void {
    writeFileSync(this.#clockFile, String(off));
  }

  async feed(name: string): Promise<void> {
    const [payload] = makeClips(path.join(this.userDir, "clips"), [name]);
    await this.nodeRed.inject("clip", { payload, roboflow: { id: name } });
  }

  /** Waits until a node has taken the message in hand. */
  accepted(node: string): Promise<void> {
    return until(
      () => journalEntries(this.userDir, node).some(({ state }) => state === "accepted"),
      20_000,
      () => `${node}: ${this.nodeRed.output}`,
    );
  }

  async hasResult(name: string): Promise<void> {
    await until(
      () => clipsWithResult(this.nodeRed).has(name) || this.nodeRed.records("caught").length > 0,
      30_000,
      () => this.nodeRed.output,
    );
    assert.deepEqual(
      this.nodeRed.records("caught").map(({ msg }) => msg.error.message),
      [],
    );
    assert.equal(emulator.ledger.jobsOf(name).length, 1);
  }

  async end(): Promise<void> {
    await this.#nodeRed?.stop();
    rmSync(this.userDir, { recursive: true, force: true });
  }
}

async function computer(story: (computer: Computer) => Promise<void>, changes: Changes = {}): Promise<void> {
  emulator.clearFaults();
  emulator.set({ jobSeconds: 6 });
  const one = new Computer(changes);
  try {
    await story(one);
  } finally {
    await one.end();
  }
}

describe("a clip that was taken while the clock was wrong", () => {
  it("has its job polled to its end: a start in 1970, the right time while it runs, a restart", () =>
    computer(async (computer) => {
      await computer.start(in1970);
      await computer.feed("yard-1.mp4");
      await computer.accepted("po");
      computer.setClock(right);
      await computer.nodeRed.recorded("job");
      await computer.nodeRed.kill();
      await computer.start(right);
      await computer.hasResult("yard-1.mp4");
    }));

  it("is uploaded and its job polled after a restart that brought the right time", () =>
    computer(async (computer) => {
      await computer.start(in1970);
      emulator.fault({ kind: "put", do: "silent" });
      await computer.feed("yard-2.mp4");
      await computer.accepted("up");
      await computer.nodeRed.kill();
      emulator.clearFaults();
      await computer.start(right);
      await computer.accepted("po");
      await computer.nodeRed.kill();
      await computer.start(in1970);
      await computer.hasResult("yard-2.mp4");
    }));
});

describe("a time limit", () => {
  it("ends the waiting after as long as it says, whichever way the clock jumps meanwhile", () =>
    computer(
      async (computer) => {
        emulator.fault({ kind: "job", do: "never" });
        await computer.start(right);
        await computer.feed("yard-3.mp4");
        await computer.accepted("po");
        const began = performance.now();
        computer.setClock(10 * 365 * 24 * 3_600_000);
        await computer.nodeRed.kill();
        await computer.start(in1970);
        const [caught] = await computer.nodeRed.recorded("caught");
        assert.equal(caught?.msg.error.code, "JOB_TIMEOUT");
        // Less the time in which it was being started, which does not count.
        const took = performance.now() - began;
        assert(took > 3000, `it gave up after ${took} ms`);
      },
      { po: { interval: 0.3, timeout: 4 / 3600 } },
    ));
});
