import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Emulator, startEmulator } from "../../emulator/emulator";
import { clipOf } from "../../emulator/ledger";
import { clipBytes, makeClips } from "../support/clips";
import {
  type FlowNode,
  injectNodes,
  NodeRed,
  type RecordedMessage,
  recordNode,
  until,
} from "../support/node-red";
import {
  type Changes,
  clipsWithResult,
  fewerNodes,
  journalEntries,
  journalFiles,
  newUserDir,
  pipeline,
  storageOf,
} from "../support/pipeline";

const apiKey = "a-key-that-must-not-be-written";
const credentials = { acc: { apiKey } };
/** Milliseconds within which a node has to close, and what the machine that runs this may add. */
const closeLimit = 1000 + 500;

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

let emulator: Emulator;
let userDir: string;
let nodeRed: NodeRed;
before(async () => {
  emulator = await startEmulator({ analyse: false, builtInFrames: 5, hash: false, jobSeconds: 0.4, apiKey });
  userDir = newUserDir();
  nodeRed = await NodeRed.start({ userDir, flows: flows(), credentials, settings });
});
after(async () => {
  await nodeRed?.stop();
  await emulator?.close();
  rmSync(userDir, { recursive: true, force: true });
});
afterEach(() => {
  emulator.clearFaults();
  emulator.set({ jobSeconds: 0.4 });
});

/** The four nodes in a row, another tab that nobody needs, and a second way into start. */
function flows(changes: Changes = {}, more: FlowNode[] = []): FlowNode[] {
  return [
    ...pipeline(emulator.url, changes),
    ...injectNodes("again", ["st"]),
    ...injectNodes("watch", ["po"]),
    { id: "other", type: "tab", label: "Other" },
    { id: "note", type: "comment", z: "other", name: "", wires: [] },
    ...more,
  ];
}

let names = 0;
const newNames = (count: number) =>
  Array.from({ length: count }, () => {
    names += 1;
    return `clip-${names}.mp4`;
  });

async function feed(clips: string[], size?: number): Promise<void> {
  const files = makeClips(path.join(userDir, "clips"), clips, size);
  // In order: only two uploads go on at a time, and tests wait for the first ones.
  for (const [index, payload] of files.entries())
    await nodeRed.inject("clip", { payload, roboflow: { id: clips[index] } });
}

const caughtOf = (clips: string[]): RecordedMessage[] =>
  nodeRed.records("caught").filter(({ msg }) => clips.includes(msg.roboflow?.id));
const whatWasCaught = (clips: string[]) => caughtOf(clips).map(({ msg }) => msg.error.message);

const settled = () =>
  until(
    () => journalFiles(userDir).length === 0,
    15_000,
    () => `in the journal: ${JSON.stringify(journalEntries(userDir))}`,
  );

async function allCome(clips: string[]): Promise<void> {
  await until(
    () => clips.every((clip) => clipsWithResult(nodeRed).has(clip)),
    40_000,
    () =>
      `${clips.filter((clip) => !clipsWithResult(nodeRed).has(clip))} did not come; ${whatWasCaught(clips)}\n${nodeRed.output.slice(-2000)}`,
  );
  assert.deepEqual(whatWasCaught(clips), []);
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

const startsSeen = (clips: string[]) =>
  emulator.ledger.of("start").filter(({ text }) => clips.some((clip) => clipOf(text ?? "").includes(clip)))
    .length;
const seen = (kind: "put" | "start" | "result" | "status", clip: string) =>
  until(
    () =>
      emulator.ledger
        .of(kind)
        .some((request) => request.clip === clip || clipOf(request.text ?? "").includes(clip)),
    20_000,
    () => `${kind} of ${clip}`,
  );

/** How long Node-RED took to stop its flows the last time. */
function stoppedIn(): number {
  const [, last] = [...nodeRed.output.matchAll(/stopped in (\d+) ms/g)].at(-1) ?? [];
  return Number(last ?? Number.NaN);
}

const startedAgain = async (act: () => Promise<void>): Promise<void> => {
  const starts = () => (nodeRed.output.match(/Started (modified )?(flows|nodes)/g) ?? []).length;
  const before = starts();
  await act();
  await until(
    () => starts() > before,
    20_000,
    () => "flows to start",
  );
};

/** Deploys and waits until the flows have started again. */
const deploy = (flows: FlowNode[], type?: "full" | "nodes" | "flows" | "reload") =>
  startedAgain(() => nodeRed.deploy(flows, type));

const flowState = async (state: "start" | "stop"): Promise<void> => {
  const response = await fetch(`${nodeRed.url}/flows/state`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ state }),
  });
  assert(response.ok, `flows/state: HTTP ${response.status}`);
};

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
      await deploy(flows());
      const clips = newNames(24);
      emulator.fault(
        { kind: "put", do: "slow", bytesPerSecond: 300_000, count: 0 },
        { kind: "start", do: "delay", delayMs: 200, count: 0 },
        { kind: "result", do: "slow", bytesPerSecond: 2000, count: 0 },
      );
      const rounds = Object.values(changed);
      for (const [round, changes] of rounds.entries()) {
        await feed(clips.slice(4 * round, 4 * round + 4), 100_000);
        await delay(250);
        const note: FlowNode = {
          id: "news",
          type: "comment",
          z: "other",
          name: `${type} ${round}`,
          wires: [],
        };
        await deploy(flows(changes, [note]), type);
        assert(stoppedIn() < closeLimit, `stopping took ${stoppedIn()} ms`);
      }
      await allCome(clips);
      await settled();
      t.diagnostic(`${clips.length} clips, ${rounds.length} deploys`);
    });

  it("that reloads the flows from disk loses nothing", async () => {
    await deploy(flows());
    const clips = newNames(8);
    emulator.fault({ kind: "start", do: "delay", delayMs: 200, count: 0 });
    await feed(clips);
    for (let round = 0; round < 3; round += 1) {
      await delay(150);
      await deploy([], "reload");
    }
    await allCome(clips);
    await settled();
  });

  it("that follows upon another at once takes nothing up twice", async () => {
    await deploy(flows());
    const clips = newNames(12);
    await feed(clips);
    await Promise.all([
      nodeRed.deploy(flows({ st: { name: "one" } }), "nodes"),
      nodeRed.deploy(flows({ po: { name: "two" } }), "full"),
      nodeRed.deploy(flows({ st: { name: "three" } }), "nodes"),
    ]).catch(() => {});
    await deploy(flows());
    await allCome(clips);
    await settled();
  });

  it("that cannot start, because a type is missing, lets the nodes that it left running go on", async () => {
    const missing: FlowNode = { id: "missing", type: "no-such-type", z: "other", wires: [] };
    const deployWithMissing = async (changes: Changes) => {
      const waiting = () => nodeRed.output.match(/Waiting for missing types/g)?.length ?? 0;
      const before = waiting();
      await nodeRed.deploy(flows(changes, [missing]), "nodes");
      await until(
        () => waiting() > before,
        20_000,
        () => "flows to wait",
      );
    };
    await deploy(flows());
    const [untouched = "", lost = ""] = newNames(2);
    emulator.fault({ kind: "put", do: "delay", delayMs: 300, match: untouched });
    await feed([untouched]);
    await deployWithMissing({});
    await allCome([untouched]);
    await settled();

    // What start sends now reaches no poll node.
    emulator.fault({ kind: "start", do: "delay", delayMs: 300, match: lost });
    await feed([lost]);
    await seen("start", lost);
    await deployWithMissing({ po: { name: "changed" } });
    await until(
      () => nodeRed.records("job").some(({ msg }) => msg.roboflow.id === lost),
      10_000,
      () => "start to send the job",
    );
    await delay(2500);
    assert.equal(journalEntries(userDir, "st").length, 1, "it is kept until there is a poll node");
    await deploy(flows());
    await allCome([lost]);
    await settled();
  });

  it("closes within a second although an upload, a start and a download hang", async () => {
    await deploy(flows());
    const [upload = "", start = "", download = ""] = newNames(3);
    emulator.fault(
      { kind: "put", do: "silent", match: upload },
      { kind: "start", do: "silent", match: start },
      { kind: "result", do: "silent", match: download, afterBytes: 20 },
    );
    await feed([upload, start, download]);
    await Promise.all([seen("put", upload), seen("start", start), seen("result", download)]);
    await deploy(flows());
    assert(stoppedIn() < closeLimit, `stopping took ${stoppedIn()} ms`);
    await allCome([upload, download]);
    await until(
      () => caughtOf([start]).length === 1,
      10_000,
      () => "the doubt",
    );
    assert.equal(caughtOf([start])[0]?.msg.error.code, "START_UNCERTAIN");
    assert.equal(startsSeen([start]), 1);
    await settled();
  });

  it("waits a moment for the answer to a start request, so that no doubt arises", async () => {
    for (const type of ["full", "nodes"] as const) {
      await deploy(flows());
      const [clip = ""] = newNames(1);
      emulator.fault({ kind: "start", do: "delay", delayMs: 350, match: clip });
      await feed([clip]);
      await seen("start", clip);
      await deploy(flows({ st: { name: type }, acc: { name: type } }), type);
      await allCome([clip]);
    }
  });

  it("keeps a video that came as a Buffer, which a kill does not", async () => {
    await deploy(flows());
    const [kept = "", lost = ""] = newNames(2);
    const buffer = { $buffer: clipBytes().toString("base64") };
    emulator.fault({ kind: "put", do: "silent", count: 2 });
    await nodeRed.inject("clip", { payload: buffer, filename: kept, roboflow: { id: kept } });
    await seen("put", kept);
    emulator.clearFaults();
    await deploy(flows());
    await allCome([kept]);

    emulator.fault({ kind: "put", do: "silent" });
    await nodeRed.inject("clip", { payload: buffer, filename: lost, roboflow: { id: lost } });
    await seen("put", lost);
    await settled();
    await restart();
    await delay(1000);
    assert.equal(clipsWithResult(nodeRed).has(lost), false);
    assert.deepEqual(whatWasCaught([lost]), []);
  });
});

/** Kills Node-RED and starts it again. */
async function restart(between: () => void = () => {}): Promise<void> {
  await nodeRed.kill();
  between();
  nodeRed = await NodeRed.start({ ...nodeRed.options, keepFlows: true, port: nodeRed.port });
}

describe("flows that are stopped, disabled or deleted", () => {
  it("go on with every clip when they are started again", async () => {
    await deploy(flows());
    const clips = newNames(8);
    emulator.fault({ kind: "start", do: "delay", delayMs: 200, count: 0 });
    await feed(clips);
    await delay(300);
    await flowState("stop");
    assert(journalEntries(userDir).length > 0);
    await delay(300);
    const asked = emulator.ledger.requests.length;
    await delay(500);
    assert.equal(emulator.ledger.requests.length, asked, "nothing is asked while the flows stand still");
    await startedAgain(() => flowState("start"));
    await allCome(clips);
    await settled();
  });

  it("keep what a disabled tab has accepted, over a kill too, until it is enabled again", async () => {
    await deploy(flows());
    const clips = newNames(6);
    emulator.set({ jobSeconds: 1 });
    await feed(clips);
    await delay(300);
    const disabled = flows().map((node) => (node.id === "tab" ? { ...node, disabled: true } : node));
    await deploy(disabled);
    await restart();
    await delay(300);
    assert(journalEntries(userDir).length > 0);
    await deploy(flows());
    await allCome(clips);
    await settled();
  });

  it("keep what a disabled node has accepted until it is enabled again", async () => {
    await deploy(flows());
    const clips = newNames(4);
    emulator.fault({ kind: "put", do: "silent", count: 4 });
    await feed(clips);
    await seen("put", clips[0] ?? "");
    await deploy(flows({ up: { d: true } }), "nodes");
    emulator.clearFaults();
    await delay(300);
    assert.equal(journalEntries(userDir, "up").length, 4);
    await deploy(flows(), "nodes");
    await allCome(clips);
    await settled();
  });

  it("do not start a job again for an upload node that was disabled between a kill and its repeat", async () => {
    await deploy(flows());
    const [clip = ""] = newNames(1);
    await feed([clip]);
    await seen("start", clip);
    const file = path.join(userDir, "flows.json");
    const disabled = (node: FlowNode) => (node.id === "up" ? { ...node, d: true } : node);
    await restart(() =>
      writeFileSync(file, JSON.stringify(JSON.parse(readFileSync(file, "utf8")).map(disabled))),
    );
    const outcomes = () => clipsWithResult(nodeRed).has(clip) || caughtOf([clip]).length > 0;
    await until(outcomes, 20_000, () => `an outcome of ${clip}`);
    await until(
      () => journalEntries(userDir).every(({ node, state }) => node === "up" || state === "taken"),
      10_000,
      () => `start to be done with it: ${JSON.stringify(journalEntries(userDir))}`,
    );
    assert.equal(journalEntries(userDir, "up").length, 1, "the kill came in time");
    await restart();
    await deploy(flows());
    await settled();
    assert.equal(startsSeen([clip]), 1);
  });

  it("keep what a deleted node had accepted, with a warning that names the jobs, and go on when it is back", async () => {
    await deploy(flows());
    emulator.set({ jobSeconds: 5 });
    const clips = newNames(2);
    await feed(clips);
    await Promise.all(clips.map((clip) => seen("status", clip)));
    await deploy(flows().filter(({ id }) => id !== "po"));
    for (const clip of clips) {
      const [job] = emulator.ledger.jobsOf(clip);
      await nodeRed.waitForOutput(new RegExp(`The node po was deleted.*${job?.jobId}`));
    }
    const warnings = () => nodeRed.output.match(/The node po was deleted/g)?.length;
    const before = warnings();
    await deploy(flows({ do: { name: "changed" } }).filter(({ id }) => id !== "po"));
    assert.equal(warnings(), before, "each is named once");

    // Another flow file for one start, as a backup that was restored by mistake.
    const file = path.join(userDir, "flows.json");
    const elsewhere = `${file}.elsewhere`;
    await restart(() => {
      renameSync(file, elsewhere);
      const others = [
        { id: "tab", type: "tab" },
        { id: "acc", type: "roboflow-video-account" },
        { id: "up", type: "roboflow-video-upload", z: "tab", account: "acc", x: 1, y: 1, wires: [] },
      ];
      writeFileSync(file, JSON.stringify(others));
    });
    for (const clip of clips)
      await nodeRed.waitForOutput(
        new RegExp(`The node po was deleted.*${emulator.ledger.jobsOf(clip)[0]?.jobId}`),
      );
    await restart(() => renameSync(elsewhere, file));
    await deploy(flows());
    await allCome(clips);
    await settled();
  });

  it("know the nodes inside subflow instances", async () => {
    const inner = pipeline(emulator.url).filter(({ id }) => ["up", "st", "po", "do"].includes(id));
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
      { id: "acc", type: "roboflow-video-account", baseUrl: emulator.url },
      ...injectNodes("clip", ["instance"]),
      recordNode("frame"),
      ...pipeline(emulator.url).filter(({ id }) => id === "catch" || id === "record-caught"),
      { id: "instance", type: "subflow:sub", z: "tab", name, env: [], wires: [["record-frame"]] },
    ];
    for (const type of ["full", "nodes", "flows"] as const) {
      await deploy([...subflow, ...outer("one")]);
      const clips = newNames(4);
      emulator.fault({ kind: "start", do: "delay", delayMs: 200, count: 4 });
      await feed(clips);
      await delay(300);
      await deploy([...subflow, ...outer(type)], type);
      await allCome(clips);
    }
    const [killed = "", deleted = ""] = newNames(2);
    emulator.fault({ kind: "put", do: "silent", match: killed });
    await feed([killed]);
    await seen("put", killed);
    await restart();
    await allCome([killed]);

    emulator.set({ jobSeconds: 3 });
    await feed([deleted]);
    await seen("status", deleted);
    await deploy([...subflow, ...outer("").filter(({ id }) => id !== "instance")]);
    await nodeRed.waitForOutput(new RegExp(`was deleted.*${emulator.ledger.jobsOf(deleted)[0]?.jobId}`));
    await deploy([...subflow, ...outer("back")]);
    await allCome([deleted]);
    await settled();
  });
});

describe("a node that is not to go on by itself", () => {
  const notResuming = (name = "") => flows({ po: { resume: false, name } });

  for (const type of ["full", "nodes"] as const)
    it(`ends in ABORTED, for Catch to see, after a deploy of the kind "${type}"`, async () => {
      await deploy(notResuming());
      emulator.set({ jobSeconds: 60 });
      const [clip = ""] = newNames(1);
      await feed([clip]);
      await seen("status", clip);
      assert.deepEqual(journalEntries(userDir, "po"), []);
      await deploy(notResuming(type), type);
      await until(
        () => caughtOf([clip]).length > 0,
        10_000,
        () => "ABORTED",
      );
      await delay(300);
      const [{ msg }, ...more] = caughtOf([clip]) as [RecordedMessage, ...RecordedMessage[]];
      assert.equal(msg.error.code, "ABORTED");
      assert.equal(msg.error.source.id, "po");
      assert.match(msg.error.message, new RegExp(emulator.ledger.jobsOf(clip)[0]?.jobId ?? "–"));
      assert.deepEqual(more, []);
    });

  it("is named in the log when it is gone", async () => {
    await deploy(notResuming());
    emulator.set({ jobSeconds: 60 });
    const [clip = ""] = newNames(1);
    await feed([clip]);
    await seen("status", clip);
    await deploy(flows().filter(({ id }) => id !== "po"));
    await nodeRed.waitForOutput(
      new RegExp(`The node po was deleted.*${emulator.ledger.jobsOf(clip)[0]?.jobId}`),
    );
  });

  it("is forgotten after a kill", async () => {
    await deploy(notResuming());
    emulator.set({ jobSeconds: 60 });
    const [clip = ""] = newNames(1);
    await feed([clip]);
    await seen("status", clip);
    await settled();
    const { polls } = emulator.ledger.jobsOf(clip)[0] as { polls: number[] };
    await restart();
    const asked = polls.length;
    await delay(700);
    assert.equal(polls.length, asked);
    assert.deepEqual(whatWasCaught([clip]), []);
  });
});

describe("a file that is being written", () => {
  /** Has a result half written when Node-RED is killed. @returns what is in its folder now */
  async function killedInTheMiddle(clip: string, own: Record<string, unknown> = {}): Promise<() => string[]> {
    const results = path.join(userDir, "results", clip);
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
    await deploy(flows({ po: { wires: [["do", "file"], []] } }, [file]));
    emulator.fault({ kind: "result", do: "slow", bytesPerSecond: 500, match: clip, count: 0 });
    await feed([clip]);
    const names = () => (existsSync(results) ? readdirSync(results) : []);
    await until(
      () => names().some((name) => name.endsWith(".part")),
      20_000,
      () => "a file begun",
    );
    emulator.clearFaults();
    await restart();
    return names;
  }

  it("leaves no half of itself behind when Node-RED is killed, and comes whole", async () => {
    const [clip = ""] = newNames(1);
    const names = await killedInTheMiddle(clip);
    await allCome([clip]);
    await settled();
    assert.deepEqual(names(), [`${clip}.json`]);
    assert.equal(statSync(path.join(storageOf(userDir), ".spool")).mode & 0o777, 0o700);
  });

  it("nor where it is not to go on after a restart", async () => {
    const [clip = ""] = newNames(1);
    const names = await killedInTheMiddle(clip, { resume: false });
    await allCome([clip]);
    await settled();
    // Whole, where the poll node has handed the job over again.
    assert.deepEqual(
      names().filter((name) => name !== `${clip}.json`),
      [],
    );
    assert.deepEqual(readdirSync(path.join(storageOf(userDir), ".spool")), []);
  });
});

describe("the journal on disk", () => {
  it("is readable by its owner only, holds no key, and is not written with every poll", async () => {
    await deploy(flows({ po: { interval: 0.1 } }));
    emulator.set({ jobSeconds: 60 });
    const [clip = ""] = newNames(1);
    await feed([clip]);
    await seen("status", clip);
    await until(
      () => journalFiles(userDir).length === 1,
      5000,
      () => `the poll node's entry alone, not ${journalFiles(userDir)}`,
    );
    const file = path.join(storageOf(userDir), journalFiles(userDir)[0] ?? "");
    const { ino, mtimeMs, mode } = statSync(file);
    assert.equal(mode & 0o777, 0o600);
    assert.equal(statSync(path.dirname(file)).mode & 0o777, 0o700);
    const { polls } = emulator.ledger.jobsOf(clip)[0] as { polls: number[] };
    const asked = polls.length;
    await until(
      () => polls.length >= asked + 6,
      10_000,
      () => "six more polls",
    );
    const later = statSync(file);
    assert.deepEqual([later.ino, later.mtimeMs], [ino, mtimeMs]);
    assert.equal(readFileSync(file, "utf8").includes(apiKey), false);
    await nodeRed.inject("watch", { reset: true });
    await settled();
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
    await deploy(flows({ do: { wires: [["record-frame", "has"]] } }, direct));
    const clips = newNames(2);
    const post = (clip: string) => {
      const [file] = makeClips(path.join(userDir, "clips"), [clip]);
      return fetch(`${nodeRed.url}/direct`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ clip, file }),
      }).catch(() => {});
    };
    const has = (clip: string) =>
      nodeRed.records("has").find(({ msg }) => msg.roboflow.fileName === clip)?.msg.has;
    void post(clips[0] ?? "");
    await allCome([clips[0] ?? ""]);
    assert.deepEqual(has(clips[0] ?? ""), [true, true]);

    emulator.fault({ kind: "put", do: "silent" });
    void post(clips[1] ?? "");
    await seen("put", clips[1] ?? "");
    const [entry] = journalEntries(userDir, "up");
    assert.equal("req" in (entry?.msg ?? {}) || "res" in (entry?.msg ?? {}), false);
    await restart();
    await allCome([clips[1] ?? ""]);
    assert.deepEqual(has(clips[1] ?? ""), [false, false]);
  });

  it("sets damaged entries aside with a warning, ends what has waited too long in an error, and goes on", async () => {
    await deploy(flows());
    emulator.set({ jobSeconds: 2 });
    const [good = "", old = ""] = newNames(2);
    await feed([good]);
    await seen("status", good);
    await delay(2500);
    emulator.set({ jobSeconds: 60 });
    await feed([old]);
    await seen("status", old);
    await delay(2500);
    const folder = path.join(storageOf(userDir), "po");
    await restart(() => {
      for (const { id, msg, ...entry } of journalEntries(userDir, "po"))
        if (msg.roboflow.id === old) {
          const clock = entry.clock - 25 * 3_600_000;
          writeFileSync(path.join(folder, `${id}.json`), JSON.stringify({ ...entry, id, msg, clock }));
        }
      writeFileSync(path.join(folder, "torn.json"), '{"id":"torn","node":"po","state":"acc');
      writeFileSync(path.join(folder, "half.tmp"), '{"id":"ha');
      writeFileSync(path.join(folder, "other.json"), '{"id":"not-its-name","node":"po"}');
      mkdirSync(path.join(storageOf(userDir), "100%"));
    });
    await nodeRed.waitForOutput(/unreadable and was set aside: .*torn.json.damaged/);
    await nodeRed.waitForOutput(/unreadable and was set aside: .*other.json.damaged/);
    const oldJob = emulator.ledger.jobsOf(old)[0]?.jobId ?? "";
    await until(
      () => caughtOf([old]).length > 0,
      10_000,
      () => "the error of the old one",
    );
    const [{ msg }] = caughtOf([old]) as [RecordedMessage];
    assert.deepEqual([msg.error.code, msg.error.source.id], ["JOB_TIMEOUT", "po"]);
    assert(msg.error.message.includes(oldJob), msg.error.message);
    await allCome([good]);
    await until(
      () => journalFiles(userDir).every((name) => name.endsWith(".damaged")),
      10_000,
      () => `${journalFiles(userDir)}`,
    );
    assert.deepEqual(journalFiles(userDir), ["po/other.json.damaged", "po/torn.json.damaged"]);
    rmSync(folder, { recursive: true });
    rmSync(path.join(storageOf(userDir), "100%"), { recursive: true });
  });

  it("lets someone send the same upload to start again, but drops a message marked as repeated", async () => {
    const [clip = ""] = newNames(1);
    const tap: FlowNode = recordNode("uploaded");
    await deploy(flows({ up: { wires: [["st", "record-uploaded"]] } }, [tap]));
    await feed([clip]);
    await allCome([clip]);
    const { msg } = nodeRed
      .records("uploaded")
      .find((record) => record.msg.roboflow.id === clip) as RecordedMessage;
    const jobs = () => emulator.ledger.jobsOf(clip).length;
    assert(msg.roboflow.handover.token);
    await nodeRed.inject("again", msg);
    await until(
      () => jobs() === 2,
      10_000,
      () => "a second job",
    );
    msg.roboflow.handover.repeat = true;
    await nodeRed.inject("again", msg);
    await nodeRed.inject("again", msg);
    await delay(700);
    assert.equal(jobs(), 2, "a repeat starts nothing, however many ways it takes");
    // A sender repeats each of what it sent once: the same message still later comes from someone who means it.
    await nodeRed.inject("again", msg);
    await until(
      () => jobs() === 3,
      10_000,
      () => "a third job",
    );
    await settled();
  });

  it("has its resets obeyed by clips that are still being taken up", async () => {
    await deploy(flows());
    emulator.set({ jobSeconds: 60 });
    const clips = newNames(4);
    await feed(clips);
    await Promise.all(clips.map((clip) => seen("status", clip)));
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
    await deploy(flows({}, onStart));
    await settled();
    assert.deepEqual(whatWasCaught(clips), []);
  });
});

describe("a journal that cannot be written", () => {
  it("stops start with STORAGE; the others go on in memory, with one warning and a yellow ring", async () => {
    await deploy(flows());
    await settled();
    await nodeRed.kill();
    rmSync(storageOf(userDir), { recursive: true, force: true });
    writeFileSync(storageOf(userDir), "a file where the folder should be");
    chmodSync(storageOf(userDir), 0o400);
    const status: FlowNode[] = [
      { id: "status", type: "status", z: "tab", scope: ["up"], wires: [["record-status"]] },
      recordNode("status"),
    ];
    nodeRed = await NodeRed.start({
      ...nodeRed.options,
      flows: flows({}, status),
      keepFlows: false,
      port: nodeRed.port,
    });
    const clips = newNames(3);
    await feed(clips);
    await until(
      () => caughtOf(clips).length === 3,
      20_000,
      () => "three errors",
    );
    for (const { msg } of caughtOf(clips)) {
      assert.equal(msg.error.code, "STORAGE");
      assert.equal(msg.error.source.id, "st");
    }
    assert.equal(startsSeen(clips), 0);
    assert.equal(
      nodeRed.output.match(/\[warn\] \[roboflow-video-upload:.*cannot be recorded on disk/g)?.length,
      1,
    );
    await delay(700);
    const shown = nodeRed.records("status").at(-1)?.msg.status;
    assert.deepEqual([shown?.fill, shown?.shape], ["yellow", "ring"]);

    await nodeRed.kill();
    rmSync(storageOf(userDir));
    nodeRed = await NodeRed.start({ ...nodeRed.options, keepFlows: true, port: nodeRed.port });
    const [fine = ""] = newNames(1);
    await feed([fine]);
    await allCome([fine]);
  });
});
