import assert from "node:assert/strict";
import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { type Emulator, startEmulator } from "../../emulator/emulator";
import { makeClips } from "../support/clips";
import { freePort, NodeRed, type NodeRedOptions, until } from "../support/node-red";
import {
  clipsWithResult,
  credentials,
  fewerNodes,
  journalEntries,
  journalFiles,
  newUserDir,
  pipeline,
  storageOf,
} from "../support/pipeline";

const poison = path.join(__dirname, "support", "poison.js");
const job = "job-of-the-poisoned-one";
/** More than it takes until a suspect is taken up. */
const longestLife = 30_000;

let emulator: Emulator;
before(async () => {
  emulator = await startEmulator({ analyse: false, builtInFrames: 5, hash: false, jobSeconds: 0.2 });
});
after(() => emulator.close());

describe("a message that ends Node-RED each time it is worked on", () => {
  for (const end of ["kill", "throw", "freeze"])
    it(`is set aside when it has done so twice in a row, and all others come: ${end}`, async () => {
      const userDir = newUserDir();
      const mark = path.join(userDir, "poisoned");
      const options: NodeRedOptions = {
        userDir,
        flows: pipeline(emulator.url),
        credentials,
        settings: fewerNodes,
        port: await freePort(),
      };
      const poisoned = {
        nodeOptions: ["--require", poison],
        env: { POISON: JSON.stringify({ name: "poisoned-clip", end, mark }) },
      };
      const deaths = () => (existsSync(mark) ? readFileSync(mark, "utf8").split("\n").length - 1 : 0);
      const innocents = Array.from({ length: 8 }, (_, index) => `${end}-${index}.mp4`);
      const feed = async (nodeRed: NodeRed, clip: string) => {
        const [payload] = makeClips(path.join(userDir, "clips"), [clip]);
        await nodeRed.inject("clip", { payload, roboflow: { id: clip, jobId: job } });
      };
      /** Waits until the poisoned one has ended a process once more. */
      const died = async (nodeRed: NodeRed, times: number) => {
        await until(
          () => deaths() === times,
          longestLife,
          () => `death ${times}\n${nodeRed.output}`,
        );
        if (end === "freeze") await nodeRed.kill();
        await nodeRed.ended;
      };

      let nodeRed = await NodeRed.start({ ...options, ...poisoned });
      try {
        emulator.fault({ kind: "put", do: "delay", delayMs: 500, count: innocents.length });
        for (const clip of innocents) await feed(nodeRed, clip);
        await feed(nodeRed, `${end}-poisoned-clip.mp4`).catch(() => {});
        await died(nodeRed, 1);

        nodeRed = await NodeRed.start({ ...options, ...poisoned, keepFlows: true });
        await died(nodeRed, 2);

        nodeRed = await NodeRed.start({ ...options, ...poisoned, keepFlows: true });
        // One whose start was under way when the process ended is in doubt.
        const hasOutcome = (clip: string) =>
          clipsWithResult(nodeRed).has(clip) ||
          nodeRed
            .records("caught")
            .some(({ msg }) => msg.roboflow.id === clip && msg.error.code === "START_UNCERTAIN");
        await until(
          () => innocents.every(hasOutcome),
          longestLife,
          () => `${[...clipsWithResult(nodeRed)]}\n${nodeRed.output.slice(-2000)}`,
        );
        for (const clip of innocents) assert(emulator.ledger.jobsOf(clip).length <= 1, clip);
        assert.equal(deaths(), 2);
        const told = /set aside: (\S+[.]crashed) \(job: job-of-the-poisoned-one\)/;
        await nodeRed.waitForOutput(told);
        const [, file = ""] = told.exec(nodeRed.output) ?? [];
        assert(existsSync(file), nodeRed.output.slice(-2000));
        await until(
          () => journalEntries(userDir).length === 0,
          longestLife,
          () => `in the journal: ${journalFiles(userDir)}`,
        );
        assert.deepEqual(
          journalFiles(userDir).map((name) => path.join(storageOf(userDir), name)),
          [file],
        );

        await nodeRed.stop();
        renameSync(file, file.replace(".crashed", ""));
        nodeRed = await NodeRed.start({ ...options, keepFlows: true });
        await until(
          () => clipsWithResult(nodeRed).has(`${end}-poisoned-clip.mp4`),
          longestLife,
          () => `the one that was set aside\n${nodeRed.output.slice(-2000)}`,
        );
      } finally {
        await nodeRed.kill();
        rmSync(userDir, { recursive: true, force: true });
      }
    });
});
