import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { clipBytes } from "../support/clips";
import { type FlowNode, until } from "../support/node-red";
import { type Changes, clipsWithResult, journalEntries } from "../support/pipeline";
import { closeLimit, newNames, PipelineStage } from "./support/pipeline-stage";

const stage = new PipelineStage();

describe("a deploy while clips are on their way", () => {
  const changed: Record<string, Changes> = {
    "something unrelated": {},
    "the upload node": { up: { name: "changed" } },
    "the start node": { st: { name: "changed" } },
    "the poll node": { po: { name: "changed" } },
    "the download node": { do: { name: "changed" } },
    "the account": { acc: { name: "changed" } },
  };
  for (const type of ["nodes", "flows", "full"] as const)
    it(`that is of the kind "${type}" loses nothing and does nothing twice, whatever was changed`, async (t) => {
      await stage.deploy(stage.flows());
      const clips = newNames(24);
      stage.emulator.fault(
        { kind: "put", do: "slow", bytesPerSecond: 300_000, count: 0 },
        { kind: "start", do: "delay", delayMs: 200, count: 0 },
        { kind: "result", do: "slow", bytesPerSecond: 2000, count: 0 },
      );
      const rounds = Object.values(changed);
      for (const [round, changes] of rounds.entries()) {
        await stage.feed(clips.slice(4 * round, 4 * round + 4), 100_000);
        await delay(250);
        const note: FlowNode = {
          id: "news",
          type: "comment",
          z: "other",
          name: `${type} ${round}`,
          wires: [],
        };
        await stage.deploy(stage.flows(changes, [note]), type);
        assert(stage.stoppedIn() < closeLimit, `stopping took ${stage.stoppedIn()} ms`);
      }
      await stage.allCome(clips);
      await stage.settled();
      t.diagnostic(`${clips.length} clips, ${rounds.length} deploys`);
    });

  it("that reloads the flows from disk loses nothing", async () => {
    await stage.deploy(stage.flows());
    const clips = newNames(8);
    stage.emulator.fault({ kind: "start", do: "delay", delayMs: 200, count: 0 });
    await stage.feed(clips);
    for (let round = 0; round < 3; round += 1) {
      await delay(150);
      await stage.deploy([], "reload");
    }
    await stage.allCome(clips);
    await stage.settled();
  });

  it("that follows upon another at once takes nothing up twice", async () => {
    await stage.deploy(stage.flows());
    const clips = newNames(12);
    await stage.feed(clips);
    await Promise.all([
      stage.nodeRed.deploy(stage.flows({ st: { name: "one" } }), "nodes"),
      stage.nodeRed.deploy(stage.flows({ po: { name: "two" } }), "full"),
      stage.nodeRed.deploy(stage.flows({ st: { name: "three" } }), "nodes"),
    ]).catch(() => {});
    await stage.deploy(stage.flows());
    await stage.allCome(clips);
    await stage.settled();
  });

  it("that cannot start, because a type is missing, lets the nodes that it left running go on", async () => {
    const missing: FlowNode = { id: "missing", type: "no-such-type", z: "other", wires: [] };
    const deployWithMissing = async (changes: Changes) => {
      const waiting = () => stage.nodeRed.output.match(/Waiting for missing types/g)?.length ?? 0;
      const before = waiting();
      await stage.nodeRed.deploy(stage.flows(changes, [missing]), "nodes");
      await until(
        () => waiting() > before,
        20_000,
        () => "flows to wait",
      );
    };
    await stage.deploy(stage.flows());
    const [untouched = "", lost = ""] = newNames(2);
    stage.emulator.fault({ kind: "put", do: "delay", delayMs: 300, match: untouched });
    await stage.feed([untouched]);
    await deployWithMissing({});
    await stage.allCome([untouched]);
    await stage.settled();

    // What start sends now reaches no poll node.
    stage.emulator.fault({ kind: "start", do: "delay", delayMs: 300, match: lost });
    await stage.feed([lost]);
    await stage.seen("start", lost);
    await deployWithMissing({ po: { name: "changed" } });
    await until(
      () => stage.nodeRed.records("job").some(({ msg }) => msg.roboflow.id === lost),
      10_000,
      () => "start to send the job",
    );
    await delay(2500);
    assert.equal(journalEntries(stage.userDir, "st").length, 1, "it is kept until there is a poll node");
    await stage.deploy(stage.flows());
    await stage.allCome([lost]);
    await stage.settled();
  });

  it("closes within a second although an upload, a start and a download hang", async () => {
    await stage.deploy(stage.flows());
    const [upload = "", start = "", download = ""] = newNames(3);
    stage.emulator.fault(
      { kind: "put", do: "silent", match: upload },
      { kind: "start", do: "silent", match: start },
      { kind: "result", do: "silent", match: download, afterBytes: 20 },
    );
    await stage.feed([upload, start, download]);
    await Promise.all([
      stage.seen("put", upload),
      stage.seen("start", start),
      stage.seen("result", download),
    ]);
    await stage.deploy(stage.flows());
    assert(stage.stoppedIn() < closeLimit, `stopping took ${stage.stoppedIn()} ms`);
    await stage.allCome([upload, download]);
    await until(
      () => stage.caughtOf([start]).length === 1,
      10_000,
      () => "the doubt",
    );
    assert.equal(stage.caughtOf([start])[0]?.msg.error.code, "START_UNCERTAIN");
    assert.equal(stage.startsSeen([start]), 1);
    await stage.settled();
  });

  it("waits a moment for the answer to a start request, so that no doubt arises", async () => {
    for (const type of ["full", "nodes"] as const) {
      await stage.deploy(stage.flows());
      const [clip = ""] = newNames(1);
      stage.emulator.fault({ kind: "start", do: "delay", delayMs: 350, match: clip });
      await stage.feed([clip]);
      await stage.seen("start", clip);
      await stage.deploy(stage.flows({ st: { name: type }, acc: { name: type } }), type);
      await stage.allCome([clip]);
    }
  });

  it("keeps a video that came as a Buffer, which a kill does not", async () => {
    await stage.deploy(stage.flows());
    const [kept = "", lost = ""] = newNames(2);
    const buffer = { $buffer: clipBytes().toString("base64") };
    stage.emulator.fault({ kind: "put", do: "silent", count: 2 });
    await stage.nodeRed.inject("clip", { payload: buffer, filename: kept, roboflow: { id: kept } });
    await stage.seen("put", kept);
    stage.emulator.clearFaults();
    await stage.deploy(stage.flows());
    await stage.allCome([kept]);

    stage.emulator.fault({ kind: "put", do: "silent" });
    await stage.nodeRed.inject("clip", { payload: buffer, filename: lost, roboflow: { id: lost } });
    await stage.seen("put", lost);
    await stage.settled();
    await stage.restart();
    await delay(1000);
    assert.equal(clipsWithResult(stage.nodeRed).has(lost), false);
    assert.deepEqual(stage.whatWasCaught([lost]), []);
  });
});
