import { existsSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type FlowNode, NodeRed, until } from "../../demo/node-red";
import { accountCredentials, type BurstPart, feed } from "./flows";
import { forgetPeak, isRunning, peakMemory, residentMemory } from "./process-figures";

/** What became of one message, as the probe inside Node-RED saw it. */
export interface Outcome {
  /** From the feed to the last outcome. */
  seconds: number;
  /** Milliseconds: the longest time in which no other flow had its turn. */
  freeze: number;
  /** What of that the process had a processor for; on a busy machine it may have waited for one. */
  freezeWork: number;
  /** Processor time of the whole process. */
  cpuSeconds: number;
  /** Messages that came out. */
  outcomes: number;
  /** Set when a Catch node got it. */
  code?: string;
  failure?: string;
}

export interface Measured extends Outcome {
  /** Bytes of resident memory at the worst, above the same Node-RED idle. */
  memory: number;
}

const longest = 900_000;
/** After its start Node-RED still tidies up for a moment. */
const settling = 1500;

/** A real Node-RED with the probe in it. */
export class Gateway {
  /** Bytes that it held before it was given anything to do. */
  idle = 0;

  private constructor(
    readonly nodeRed: NodeRed,
    readonly folder: string,
  ) {}

  /**
   * @param folder its user directory, kept when it is there already.
   * @param takenUp time how long it takes until so many messages have been taken up from the journal.
   */
  static async start(
    folder: string,
    flows: FlowNode[],
    { takenUp = 0, keepFlows = false }: { takenUp?: number; keepFlows?: boolean } = {},
  ): Promise<Gateway> {
    rmSync(outcomesOf(folder), { force: true });
    const nodeRed = await NodeRed.start({
      userDir: folder,
      flows,
      keepFlows,
      credentials: accountCredentials,
      settings: `functionGlobalContext: { bench: globalThis.bench }, nodesDir: ${JSON.stringify(path.join(__dirname, "nodes"))},`,
      nodeOptions: ["--require", require.resolve("./probe.cjs")],
      env: {
        BENCH_PROBE: outcomesOf(folder),
        BENCH_TAKEN_UP: takenUp ? String(takenUp) : "",
        BENCH_UTIL: require.resolve("@node-red/util", { paths: [require.resolve("node-red")] }),
      },
    });
    const gateway = new Gateway(nodeRed, folder);
    if (takenUp) return gateway;
    await nodeRed.inject("warm-up", {});
    await delay(settling);
    gateway.idle = residentMemory(nodeRed.pid);
    return gateway;
  }

  /** Feeds one message in and waits for what becomes of it. */
  async measure(msg: object): Promise<Measured> {
    const before = this.outcomes().length;
    forgetPeak(this.nodeRed.pid);
    await this.nodeRed.inject(feed, msg);
    const outcome = await this.outcome(before);
    return { ...outcome, memory: peakMemory(this.nodeRed.pid) - this.idle };
  }

  /** Gives many messages to the flow's target at once and waits for the last of them (see `burstFlow`). */
  async burst(parts: BurstPart[]): Promise<Outcome> {
    const before = this.outcomes().length;
    await this.nodeRed.inject(feed, { to: "target", parts });
    return this.outcome(before);
  }

  /** Waits for the outcome that follows `before` others. */
  async outcome(before = 0): Promise<Outcome> {
    await until(
      () => this.outcomes().length > before || !isRunning(this.nodeRed.pid),
      longest,
      () => this.nodeRed.output.slice(-2000),
    );
    const outcome = this.outcomes()[before];
    if (!outcome) throw new Error(`Node-RED ended: ${this.nodeRed.output.slice(-2000)}`);
    return outcome;
  }

  outcomes(): Outcome[] {
    const file = outcomesOf(this.folder);
    if (!existsSync(file)) return [];
    return readFileSync(file, "utf8")
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Outcome);
  }

  /** Ends it and removes its files. */
  async stop(): Promise<void> {
    await this.nodeRed.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const outcomesOf = (folder: string) => path.join(path.dirname(folder), `${path.basename(folder)}.outcomes`);
