import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import path from "node:path";
import type { Emulator } from "../../../emulator/emulator";
import { makeClips } from "../../support/clips";
import { type FlowNode, freePort, NodeRed, type NodeRedOptions, until } from "../../support/node-red";
import {
  clipsWithResult,
  credentials,
  fewerNodes,
  journalEntries,
  journalFiles,
  newUserDir,
  roundabout,
} from "../../support/pipeline";

/** Seed of the random moments; the same seed asks for the same moments. */
export const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
/** Clips in flight. For thousands of outcomes: `IN_FLIGHT=100 LIFE_MS=12000 OUTCOMES=3000`. */
export const inFlight = Number(process.env.IN_FLIGHT ?? 20);
export const account = { maxUploads: Math.ceil(inFlight / 10) };
const killer = path.join(__dirname, "killer.js");

let names = 0;
export const newClip = () => `${newName()}.mp4`;
const newName = () => {
  names += 1;
  return `clip-${names}`;
};

/** Where a Node-RED is to die: see killer.js. */
export interface Death {
  afterMs?: number;
  call?: string;
  path?: string;
  holds?: string;
  nth?: number;
  when?: "before" | "half" | "after";
}

/** One user directory and the Node-REDs that live and die in it, one after the other. */
export class Lives {
  readonly emulator: Emulator;
  readonly userDir = newUserDir();
  /** What the names of its clips begin with. */
  readonly name = newName();
  readonly fed = new Map<string, "accepted" | "unknown">();
  interruptions = 0;
  #port = 0;
  /** Names of the clips that were fed in this life. */
  readonly #fedNow = new Set<string>();
  #current: NodeRed | undefined;
  readonly #options: Partial<NodeRedOptions>;

  constructor(emulator: Emulator, options: Partial<NodeRedOptions> = {}) {
    this.emulator = emulator;
    this.#options = options;
  }

  get nodeRed(): NodeRed {
    assert(this.#current);
    return this.#current;
  }

  /** Starts the next one; undefined when it died before its flows had started. */
  async start(death?: Death): Promise<NodeRed | undefined> {
    this.#port ||= await freePort();
    const isFirst = this.#current === undefined;
    this.#fedNow.clear();
    try {
      this.#current = await NodeRed.start({
        userDir: this.userDir,
        flows: roundabout(this.emulator.url, { acc: account }),
        credentials,
        port: this.#port,
        settings: fewerNodes,
        keepFlows: !isFirst,
        ...(death ? { nodeOptions: ["--require", killer], env: { KILL: JSON.stringify(death) } } : {}),
        ...this.#options,
      });
      return this.#current;
    } catch (error) {
      if (!death || !String(error).includes("SIGKILL")) throw error;
      this.interruptions += 1;
      return undefined;
    }
  }

  /** Feeds a clip; it counts as accepted when Node-RED has answered after the upload node had it. */
  async feed(name: string, size?: number): Promise<void> {
    const [file] = makeClips(path.join(this.userDir, "clips"), [name], size);
    this.fed.set(name, "unknown");
    this.#fedNow.add(name);
    await this.nodeRed.inject("clip", { payload: file, roboflow: { id: name } }).then(
      () => this.fed.set(name, "accepted"),
      () => {},
    );
  }

  /**
   * @param atRandom killed whatever it was doing: of messages that came together, some may not be in the journal yet,
   *   for as long as the machine is busy. Accepted are those of which something is seen: in the journal, or elsewhere.
   */
  async died({ atRandom = false } = {}): Promise<void> {
    await this.nodeRed.ended;
    this.interruptions += 1;
    if (atRandom) for (const name of this.#fedNow) if (!this.#isKnown(name)) this.fed.set(name, "unknown");
    for (const { msg } of journalEntries(this.userDir)) this.fed.set(msg.roboflow.id, "accepted");
  }

  /** Whether the service has heard of a clip, or an outcome has come. */
  #isKnown(name: string): boolean {
    return this.emulator.ledger.requests.some(({ clip }) => clip === name) || this.#answered().has(name);
  }

  /** Deploys and waits until the flows have started again. */
  async deploy(flows: FlowNode[], type: "full" | "nodes" | "flows" | "reload"): Promise<void> {
    const starts = () => (this.nodeRed.output.match(/Started (modified )?(flows|nodes)/g) ?? []).length;
    const before = starts();
    await this.nodeRed.deploy(flows, type);
    await until(
      () => starts() > before,
      20_000,
      () => `flows to start\n${this.nodeRed.output.slice(-3000)}`,
    );
    this.interruptions += 1;
  }

  /** How many clips have a result or an error. */
  answered(): number {
    return this.#answered().size;
  }

  #answered(): Set<string> {
    const answered = clipsWithResult(this.nodeRed);
    for (const { msg } of this.nodeRed.records("caught")) answered.add(msg.roboflow.id);
    return answered;
  }

  /** Names of accepted clips that have neither a result nor an error that names them. */
  unanswered(): string[] {
    const answered = this.#answered();
    return [...this.fed]
      .filter(([name, fate]) => fate === "accepted" && !answered.has(name))
      .map(([name]) => name);
  }

  /** Waits for every outcome, then for the journal to be empty. */
  async finish(timeout = 120_000): Promise<void> {
    await until(
      () => this.unanswered().length === 0,
      timeout,
      () => `no outcome: ${this.unanswered()}\n${this.nodeRed.output.slice(-3000)}`,
    );
    await until(
      () => journalFiles(this.userDir).length === 0,
      10_000,
      () => `in the journal: ${JSON.stringify(journalEntries(this.userDir))}`,
    );
    assert.deepEqual(journalFiles(this.userDir), []);
    for (const name of this.fed.keys())
      assert(this.emulator.ledger.jobsOf(name).length <= 1, `two jobs of ${name} (seed ${seed})`);
    for (const { msg } of this.nodeRed.records("caught")) {
      assert.equal(msg.error.code, "START_UNCERTAIN", msg.error.message);
      assert(msg.error.message.includes(msg.roboflow.id), `${msg.error.message} names no clip`);
    }
  }

  async end(): Promise<void> {
    await this.#current?.stop();
    rmSync(this.userDir, { recursive: true, force: true });
  }
}

/** Runs one story, whatever becomes of it nothing of it stays. */
export async function living(
  emulator: Emulator,
  story: (lives: Lives) => Promise<void>,
  options?: Partial<NodeRedOptions>,
): Promise<void> {
  const lives = new Lives(emulator, options);
  try {
    await story(lives);
  } finally {
    await lives.end();
  }
}
