import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Emulator, startEmulator } from "../../emulator/emulator";
import { between, clipsWithResult, roundabout } from "../support/pipeline";
import { account, inFlight, type Lives, living, seed } from "./support/lives";

/** Random kills in all. */
const kills = Number(process.env.KILLS ?? 30);
/** Outcomes to see of each other kind of interruption. */
const outcomes = Number(process.env.OUTCOMES ?? 40);
/**
 * Milliseconds between two interruptions at most: longer than an outcome stays in the journal, or all would come again
 * each time. With more clips in flight the taking up takes longer, too.
 */
const longestLife = Number(process.env.LIFE_MS ?? 2500);

let emulator: Emulator;
before(async () => {
  emulator = await startEmulator({ analyse: false, builtInFrames: 5, hash: false });
});
after(() => emulator.close());

/** Random numbers from 0 to 1 that the seed decides. */
function randomNumbers(from: number): () => number {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** What each clip goes through while Node-RED is interrupted: long enough to be interrupted everywhere. */
function slowServer(): void {
  emulator.set({ jobSeconds: 1 });
  emulator.fault(
    { kind: "put", do: "slow", bytesPerSecond: 400_000, count: 0 },
    { kind: "start", do: "delay", delayMs: 60, count: 0 },
    { kind: "result", do: "delay", delayMs: 60, count: 0 },
  );
}

/** Feeds clips until so many are in flight, with numbers from `fed` on. @returns how many have been fed now */
function feedUp(lives: Lives, fed: number, wanted = inFlight): number {
  const end = fed + wanted - lives.unanswered().length;
  for (let number = fed; number < end; number += 1) void lives.feed(`${lives.name}-${number}.mp4`, 60_000);
  return Math.max(fed, end);
}

/** Waits for every outcome and says what was seen. */
async function tally(t: TestContext, lives: Lives, began: number): Promise<void> {
  emulator.clearFaults();
  await lives.finish();
  const caught = new Set(lives.nodeRed.records("caught").map(({ msg }) => msg.roboflow.id));
  const results = clipsWithResult(lives.nodeRed);
  const accepted = [...lives.fed.values()].filter((fate) => fate === "accepted").length;
  const seconds = Math.round((performance.now() - began) / 1000);
  t.diagnostic(
    `${lives.interruptions} interruptions in ${seconds} s; ${accepted} clips accepted: ${results.size} results, ` +
      `${caught.size} START_UNCERTAIN; 0 lost, 0 started twice`,
  );
  assert(results.size > caught.size, "the loop should see results, not only doubts");
}

describe("a Node-RED that is stopped, or whose flows are deployed, at random moments", () => {
  const ours = ["up", "st", "po", "do", "acc"];
  for (const kind of ["SIGTERM", "SIGINT", "full", "flows", "nodes", "reload"] as const)
    it(`loses none of ${outcomes} outcomes and starts no job twice: ${kind}`, async (t) => {
      t.diagnostic(`SEED=${seed} OUTCOMES=${outcomes}`);
      const random = randomNumbers(seed);
      const oneOf = (ids: string[]) => ids[Math.floor(random() * ids.length)] ?? "";
      slowServer();
      const interrupt = async (lives: Lives): Promise<void> => {
        if (kind === "SIGTERM" || kind === "SIGINT") {
          await lives.nodeRed.stop(kind);
          await lives.died();
          await lives.start();
          return;
        }
        // One or two nodes have changed, of ours, between ours, or that have nothing to do with them.
        const name = `changed ${lives.interruptions}`;
        const changed = [oneOf([...ours, ...between]), oneOf([...ours, ...between, "note"])];
        const changes: Record<string, object> = { acc: account };
        for (const id of changed) changes[id] = { ...changes[id], name };
        const flows = roundabout(emulator.url, changes as Parameters<typeof roundabout>[1]);
        await lives.deploy(kind === "reload" ? [] : flows, kind);
      };
      await living(emulator, async (lives) => {
        const began = performance.now();
        await lives.start();
        for (let fed = 0; lives.answered() < outcomes; ) {
          fed = feedUp(lives, fed, 2 * inFlight);
          await delay(random() * longestLife);
          await interrupt(lives);
        }
        await tally(t, lives, began);
      });
    });
});

describe("a Node-RED that is killed", () => {
  it(`loses no clip of ${inFlight} in flight and starts no job twice, killed ${kills} times at random`, async (t) => {
    t.diagnostic(`SEED=${seed} KILLS=${kills}`);
    const random = randomNumbers(seed);
    slowServer();
    await living(emulator, async (lives) => {
      const began = performance.now();
      let startTakes = 1000;
      let fed = 0;
      while (lives.interruptions < kills) {
        // One in five dies while it starts or takes up its work.
        const inStart = random() < 0.2 ? { afterMs: Math.round(random() * 1.2 * startTakes) } : undefined;
        const lifetime = random() * 1500;
        const spawned = performance.now();
        if (!(await lives.start(inStart))) continue;
        if (!inStart) startTakes = performance.now() - spawned;
        fed = feedUp(lives, fed);
        if (!inStart) setTimeout(() => lives.nodeRed.kill(), lifetime);
        await lives.died({ atRandom: true });
      }
      await lives.start();
      await tally(t, lives, began);
    });
  });
});
