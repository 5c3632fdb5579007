import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { type Emulator, startEmulator } from "../../emulator/emulator";
import { makeClips } from "../support/clips";
import { NodeRed, until } from "../support/node-red";
import { credentials, fewerNodes, journalEntries, newUserDir, pipeline } from "../support/pipeline";

/** Kills at random moments; more by hand. */
const kills = Number(process.env.KILLS ?? 3);
const limit = 2;
const own = { jobsPerDay: limit, maxUploads: 1 };
const clips = ["1.mp4", "2.mp4", "3.mp4", "4.mp4", "5.mp4"];

let emulator: Emulator;
beforeEach(async () => {
  emulator = await startEmulator({ analyse: false, builtInFrames: 2, hash: false });
});
afterEach(() => emulator.close());

/** A gateway whose account may start two jobs a day, and the Node-REDs that run on it one after the other. */
class Gateway {
  readonly userDir = newUserDir();
  nodeRed!: NodeRed;
  #lives = 0;

  /** @param death orders for killer.js. @returns whether it lives long enough to be used */
  async start(death?: object): Promise<boolean> {
    this.#lives += 1;
    try {
      this.nodeRed = await NodeRed.start({
        userDir: this.userDir,
        flows: pipeline(emulator.url, { acc: own }),
        credentials,
        settings: fewerNodes,
        keepFlows: this.#lives > 1,
        ...(death
          ? {
              nodeOptions: ["--require", path.join(__dirname, "support", "killer.js")],
              env: { KILL: JSON.stringify(death) },
            }
          : {}),
      });
      return true;
    } catch (error) {
      if (!death || !String(error).includes("SIGKILL")) throw error;
      return false;
    }
  }

  /** Takes the clips in and is killed before the first of them has been uploaded. */
  async takeIn(): Promise<void> {
    await this.start();
    emulator.fault({ kind: "signed-url", do: "silent", count: clips.length });
    for (const payload of makeClips(path.join(this.userDir, "clips"), clips))
      await this.nodeRed.inject("clip", { payload, roboflow: { id: path.basename(payload) } });
    await until(
      () => journalEntries(this.userDir, "up").length === clips.length,
      30_000,
      () => this.nodeRed.output,
    );
    await this.nodeRed.kill();
    emulator.clearFaults();
    // One after the other: none is in the middle of its request while the next one's record is written.
    emulator.fault({ kind: "put", do: "delay", delayMs: 300, count: 0 });
  }

  /** Clips by the code that their start ended with. */
  caught(code: string): string[] {
    const found = this.nodeRed.records("caught").filter(({ msg }) => msg.error.code === code);
    return [...new Set(found.map(({ msg }) => msg.roboflow.fileName as string))].sort();
  }

  async untilAllAreThrough(): Promise<void> {
    const through = () =>
      new Set([...this.caught("LIMIT"), ...this.caught("START_UNCERTAIN"), ...started()]).size;
    await until(
      () => through() === clips.length,
      60_000,
      () => `${through()} clips are through\n${this.nodeRed.output.slice(-3000)}`,
    );
  }

  async end(): Promise<void> {
    await this.nodeRed?.stop();
    rmSync(this.userDir, { recursive: true, force: true });
  }
}

const started = () => clips.filter((name) => emulator.ledger.jobsOf(name).length > 0);
const jobs = () => clips.reduce((sum, name) => sum + emulator.ledger.jobsOf(name).length, 0);

async function onGateway(story: (gateway: Gateway) => Promise<void>): Promise<void> {
  const gateway = new Gateway();
  try {
    await story(gateway);
  } finally {
    await gateway.end();
  }
}

describe("an account that may start two jobs a day, and five clips", () => {
  it("starts two jobs and ends three times in LIMIT, killed around each record and restarted", () =>
    onGateway(async (gateway) => {
      await gateway.takeIn();
      for (const death of [
        { call: "renameSync", path: "\\.jobs/", when: "before" },
        { call: "renameSync", path: "\\.jobs/", when: "after" },
        { call: "renameSync", path: "/st/", holds: '"state":"intent"', when: "before" },
        { call: "renameSync", path: "\\.jobs/", when: "after", nth: 2 },
        { call: "renameSync", path: "/st/", holds: '"state":"sent"', when: "after" },
      ]) {
        if (await gateway.start(death)) await gateway.nodeRed.ended;
        assert.ok(jobs() <= limit, `${jobs()} jobs`);
      }
      await gateway.start();
      await gateway.untilAllAreThrough();
      assert.deepEqual(
        [jobs(), gateway.caught("LIMIT").length, gateway.caught("START_UNCERTAIN")],
        [2, 3, []],
      );
    }));

  it("starts no more than two jobs however it is killed, stopped and deployed", async (t) => {
    await onGateway(async (gateway) => {
      await gateway.takeIn();
      for (let round = 0; round < kills; round += 1) {
        const lives = await gateway.start({ afterMs: 900 + Math.round(1200 * Math.random()) });
        if (lives) await gateway.nodeRed.ended;
        assert.ok(jobs() <= limit, `${jobs()} jobs`);
      }
      await gateway.start();
      await gateway.nodeRed.deploy(pipeline(emulator.url, { acc: own }), "full");
      await gateway.untilAllAreThrough();
      await gateway.nodeRed.stop();
      await gateway.start();
      const [sixth] = makeClips(path.join(gateway.userDir, "clips"), ["6.mp4"]);
      await gateway.nodeRed.inject("clip", { payload: sixth, roboflow: { id: "6.mp4" } });
      await until(
        () => gateway.caught("LIMIT").includes("6.mp4"),
        30_000,
        () => gateway.nodeRed.output.slice(-3000),
      );
      const uncertain = gateway.caught("START_UNCERTAIN");
      assert.ok(jobs() <= limit, `${jobs()} jobs`);
      // A start whose answer was lost counts as one.
      assert.equal(gateway.caught("LIMIT").filter((name) => name !== "6.mp4").length, 3);
      t.diagnostic(`${jobs()} jobs, ${uncertain.length} START_UNCERTAIN, ${kills} kills`);
    });
  });
});
