import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import path from "node:path";
import { after, afterEach, before } from "node:test";
import { type Emulator, startEmulator } from "../../../emulator/emulator";
import { clipOf } from "../../../emulator/ledger";
import { makeClips } from "../../support/clips";
import {
  type FlowNode,
  injectNodes,
  NodeRed,
  type NodeRedOptions,
  type RecordedMessage,
  until,
} from "../../support/node-red";
import {
  type Changes,
  clipsWithResult,
  fewerNodes,
  journalEntries,
  journalFiles,
  newUserDir,
  pipeline,
} from "../../support/pipeline";

export const apiKey = "a-key-that-must-not-be-written";
const credentials = { acc: { apiKey } };
/** Milliseconds within which a node has to close, and what the machine that runs this may add. */
export const closeLimit = 1000 + 500;

/** Lets flows be stopped and started, and says how long stopping them took. */
const settings = `${fewerNodes}
  runtimeState: { enabled: true, ui: false },
  ...(() => {
    const { events } = require.main.require("@node-red/util");
    let began;
    events.on("flows:stopping", () => { began = performance.now(); });
    events.on("flows:stopped", () => console.log("stopped in " + Math.round(performance.now() - began) + " ms"));
    return {};
  })(),`;

let names = 0;
/** Names of clips that no test of the file has had yet. */
export const newNames = (count: number): string[] =>
  Array.from({ length: count }, () => {
    names += 1;
    return `clip-${names}.mp4`;
  });

/**
 * Upload, start, poll and download in one Node-RED, and an emulator, for all tests of a file; what a test has made
 * the emulator do is undone after it.
 */
export class PipelineStage {
  emulator!: Emulator;
  userDir!: string;
  /** The one that runs now. */
  nodeRed!: NodeRed;

  constructor() {
    before(async () => {
      this.emulator = await startEmulator({
        analyse: false,
        builtInFrames: 5,
        hash: false,
        jobSeconds: 0.4,
        apiKey,
      });
      this.userDir = newUserDir();
      this.nodeRed = await NodeRed.start({
        userDir: this.userDir,
        flows: this.flows(),
        credentials,
        settings,
      });
    });
    after(async () => {
      await this.nodeRed?.stop();
      await this.emulator?.close();
      rmSync(this.userDir, { recursive: true, force: true });
    });
    afterEach(() => {
      this.emulator.clearFaults();
      this.emulator.set({ jobSeconds: 0.4 });
    });
  }

  /** The four nodes in a row, another tab that nobody needs, and a second way into start. */
  flows(changes: Changes = {}, more: FlowNode[] = []): FlowNode[] {
    return [
      ...pipeline(this.emulator.url, changes),
      ...injectNodes("again", ["st"]),
      ...injectNodes("watch", ["po"]),
      { id: "other", type: "tab", label: "Other" },
      { id: "note", type: "comment", z: "other", name: "", wires: [] },
      ...more,
    ];
  }

  async feed(clips: string[], size?: number): Promise<void> {
    const files = makeClips(path.join(this.userDir, "clips"), clips, size);
    // In order: only two uploads go on at a time, and tests wait for the first ones.
    for (const [index, payload] of files.entries())
      await this.nodeRed.inject("clip", { payload, roboflow: { id: clips[index] } });
  }

  /** What Catch got of these clips. */
  caughtOf(clips: string[]): RecordedMessage[] {
    return this.nodeRed.records("caught").filter(({ msg }) => clips.includes(msg.roboflow?.id));
  }

  whatWasCaught(clips: string[]): string[] {
    return this.caughtOf(clips).map(({ msg }) => msg.error.message);
  }

  /** Waits until the journal is empty. */
  settled(): Promise<void> {
    return until(
      () => journalFiles(this.userDir).length === 0,
      15_000,
      () => `in the journal: ${JSON.stringify(journalEntries(this.userDir))}`,
    );
  }

  /** Waits for every clip's result; nothing may have been done twice for it, and no error come. */
  async allCome(clips: string[]): Promise<void> {
    const { emulator, nodeRed } = this;
    await until(
      () => clips.every((clip) => clipsWithResult(nodeRed).has(clip)),
      40_000,
      () =>
        `${clips.filter((clip) => !clipsWithResult(nodeRed).has(clip))} did not come; ${this.whatWasCaught(clips)}\n${nodeRed.output.slice(-2000)}`,
    );
    assert.deepEqual(this.whatWasCaught(clips), []);
    for (const clip of clips) {
      const jobs = emulator.ledger.jobsOf(clip);
      assert.equal(jobs.length, 1, `jobs of ${clip}`);
      const uploads = emulator.ledger.uploads.filter(({ name }) => clipOf(name) === clip);
      assert(
        uploads.every(({ time }) => time <= (jobs[0]?.time ?? 0)),
        `${clip} was uploaded again after its upload had been handed over`,
      );
      const names = new Set(uploads.map(({ name }) => name));
      assert(names.size <= 1, `${clip} was sent under more than one name: ${[...names]}`);
    }
  }

  /** How many start requests there were for these clips. */
  startsSeen(clips: string[]): number {
    return this.emulator.ledger
      .of("start")
      .filter(({ text }) => clips.some((clip) => clipOf(text ?? "").includes(clip))).length;
  }

  /** Waits until the emulator has seen such a request for the clip. */
  seen(kind: "put" | "start" | "result" | "status", clip: string): Promise<void> {
    return until(
      () =>
        this.emulator.ledger
          .of(kind)
          .some((request) => request.clip === clip || clipOf(request.text ?? "").includes(clip)),
      20_000,
      () => `${kind} of ${clip}`,
    );
  }

  /** How long Node-RED took to stop its flows the last time. */
  stoppedIn(): number {
    const [, last] = [...this.nodeRed.output.matchAll(/stopped in (\d+) ms/g)].at(-1) ?? [];
    return Number(last ?? Number.NaN);
  }

  /** Waits until the flows have started again after what `act` does. */
  async startedAgain(act: () => Promise<void>): Promise<void> {
    const starts = () => (this.nodeRed.output.match(/Started (modified )?(flows|nodes)/g) ?? []).length;
    const before = starts();
    await act();
    await until(
      () => starts() > before,
      20_000,
      () => "flows to start",
    );
  }

  /** Deploys and waits until the flows have started again. */
  deploy(flows: FlowNode[], type?: "full" | "nodes" | "flows" | "reload"): Promise<void> {
    return this.startedAgain(() => this.nodeRed.deploy(flows, type));
  }

  /** Stops or starts the flows, as the editor does. */
  async flowState(state: "start" | "stop"): Promise<void> {
    const response = await fetch(`${this.nodeRed.url}/flows/state`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ state }),
    });
    assert(response.ok, `flows/state: HTTP ${response.status}`);
  }

  /** Kills Node-RED and starts it again. */
  async restart(between: () => void = () => {}): Promise<void> {
    await this.nodeRed.kill();
    between();
    await this.startNext();
  }

  /** Starts the next Node-RED in the same place, where the last one has ended. */
  async startNext(options: Partial<NodeRedOptions> = {}): Promise<void> {
    const { nodeRed } = this;
    this.nodeRed = await NodeRed.start({
      ...nodeRed.options,
      keepFlows: true,
      port: nodeRed.port,
      ...options,
    });
  }
}
