import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import type { Emulator } from "../emulator/emulator";
import { makeClips } from "../test/support/clips";
import { type Measure, measure, measureOptions, measureSettings } from "../test/support/measure";
import { freePort, NodeRed, until } from "../test/support/node-red";
import {
  credentials,
  fewerNodes,
  journalFiles,
  newUserDir,
  pipeline,
  storageOf,
} from "../test/support/pipeline";

/** Bytecode alone: machine code that V8 makes of it takes megabytes more, for as long as ever more becomes hot. */
const nodeOptions = [...measureOptions, "--no-opt", "--no-maglev", "--no-sparkplug"];

/**
 * More of settings.js: what Node-RED remembers of what is over is full after fifty clips, where ten thousand would
 * take three hours. Fewer than that are under way at a time.
 */
const smallMemory = `
  ...(() => {
    const { remembered } = require(${JSON.stringify(path.join(__dirname, "../dist/runtime/remembered.js"))});
    for (const name of Object.keys(remembered)) remembered[name] = 50;
    return {};
  })(),`;

/** Milliseconds that Node-RED may take to answer that it has a clip. */
const answerLimit = 10_000;

/** Files and bytes that the package keeps on the disk. */
export interface DiskUse {
  files: number;
  bytes: number;
}

/** A user directory with the pipeline in it, and the Node-REDs that live there one after the other. */
export class Gateway {
  readonly #userDir = newUserDir();
  /** Clips that were handed over to Node-RED. */
  readonly fed = new Set<string>();
  /** Deploys and kills so far. */
  interruptions = 0;
  #port = 0;
  #nodeRed: NodeRed | undefined;
  #isDown = true;
  #number = 0;

  constructor(
    readonly name: string,
    readonly emulator: Emulator,
  ) {}

  get #running(): NodeRed {
    if (!this.#nodeRed) throw new Error(`${this.name} has not been started`);
    return this.#nodeRed;
  }

  #flows() {
    // A deploy changes something in each step: from 0.3 seconds to 0.4 and back.
    const name = `deploy ${this.interruptions}`;
    return pipeline(this.emulator.url, {
      acc: { maxUploads: 4 },
      up: { name },
      st: { name },
      po: { name, interval: 0.3 + (this.interruptions % 2) / 10 },
      do: { name },
    });
  }

  async start(): Promise<void> {
    const keepFlows = this.#port > 0;
    this.#port ||= await freePort();
    this.#nodeRed = await NodeRed.start({
      userDir: this.#userDir,
      flows: this.#flows(),
      keepFlows,
      credentials,
      port: this.#port,
      settings: fewerNodes + measureSettings(this.#userDir) + smallMemory,
      nodeOptions,
    }).catch((error) => {
      throw new Error(`${this.name}: ${error}`);
    });
    this.#isDown = false;
  }

  /** The name of the next clip. */
  nextClip(): string {
    this.#number += 1;
    return `${this.name}-${String(this.#number).padStart(4, "0")}.mp4`;
  }

  /** Hands a clip over; nothing happens while Node-RED is down, and one that it did not answer for does not count. */
  async feed(clip: string): Promise<void> {
    if (this.#isDown) return;
    const [file] = makeClips(path.join(this.#userDir, "clips"), [clip], 8000);
    // A deploy may end the flow that would have answered: then the connection is given up.
    const isTaken = await this.#running
      .inject("clip", { payload: file, roboflow: { id: clip } }, AbortSignal.timeout(answerLimit))
      .then(
        () => true,
        () => false,
      );
    if (isTaken) this.fed.add(clip);
  }

  /** Deploys changed flows, in one of the three ways. */
  async deploy(): Promise<void> {
    const kinds = ["full", "nodes", "flows"] as const;
    this.interruptions += 1;
    const kind = kinds[this.interruptions % kinds.length] as (typeof kinds)[number];
    await this.#running.deploy(this.#flows(), kind);
  }

  /** Ends Node-RED as a power cut does, and starts it again. */
  async killAndStart(): Promise<void> {
    this.#isDown = true;
    this.interruptions += 1;
    await this.#running.kill();
    await this.start();
  }

  /** Waits until every clip that was begun with has an outcome and nothing is left to be done. */
  async settled(milliseconds: number): Promise<void> {
    await until(
      () => journalFiles(this.#userDir).length === 0 && this.open().length === 0,
      milliseconds,
      () =>
        `${this.name}: ${journalFiles(this.#userDir).length} entries, open ${this.open()}\n${this.#running.output.slice(-2000)}`,
    );
  }

  /** Clips that the upload node has begun with, and that have no outcome. */
  open(): string[] {
    return this.#without(true);
  }

  /**
   * Clips that never reached the upload node: a deploy ends what stands in Node-RED's own queue in front of a node, and
   * a kill what it had not yet handed on.
   */
  neverTaken(): string[] {
    return this.#without(false);
  }

  /** Clips without an outcome that the emulator has or has not heard of. */
  #without(isKnown: boolean): string[] {
    const ended = this.#outcomes();
    const known = new Set(this.emulator.ledger.requests.map(({ clip }) => clip));
    return [...this.fed].filter((clip) => !ended.has(clip) && known.has(clip) === isKnown);
  }

  /** Codes of the errors that came, with their number. */
  errors(): Record<string, number> {
    const codes: Record<string, number> = {};
    for (const { msg } of this.#running.records("caught")) {
      const { code = "of another node" } = msg.error;
      codes[code] = (codes[code] ?? 0) + 1;
    }
    return codes;
  }

  #outcomes(): Set<string> {
    const ended = new Set<string>();
    for (const { name, msg } of this.#running.records())
      if (name === "caught" || (name === "frame" && msg.parts.index + 1 === msg.parts.count))
        ended.add(msg.roboflow.id);
    return ended;
  }

  /** Measures until a state holds, or time is up: connections are kept for a while, as they should be. */
  async measureWhen(holds: (now: Measure) => boolean): Promise<Measure> {
    const end = Date.now() + 20_000;
    for (;;) {
      const now = await measure(this.#running);
      if (holds(now) || Date.now() > end) return now;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  diskUse(): DiskUse {
    const root = storageOf(this.#userDir);
    const names = existsSync(root) ? readdirSync(root, { recursive: true, encoding: "utf8" }) : [];
    const files = names
      .map((name) => statSync(path.join(root, name), { throwIfNoEntry: false }))
      .filter((found) => found?.isFile());
    return { files: files.length, bytes: files.reduce((sum, found) => sum + (found?.size ?? 0), 0) };
  }

  async end(): Promise<void> {
    await this.#nodeRed?.stop();
    mkdirSync(this.#userDir, { recursive: true });
    rmSync(this.#userDir, { recursive: true, force: true, maxRetries: 3 });
  }
}
