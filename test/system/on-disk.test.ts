import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { makeClips } from "../support/clips";
import { type FlowNode, type RecordedMessage, recordNode, until } from "../support/node-red";
import { journalEntries, journalFiles, storageOf } from "../support/pipeline";
import { apiKey, newNames, PipelineStage } from "./support/pipeline-stage";

const stage = new PipelineStage();

describe("a file that is being written", () => {
  /** Has a result half written when Node-RED is killed. @returns what is in its folder now */
  async function killedInTheMiddle(clip: string, own: Record<string, unknown> = {}): Promise<() => string[]> {
    const results = path.join(stage.userDir, "results", clip);
    const file: FlowNode = {
      id: "file",
      type: "roboflow-video-download",
      z: "tab",
      account: "acc",
      output: "file",
      filename: `${results}/{{roboflow.fileName}}.json`,
      wires: [[]],
      ...own,
    };
    await stage.deploy(stage.flows({ po: { wires: [["do", "file"], []] } }, [file]));
    stage.emulator.fault({ kind: "result", do: "slow", bytesPerSecond: 500, match: clip, count: 0 });
    await stage.feed([clip]);
    const names = () => (existsSync(results) ? readdirSync(results) : []);
    await until(
      () => names().some((name) => name.endsWith(".part")),
      20_000,
      () => "a file begun",
    );
    stage.emulator.clearFaults();
    await stage.restart();
    return names;
  }

  it("leaves no half of itself behind when Node-RED is killed, and comes whole", async () => {
    const [clip = ""] = newNames(1);
    const names = await killedInTheMiddle(clip);
    await stage.allCome([clip]);
    await stage.settled();
    assert.deepEqual(names(), [`${clip}.json`]);
    assert.equal(statSync(path.join(storageOf(stage.userDir), ".spool")).mode & 0o777, 0o700);
  });

  it("nor where it is not to go on after a restart", async () => {
    const [clip = ""] = newNames(1);
    const names = await killedInTheMiddle(clip, { resume: false });
    await stage.allCome([clip]);
    await stage.settled();
    // Whole, where the poll node has handed the job over again.
    assert.deepEqual(
      names().filter((name) => name !== `${clip}.json`),
      [],
    );
    assert.deepEqual(readdirSync(path.join(storageOf(stage.userDir), ".spool")), []);
  });
});

describe("the journal on disk", () => {
  it("is readable by its owner only, holds no key, and is not written with every poll", async () => {
    await stage.deploy(stage.flows({ po: { interval: 0.1 } }));
    stage.emulator.set({ jobSeconds: 60 });
    const [clip = ""] = newNames(1);
    await stage.feed([clip]);
    await stage.seen("status", clip);
    await until(
      () => journalFiles(stage.userDir).length === 1,
      5000,
      () => `the poll node's entry alone, not ${journalFiles(stage.userDir)}`,
    );
    const file = path.join(storageOf(stage.userDir), journalFiles(stage.userDir)[0] ?? "");
    const { ino, mtimeMs, mode } = statSync(file);
    assert.equal(mode & 0o777, 0o600);
    assert.equal(statSync(path.dirname(file)).mode & 0o777, 0o700);
    const { polls } = stage.emulator.ledger.jobsOf(clip)[0] as { polls: number[] };
    const asked = polls.length;
    await until(
      () => polls.length >= asked + 6,
      10_000,
      () => "six more polls",
    );
    const later = statSync(file);
    assert.deepEqual([later.ino, later.mtimeMs], [ino, mtimeMs]);
    assert.equal(readFileSync(file, "utf8").includes(apiKey), false);
    await stage.nodeRed.inject("watch", { reset: true });
    await stage.settled();
  });

  it("leaves out req and res, which are absent after a restart", async () => {
    const direct: FlowNode[] = [
      {
        id: "direct",
        type: "http in",
        z: "tab",
        url: "/direct",
        method: "post",
        upload: false,
        wires: [["set"]],
      },
      {
        id: "set",
        type: "function",
        z: "tab",
        func: `msg.roboflow = { id: msg.payload.clip }; msg.payload = msg.payload.file; return msg;`,
        outputs: 1,
        libs: [],
        wires: [["up"]],
      },
      {
        id: "has",
        type: "function",
        z: "tab",
        func: `global.get("record")("has", { roboflow: msg.roboflow, req: 0, has: [!!msg.req, !!msg.res] });`,
        outputs: 0,
        libs: [],
        wires: [],
      },
    ];
    await stage.deploy(stage.flows({ do: { wires: [["record-frame", "has"]] } }, direct));
    const clips = newNames(2);
    const post = (clip: string) => {
      const [file] = makeClips(path.join(stage.userDir, "clips"), [clip]);
      return fetch(`${stage.nodeRed.url}/direct`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ clip, file }),
      }).catch(() => {});
    };
    const has = (clip: string) =>
      stage.nodeRed.records("has").find(({ msg }) => msg.roboflow.fileName === clip)?.msg.has;
    void post(clips[0] ?? "");
    await stage.allCome([clips[0] ?? ""]);
    assert.deepEqual(has(clips[0] ?? ""), [true, true]);

    stage.emulator.fault({ kind: "put", do: "silent" });
    void post(clips[1] ?? "");
    await stage.seen("put", clips[1] ?? "");
    const [entry] = journalEntries(stage.userDir, "up");
    assert.equal("req" in (entry?.msg ?? {}) || "res" in (entry?.msg ?? {}), false);
    await stage.restart();
    await stage.allCome([clips[1] ?? ""]);
    assert.deepEqual(has(clips[1] ?? ""), [false, false]);
  });

  it("sets damaged entries aside with a warning, ends what has waited too long in an error, and goes on", async () => {
    await stage.deploy(stage.flows());
    stage.emulator.set({ jobSeconds: 2 });
    const [good = "", old = ""] = newNames(2);
    await stage.feed([good]);
    await stage.seen("status", good);
    await delay(2500);
    stage.emulator.set({ jobSeconds: 60 });
    await stage.feed([old]);
    await stage.seen("status", old);
    await delay(2500);
    const folder = path.join(storageOf(stage.userDir), "po");
    await stage.restart(() => {
      for (const { id, msg, ...entry } of journalEntries(stage.userDir, "po"))
        if (msg.roboflow.id === old) {
          const clock = entry.clock - 25 * 3_600_000;
          writeFileSync(path.join(folder, `${id}.json`), JSON.stringify({ ...entry, id, msg, clock }));
        }
      writeFileSync(path.join(folder, "torn.json"), '{"id":"torn","node":"po","state":"acc');
      writeFileSync(path.join(folder, "half.tmp"), '{"id":"ha');
      writeFileSync(path.join(folder, "other.json"), '{"id":"not-its-name","node":"po"}');
      mkdirSync(path.join(storageOf(stage.userDir), "100%"));
    });
    await stage.nodeRed.waitForOutput(/unreadable and was set aside: .*torn.json.damaged/);
    await stage.nodeRed.waitForOutput(/unreadable and was set aside: .*other.json.damaged/);
    const oldJob = stage.emulator.ledger.jobsOf(old)[0]?.jobId ?? "";
    await until(
      () => stage.caughtOf([old]).length > 0,
      10_000,
      () => "the error of the old one",
    );
    const [{ msg }] = stage.caughtOf([old]) as [RecordedMessage];
    assert.deepEqual([msg.error.code, msg.error.source.id], ["JOB_TIMEOUT", "po"]);
    assert(msg.error.message.includes(oldJob), msg.error.message);
    await stage.allCome([good]);
    await until(
      () => journalFiles(stage.userDir).every((name) => name.endsWith(".damaged")),
      10_000,
      () => `${journalFiles(stage.userDir)}`,
    );
    assert.deepEqual(journalFiles(stage.userDir), ["po/other.json.damaged", "po/torn.json.damaged"]);
    rmSync(folder, { recursive: true });
    rmSync(path.join(storageOf(stage.userDir), "100%"), { recursive: true });
  });

  it("lets someone send the same upload to start again, but drops a message marked as repeated", async () => {
    const [clip = ""] = newNames(1);
    const tap: FlowNode = recordNode("uploaded");
    await stage.deploy(stage.flows({ up: { wires: [["st", "record-uploaded"]] } }, [tap]));
    await stage.feed([clip]);
    await stage.allCome([clip]);
    const { msg } = stage.nodeRed
      .records("uploaded")
      .find((record) => record.msg.roboflow.id === clip) as RecordedMessage;
    const jobs = () => stage.emulator.ledger.jobsOf(clip).length;
    assert(msg.roboflow.handover.token);
    await stage.nodeRed.inject("again", msg);
    await until(
      () => jobs() === 2,
      10_000,
      () => "a second job",
    );
    msg.roboflow.handover.repeat = true;
    await stage.nodeRed.inject("again", msg);
    await stage.nodeRed.inject("again", msg);
    await delay(700);
    assert.equal(jobs(), 2, "a repeat starts nothing, however many ways it takes");
    // A sender repeats each of what it sent once: the same message still later comes from someone who means it.
    await stage.nodeRed.inject("again", msg);
    await until(
      () => jobs() === 3,
      10_000,
      () => "a third job",
    );
    await stage.settled();
  });

  it("has its resets obeyed by clips that are still being taken up", async () => {
    await stage.deploy(stage.flows());
    stage.emulator.set({ jobSeconds: 60 });
    const clips = newNames(4);
    await stage.feed(clips);
    await Promise.all(clips.map((clip) => stage.seen("status", clip)));
    const onStart: FlowNode[] = [
      {
        id: "at-start",
        type: "inject",
        z: "tab",
        props: [{ p: "reset", v: "true", vt: "bool" }],
        once: true,
        onceDelay: 0.01,
        repeat: "",
        crontab: "",
        wires: [["po"]],
      },
    ];
    await stage.deploy(stage.flows({}, onStart));
    await stage.settled();
    assert.deepEqual(stage.whatWasCaught(clips), []);
  });
});

describe("a journal that cannot be written", () => {
  it("stops start with STORAGE; the others go on in memory, with one warning and a yellow ring", async () => {
    await stage.deploy(stage.flows());
    await stage.settled();
    await stage.nodeRed.kill();
    rmSync(storageOf(stage.userDir), { recursive: true, force: true });
    writeFileSync(storageOf(stage.userDir), "a file where the folder should be");
    chmodSync(storageOf(stage.userDir), 0o400);
    const status: FlowNode[] = [
      { id: "status", type: "status", z: "tab", scope: ["up"], wires: [["record-status"]] },
      recordNode("status"),
    ];
    await stage.startNext({ flows: stage.flows({}, status), keepFlows: false });
    const clips = newNames(3);
    await stage.feed(clips);
    await until(
      () => stage.caughtOf(clips).length === 3,
      20_000,
      () => "three errors",
    );
    for (const { msg } of stage.caughtOf(clips)) {
      assert.equal(msg.error.code, "STORAGE");
      assert.equal(msg.error.source.id, "st");
    }
    assert.equal(stage.startsSeen(clips), 0);
    assert.equal(
      stage.nodeRed.output.match(/\[warn\] \[roboflow-video-upload:.*cannot be recorded on disk/g)?.length,
      1,
    );
    await delay(700);
    const shown = stage.nodeRed.records("status").at(-1)?.msg.status;
    assert.deepEqual([shown?.fill, shown?.shape], ["yellow", "ring"]);

    await stage.nodeRed.kill();
    rmSync(storageOf(stage.userDir));
    await stage.startNext();
    const [fine = ""] = newNames(1);
    await stage.feed([fine]);
    await stage.allCome([fine]);
  });
});
