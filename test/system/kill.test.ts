import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Emulator, startEmulator } from "../../emulator/emulator";
import { until } from "../support/node-red";
import { clipsWithResult, journalEntries, journalFiles } from "../support/pipeline";
import { type Death, living, newClip } from "./support/lives";

let emulator: Emulator;
before(async () => {
  emulator = await startEmulator({ analyse: false, builtInFrames: 5, hash: false });
});
after(() => emulator.close());

describe("a Node-RED that is killed", () => {
  it("keeps a clip wherever in its life one write, rename or removal in the journal is cut", async (t) => {
    emulator.set({ jobSeconds: 0.2 });
    const places = [
      { call: "renameSync", when: "before" },
      { call: "renameSync", when: "after" },
      { call: "writeSync", when: "half" },
      { call: "rmSync", when: "before" },
      { call: "rmSync", when: "after" },
    ] as const;
    const told: string[] = [];
    await Promise.all(
      places.map(async (place) => {
        for (let nth = 1; ; nth += 1) {
          const died = await killedOnce({ ...place, nth, path: "roboflow-video/.+[.](tmp|json)$" }, told);
          if (!died) break;
        }
      }),
    );
    t.diagnostic(`${told.length} kills: ${[...new Set(told)].map((fate) => countOf(fate, told)).join(", ")}`);
    assert(told.length >= 25, "a clip's life has at least 25 such moments");
  });

  const moments: { it: string; death: Death; jobs: number; result: boolean }[] = [
    {
      it: "has uploaded, but not said so",
      death: { call: "renameSync", path: "/up/", holds: '"state":"sent"', when: "before" },
      jobs: 1,
      result: true,
    },
    {
      it: "has written what upload is to send, but not sent it",
      death: { call: "renameSync", path: "/up/", holds: '"state":"sent"', when: "after" },
      jobs: 1,
      result: true,
    },
    {
      it: "has handed an upload over: start has it, and upload would send it again",
      death: { call: "renameSync", path: "/start-st/", holds: '"state":"accepted"', when: "after" },
      jobs: 1,
      result: true,
    },
    {
      it: "is about to send the start request",
      death: { call: "renameSync", path: "/start-st/", holds: '"state":"intent"', when: "after" },
      jobs: 0,
      result: false,
    },
    {
      it: "has the job id, but has not written it",
      death: { call: "renameSync", path: "/start-st/", holds: '"state":"sent"', when: "before" },
      jobs: 1,
      result: false,
    },
    {
      it: "has written the job id, but not handed it over",
      death: { call: "renameSync", path: "/start-st/", holds: '"state":"sent"', when: "after" },
      jobs: 1,
      result: true,
    },
    {
      it: "has sent the second of five frames",
      death: { call: "appendFileSync", path: "records.jsonl$", nth: 5, when: "after" },
      jobs: 1,
      result: true,
    },
  ];
  for (const moment of moments)
    it(`goes on, or tells of the doubt, when it ${moment.it}`, () =>
      living(emulator, async (lives) => {
        emulator.set({ jobSeconds: 0.2 });
        const clip = newClip();
        await lives.start(moment.death);
        await lives.feed(clip);
        await lives.died();
        await lives.start();
        await lives.finish();
        assert.equal(emulator.ledger.jobsOf(clip).length, moment.jobs);
        assert.equal(clipsWithResult(lives.nodeRed).has(clip), moment.result);
        const doubts = lives.nodeRed.records("caught").map(({ msg }) => msg.error.code);
        assert.deepEqual(doubts, moment.result ? [] : ["START_UNCERTAIN"]);
      }));

  it("says START_UNCERTAIN when it had sent the start request and the answer was on its way", () =>
    living(emulator, async (lives) => {
      const clip = newClip();
      await lives.start();
      emulator.fault({ kind: "start", do: "silent", processed: true, match: clip });
      await lives.feed(clip);
      await until(
        () => emulator.ledger.jobsOf(clip).length === 1,
        20_000,
        () => "a job",
      );
      await lives.nodeRed.kill();
      await lives.died();
      await lives.start();
      await lives.finish();
      const [caught] = lives.nodeRed.records("caught");
      assert.equal(caught?.msg.error.code, "START_UNCERTAIN");
      assert.match(caught?.msg.error.message, new RegExp(clip));
      assert.equal(emulator.ledger.jobsOf(clip).length, 1);
    }));

  it("fetches a result again that was cut off by the kill", () =>
    living(emulator, async (lives) => {
      emulator.set({ jobSeconds: 0.1 });
      const clip = newClip();
      await lives.start();
      emulator.fault({ kind: "result", do: "slow", bytesPerSecond: 200 });
      await lives.feed(clip);
      await until(
        () => emulator.ledger.of("result").some((request) => request.clip === clip),
        20_000,
        () => "a download",
      );
      await lives.nodeRed.kill();
      await lives.died();
      await lives.start();
      await lives.finish();
      assert(clipsWithResult(lives.nodeRed).has(clip));
    }));

  it("takes up 12 clips that were killed again and again while they were being taken up", () =>
    living(emulator, async (lives) => {
      emulator.set({ jobSeconds: 0.5 });
      await lives.start();
      emulator.fault({ kind: "put", do: "delay", delayMs: 400, count: 12 });
      await Promise.all(Array.from({ length: 12 }, () => lives.feed(newClip())));
      // Of messages that come together, some are taken in a few milliseconds later.
      await until(
        () => journalFiles(lives.userDir).length >= 12,
        20_000,
        () => `in the journal: ${JSON.stringify(journalEntries(lives.userDir))}`,
      );
      await lives.nodeRed.kill();
      await lives.died();
      const inTakeUp: Death[] = [
        { call: "readFileSync", path: "roboflow-video/.+json$", nth: 5, when: "after" },
        { call: "renameSync", path: "roboflow-video/", nth: 1, when: "before" },
        { call: "renameSync", path: "roboflow-video/", nth: 9, when: "after" },
        { call: "readFileSync", path: "roboflow-video/.+json$", nth: 2, when: "after" },
        { call: "rmSync", path: "roboflow-video/.+json$", nth: 1, when: "before" },
      ];
      for (const death of inTakeUp) if (await lives.start(death)) await lives.died();
      await lives.start();
      await lives.finish();
      assert.equal(lives.fed.size, 12);
    }));
});

/** One clip, one kill; what became of it stands in `told`. False when the clip was through before its time came. */
async function killedOnce(death: Death, told: string[]): Promise<boolean> {
  let hasDied = false;
  await living(emulator, async (lives) => {
    const clip = newClip();
    await lives.start(death);
    await lives.feed(clip);
    const through = async () => {
      await lives.finish();
      return "through";
    };
    if ((await Promise.race([lives.nodeRed.ended, through()])) === "through") return;
    hasDied = true;
    await lives.died();
    await lives.start();
    await lives.finish();
    const isAccepted = lives.fed.get(clip) === "accepted";
    told.push(
      !isAccepted ? "not accepted" : clipsWithResult(lives.nodeRed).has(clip) ? "result" : "START_UNCERTAIN",
    );
  });
  return hasDied;
}

const countOf = (fate: string, told: string[]) => `${told.filter((one) => one === fate).length} ${fate}`;
