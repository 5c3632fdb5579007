import assert from "node:assert/strict";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type FlowNode, injectNodes, type RecordedMessage, recordNode, until } from "../support/node-red";
import { clipsWithResult, journalEntries, pipeline } from "../support/pipeline";
import { newNames, PipelineStage } from "./support/pipeline-stage";

const stage = new PipelineStage();

describe("flows that are stopped, disabled or deleted", () => {
  it("go on with every clip when they are started again", async () => {
    await stage.deploy(stage.flows());
    const clips = newNames(8);
    stage.emulator.fault({ kind: "start", do: "delay", delayMs: 200, count: 0 });
    await stage.feed(clips);
    await delay(300);
    await stage.flowState("stop");
    assert(journalEntries(stage.userDir).length > 0);
    await delay(300);
    const asked = stage.emulator.ledger.requests.length;
    await delay(500);
    assert.equal(
      stage.emulator.ledger.requests.length,
      asked,
      "nothing is asked while the flows stand still",
    );
    await stage.startedAgain(() => stage.flowState("start"));
    await stage.allCome(clips);
    await stage.settled();
  });

  it("keep what a disabled tab has accepted, over a kill too, until it is enabled again", async () => {
    await stage.deploy(stage.flows());
    const clips = newNames(6);
    stage.emulator.set({ jobSeconds: 1 });
    await stage.feed(clips);
    await delay(300);
    const disabled = stage.flows().map((node) => (node.id === "tab" ? { ...node, disabled: true } : node));
    await stage.deploy(disabled);
    await stage.restart();
    await delay(300);
    assert(journalEntries(stage.userDir).length > 0);
    await stage.deploy(stage.flows());
    await stage.allCome(clips);
    await stage.settled();
  });

  it("keep what a disabled node has accepted until it is enabled again", async () => {
    await stage.deploy(stage.flows());
    const clips = newNames(4);
    stage.emulator.fault({ kind: "put", do: "silent", count: 4 });
    await stage.feed(clips);
    await stage.seen("put", clips[0] ?? "");
    await stage.deploy(stage.flows({ up: { d: true } }), "nodes");
    stage.emulator.clearFaults();
    await delay(300);
    assert.equal(journalEntries(stage.userDir, "up").length, 4);
    await stage.deploy(stage.flows(), "nodes");
    await stage.allCome(clips);
    await stage.settled();
  });

  it("do not start a job again for an upload node that was disabled between a kill and its repeat", async () => {
    await stage.deploy(stage.flows());
    const [clip = ""] = newNames(1);
    await stage.feed([clip]);
    await stage.seen("start", clip);
    const file = path.join(stage.userDir, "flows.json");
    const disabled = (node: FlowNode) => (node.id === "up" ? { ...node, d: true } : node);
    await stage.restart(() =>
      writeFileSync(file, JSON.stringify(JSON.parse(readFileSync(file, "utf8")).map(disabled))),
    );
    const outcomes = () => clipsWithResult(stage.nodeRed).has(clip) || stage.caughtOf([clip]).length > 0;
    await until(outcomes, 20_000, () => `an outcome of ${clip}`);
    await until(
      () => journalEntries(stage.userDir).every(({ node, state }) => node === "up" || state === "taken"),
      10_000,
      () => `start to be done with it: ${JSON.stringify(journalEntries(stage.userDir))}`,
    );
    assert.equal(journalEntries(stage.userDir, "up").length, 1, "the kill came in time");
    await stage.restart();
    await stage.deploy(stage.flows());
    await stage.settled();
    assert.equal(stage.startsSeen([clip]), 1);
  });

  it("keep what a deleted node had accepted, with a warning that names the jobs, and go on when it is back", async () => {
    await stage.deploy(stage.flows());
    stage.emulator.set({ jobSeconds: 5 });
    const clips = newNames(2);
    await stage.feed(clips);
    await Promise.all(clips.map((clip) => stage.seen("status", clip)));
    await stage.deploy(stage.flows().filter(({ id }) => id !== "po"));
    for (const clip of clips) {
      const [job] = stage.emulator.ledger.jobsOf(clip);
      await stage.nodeRed.waitForOutput(new RegExp(`The node po was deleted.*${job?.jobId}`));
    }
    const warnings = () => stage.nodeRed.output.match(/The node po was deleted/g)?.length;
    const before = warnings();
    await stage.deploy(stage.flows({ do: { name: "changed" } }).filter(({ id }) => id !== "po"));
    assert.equal(warnings(), before, "each is named once");

    // Another flow file for one start, as a backup that was restored by mistake.
    const file = path.join(stage.userDir, "flows.json");
    const elsewhere = `${file}.elsewhere`;
    await stage.restart(() => {
      renameSync(file, elsewhere);
      const others = [
        { id: "tab", type: "tab" },
        { id: "acc", type: "roboflow-video-account" },
        { id: "up", type: "roboflow-video-upload", z: "tab", account: "acc", x: 1, y: 1, wires: [] },
      ];
      writeFileSync(file, JSON.stringify(others));
    });
    for (const clip of clips)
      await stage.nodeRed.waitForOutput(
        new RegExp(`The node po was deleted.*${stage.emulator.ledger.jobsOf(clip)[0]?.jobId}`),
      );
    await stage.restart(() => renameSync(elsewhere, file));
    await stage.deploy(stage.flows());
    await stage.allCome(clips);
    await stage.settled();
  });

  it("know the nodes inside subflow instances", async () => {
    const inner = pipeline(stage.emulator.url).filter(({ id }) => ["up", "st", "po", "do"].includes(id));
    const subflow: FlowNode[] = [
      {
        id: "sub",
        type: "subflow",
        name: "Clips",
        in: [{ x: 1, y: 1, wires: [{ id: "up" }] }],
        out: [{ x: 1, y: 1, wires: [{ id: "do", port: 0 }] }],
      },
      ...inner.map((node) => ({ ...node, z: "sub", wires: node.id === "do" ? [[]] : node.wires })),
    ];
    const outer = (name: string): FlowNode[] => [
      { id: "tab", type: "tab" },
      { id: "acc", type: "roboflow-video-account", baseUrl: stage.emulator.url },
      ...injectNodes("clip", ["instance"]),
      recordNode("frame"),
      ...pipeline(stage.emulator.url).filter(({ id }) => id === "catch" || id === "record-caught"),
      { id: "instance", type: "subflow:sub", z: "tab", name, env: [], wires: [["record-frame"]] },
    ];
    for (const type of ["full", "nodes", "flows"] as const) {
      await stage.deploy([...subflow, ...outer("one")]);
      const clips = newNames(4);
      stage.emulator.fault({ kind: "start", do: "delay", delayMs: 200, count: 4 });
      await stage.feed(clips);
      await delay(300);
      await stage.deploy([...subflow, ...outer(type)], type);
      await stage.allCome(clips);
    }
    const [killed = "", deleted = ""] = newNames(2);
    stage.emulator.fault({ kind: "put", do: "silent", match: killed });
    await stage.feed([killed]);
    await stage.seen("put", killed);
    await stage.restart();
    await stage.allCome([killed]);

    stage.emulator.set({ jobSeconds: 3 });
    await stage.feed([deleted]);
    await stage.seen("status", deleted);
    await stage.deploy([...subflow, ...outer("").filter(({ id }) => id !== "instance")]);
    await stage.nodeRed.waitForOutput(
      new RegExp(`was deleted.*${stage.emulator.ledger.jobsOf(deleted)[0]?.jobId}`),
    );
    await stage.deploy([...subflow, ...outer("back")]);
    await stage.allCome([deleted]);
    await stage.settled();
  });
});

describe("a node that is not to go on by itself", () => {
  const notResuming = (name = "") => stage.flows({ po: { resume: false, name } });

  for (const type of ["full", "nodes"] as const)
    it(`ends in ABORTED, for Catch to see, after a deploy of the kind "${type}"`, async () => {
      await stage.deploy(notResuming());
      stage.emulator.set({ jobSeconds: 60 });
      const [clip = ""] = newNames(1);
      await stage.feed([clip]);
      await stage.seen("status", clip);
      assert.deepEqual(journalEntries(stage.userDir, "po"), []);
      await stage.deploy(notResuming(type), type);
      await until(
        () => stage.caughtOf([clip]).length > 0,
        10_000,
        () => "ABORTED",
      );
      await delay(300);
      const [{ msg }, ...more] = stage.caughtOf([clip]) as [RecordedMessage, ...RecordedMessage[]];
      assert.equal(msg.error.code, "ABORTED");
      assert.equal(msg.error.source.id, "po");
      assert.match(msg.error.message, new RegExp(stage.emulator.ledger.jobsOf(clip)[0]?.jobId ?? "–"));
      assert.deepEqual(more, []);
    });

  it("is named in the log when it is gone", async () => {
    await stage.deploy(notResuming());
    stage.emulator.set({ jobSeconds: 60 });
    const [clip = ""] = newNames(1);
    await stage.feed([clip]);
    await stage.seen("status", clip);
    await stage.deploy(stage.flows().filter(({ id }) => id !== "po"));
    await stage.nodeRed.waitForOutput(
      new RegExp(`The node po was deleted.*${stage.emulator.ledger.jobsOf(clip)[0]?.jobId}`),
    );
  });

  it("is forgotten after a kill", async () => {
    await stage.deploy(notResuming());
    stage.emulator.set({ jobSeconds: 60 });
    const [clip = ""] = newNames(1);
    await stage.feed([clip]);
    await stage.seen("status", clip);
    await stage.settled();
    const { polls } = stage.emulator.ledger.jobsOf(clip)[0] as { polls: number[] };
    await stage.restart();
    const asked = polls.length;
    await delay(700);
    assert.equal(polls.length, asked);
    assert.deepEqual(stage.whatWasCaught([clip]), []);
  });
});
