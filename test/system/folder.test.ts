import assert from "node:assert/strict";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Emulator, startEmulator } from "../../emulator/emulator";
import { clipBytes } from "../support/clips";
import { type FlowNode, NodeRed, type NodeRedOptions, recordNode, until } from "../support/node-red";
import { credentials, fewerNodes, journalFiles, newUserDir, pipeline, storageOf } from "../support/pipeline";

/** What interrupts, one after the other: the ways in which Node-RED ends, and the deploys. */
const ways = ["SIGKILL", "SIGTERM", "full", "nodes", "SIGINT", "flows", "reload"] as const;

/** Clips of the loop of interruptions, and how often it interrupts. */
const clipCount = Number(process.env.OUTCOMES ?? 40);
const interruptions = Number(process.env.KILLS ?? 7);

let emulator: Emulator;
before(async () => {
  emulator = await startEmulator({ analyse: false, builtInFrames: 2, hash: false });
});
after(() => emulator.close());

/** The folder in front of upload, start, poll and download, or of nothing but a node that records. */
function flowsWith(folder: string, own: Record<string, unknown> = {}, to = "up"): FlowNode[] {
  const watch = {
    id: "folder",
    type: "roboflow-video-folder",
    z: "tab",
    folder,
    settle: 0.2,
    wires: [["record-clip", ...(to ? [to] : [])]],
    ...own,
  };
  return [...pipeline(emulator.url), recordNode("clip"), watch];
}

class Watched {
  readonly userDir = newUserDir();
  readonly folder = path.join(this.userDir, "clips");
  nodeRed!: NodeRed;

  constructor(readonly flows: FlowNode[] | undefined = undefined) {
    mkdirSync(this.folder);
  }

  async start(own: Record<string, unknown> = {}, to = "", more: Partial<NodeRedOptions> = {}): Promise<void> {
    this.nodeRed = await NodeRed.start({
      userDir: this.userDir,
      flows: flowsWith(this.folder, own, to),
      credentials,
      settings: fewerNodes,
      ...more,
    });
    // What is there at the first look is left alone.
    const memory = path.join(storageOf(this.userDir), ".folders", "folder.jsonl");
    await until(
      () => existsSync(memory),
      30_000,
      () => this.nodeRed.output,
    );
  }

  file(name: string): string {
    return path.join(this.folder, name);
  }

  write(name: string, bytes = clipBytes()): void {
    mkdirSync(path.dirname(this.file(name)), { recursive: true });
    writeFileSync(this.file(name), bytes);
  }

  /** Names of the clips that have been passed on, each as often as it was. */
  passed(): string[] {
    return this.nodeRed.records("clip").map(({ msg }) => path.relative(this.folder, msg.payload));
  }

  async untilPassed(...names: string[]): Promise<void> {
    await until(
      () => names.every((name) => this.passed().includes(name)),
      30_000,
      () => `passed on: ${this.passed()}\n${this.nodeRed.output.slice(-2000)}`,
    );
  }

  async end(): Promise<void> {
    await this.nodeRed?.stop();
    rmSync(this.userDir, { recursive: true, force: true });
  }
}

async function watching(
  story: (watched: Watched) => Promise<void>,
  own: Record<string, unknown> = {},
  to = "",
): Promise<void> {
  const watched = new Watched();
  try {
    await watched.start(own, to);
    await story(watched);
  } finally {
    await watched.end();
  }
}

/** A clip that is passed on after what came before it has had its chance: looks go in the order of names and times. */
async function afterThat(watched: Watched, name: string): Promise<void> {
  watched.write(name);
  await watched.untilPassed(name);
}

describe("a folder node", () => {
  it("sends the path, the subfolder and the name of each finished clip", () =>
    watching(
      async (watched) => {
        watched.write("front/door 1.MP4");
        await watched.untilPassed("front/door 1.MP4");
        const [{ msg } = { msg: {} as any }] = watched.nodeRed.records("clip");
        const file = watched.file("front/door 1.MP4");
        const { id, handover, ...roboflow } = msg.roboflow;
        assert.equal(typeof id, "string");
        assert.equal(typeof handover.token, "string");
        assert.deepEqual(
          { payload: msg.payload, filename: msg.filename, topic: msg.topic, roboflow },
          { payload: file, filename: file, topic: "front", roboflow: { fileName: "door 1.MP4" } },
        );
      },
      { subfolders: true },
    ));

  it("waits for slow copies, takes what is renamed in and replaced, and passes nothing on twice", () =>
    watching(async (watched) => {
      const notUtf8 = Buffer.concat([
        Buffer.from(`${watched.folder}/`),
        Buffer.from([0xe4]),
        Buffer.from(".mp4"),
      ]);
      writeFileSync(notUtf8, clipBytes());
      watched.write("slow.mp4");
      const growing = setInterval(() => appendFileSync(watched.file("slow.mp4"), "more"), 50);
      await afterThat(watched, "quick.mp4");
      assert.deepEqual(watched.passed(), ["quick.mp4"]);
      clearInterval(growing);
      await watched.untilPassed("slow.mp4");
      watched.write("b.part");
      renameSync(watched.file("b.part"), watched.file("b.mp4"));
      await watched.untilPassed("b.mp4");
      // Touched: nothing. Replaced: another clip.
      utimesSync(watched.file("b.mp4"), 1000, 1000);
      watched.write("quick.mp4", clipBytes(5000));
      await until(
        () => watched.passed().filter((name) => name === "quick.mp4").length === 2,
        30_000,
        () => `passed on: ${watched.passed()}`,
      );
      await afterThat(watched, "last.mp4");
      assert.deepEqual(watched.passed().sort(), ["b.mp4", "last.mp4", "quick.mp4", "quick.mp4", "slow.mp4"]);
      assert.equal(watched.nodeRed.output.match(/not valid UTF-8/g)?.length, 1);
    }));

  it("leaves what is there at its first deploy, unless it is to pass that on, and then each once across restarts", async () => {
    for (const existing of [false, true]) {
      const watched = new Watched();
      try {
        watched.write("old.mp4");
        await watched.start({ existing });
        await afterThat(watched, "new.mp4");
        if (existing) await watched.untilPassed("old.mp4");
        // What was sent a moment before a stop comes again after it, marked as a repeat.
        await until(
          () => journalFiles(watched.userDir).length === 0,
          10_000,
          () => `in the journal: ${journalFiles(watched.userDir)}`,
        );
        await watched.nodeRed.stop();
        await watched.start({ existing }, "", { keepFlows: true });
        await afterThat(watched, "newer.mp4");
        assert.deepEqual(watched.passed().sort(), ["new.mp4", "newer.mp4", ...(existing ? ["old.mp4"] : [])]);
      } finally {
        await watched.end();
      }
    }
  });

  it("waits for a folder that is missing, and passes nothing on again when it comes back", () =>
    watching(async (watched) => {
      await afterThat(watched, "a.mp4");
      renameSync(watched.folder, `${watched.folder}.away`);
      await sleep(2500);
      renameSync(`${watched.folder}.away`, watched.folder);
      await afterThat(watched, "b.mp4");
      assert.deepEqual(watched.passed(), ["a.mp4", "b.mp4"]);
      assert.doesNotMatch(watched.nodeRed.output, /\[error\]/);
    }));

  it("passes nothing on again that grew too old while its share was away", () =>
    watching(
      async (watched) => {
        await afterThat(watched, "a.mp4");
        // An empty folder shows where the share was mounted.
        renameSync(watched.folder, `${watched.folder}.away`);
        mkdirSync(watched.folder);
        await sleep(7000);
        rmSync(watched.folder, { recursive: true });
        renameSync(`${watched.folder}.away`, watched.folder);
        await afterThat(watched, "b.mp4");
        assert.deepEqual(watched.passed(), ["a.mp4", "b.mp4"]);
      },
      // Two and a half seconds.
      { keepDays: 0.00003 },
    ));

  it("keeps no more than it may, and deletes nothing that it has not passed on", () =>
    watching(
      async (watched) => {
        const outside = path.join(watched.userDir, "outside.mp4");
        writeFileSync(outside, clipBytes());
        symlinkSync(outside, watched.file("link.mp4"));
        watched.write("notes.txt");
        for (const name of ["1.mp4", "2.mp4", "3.mp4", "4.mp4"]) await afterThat(watched, name);
        await until(
          () => readdirSync(watched.folder).filter((name) => /^\d/.test(name)).length <= 2,
          30_000,
          () => `in the folder: ${readdirSync(watched.folder)}`,
        );
        assert.deepEqual(readdirSync(watched.folder).sort(), ["3.mp4", "4.mp4", "link.mp4", "notes.txt"]);
        assert.ok(readdirSync(watched.userDir).includes("outside.mp4"));
      },
      { keepGB: 0.00001 },
    ));

  it("passes clips on once when the disk was full, with one warning", () =>
    watching(async (watched) => {
      await afterThat(watched, "before.mp4");
      const folders = path.join(storageOf(watched.userDir), ".folders");
      // Nothing can be written there, whoever runs this.
      renameSync(folders, `${folders}.kept`);
      writeFileSync(folders, "in its way");
      watched.write("a.mp4");
      watched.write("b.mp4");
      await watched.nodeRed.waitForOutput(/folder\.jsonl" could not be written/);
      // Several looks long.
      await sleep(5000);
      assert.deepEqual(watched.passed(), ["before.mp4"]);
      rmSync(folders);
      renameSync(`${folders}.kept`, folders);
      await watched.untilPassed("a.mp4", "b.mp4");
      await afterThat(watched, "after.mp4");
      const all = ["a.mp4", "after.mp4", "b.mp4", "before.mp4"];
      assert.deepEqual(watched.passed().sort(), all);
      assert.equal(watched.nodeRed.output.match(/could not be written/g)?.length, 1);
      assert.doesNotMatch(watched.nodeRed.output, /\[error\]/);
      // And the memory has all of them.
      await until(
        () => journalFiles(watched.userDir).length === 0,
        30_000,
        () => `in the journal: ${journalFiles(watched.userDir)}`,
      );
      await watched.nodeRed.kill();
      await watched.start({}, "", { keepFlows: true });
      await afterThat(watched, "last.mp4");
      assert.deepEqual(watched.passed().sort(), [...all, "last.mp4"]);
    }));

  it(`brings each of ${clipCount} clips to one job, across ${interruptions} kills, stops and deploys`, async (t) => {
    const watched = new Watched();
    // Room for about seven clips.
    const keep = { keepGB: 0.00003 };
    let number = 0;
    let feeding: NodeJS.Timeout | undefined;
    try {
      watched.write("there before.mp4");
      watched.write("notes.txt");
      await watched.start(keep, "up");
      feeding = setInterval(() => {
        if (number < clipCount) watched.write(`clip-${number++}.mp4`);
      }, 250);
      for (let round = 0; round < interruptions; round += 1) {
        await sleep(1000 + 1500 * Math.random());
        const way = ways[round % ways.length] as (typeof ways)[number];
        if (way === "SIGKILL" || way === "SIGTERM" || way === "SIGINT") {
          await (way === "SIGKILL" ? watched.nodeRed.kill() : watched.nodeRed.stop(way));
          await watched.start({}, "up", { keepFlows: true });
        } else {
          const changes = way === "full" || way === "reload" ? {} : { name: `round ${round}` };
          await watched.nodeRed.deploy(flowsWith(watched.folder, { ...keep, ...changes }), way);
        }
      }
      const jobsOf = (clip: number) => emulator.ledger.jobsOf(`clip-${clip}.mp4`).length;
      const all = Array.from({ length: clipCount }, (_, clip) => clip);
      const uncertain = () =>
        new Set(
          watched.nodeRed
            .records("caught")
            .filter(({ msg }) => msg.error.code === "START_UNCERTAIN")
            .map(({ msg }) => msg.roboflow.fileName),
        );
      const isDone = (clip: number) => jobsOf(clip) > 0 || uncertain().has(`clip-${clip}.mp4`);
      await until(
        () => number === clipCount && all.every(isDone),
        60_000,
        () => `without a job: ${all.filter((clip) => !isDone(clip))}\n${watched.nodeRed.output.slice(-2000)}`,
      );
      // Whatever would come a second time has its chance.
      await until(
        () => journalFiles(watched.userDir).length === 0,
        30_000,
        () => `in the journal: ${journalFiles(watched.userDir)}`,
      );
      await sleep(3000);
      assert.deepEqual(
        all.filter((clip) => jobsOf(clip) > 1),
        [],
        "clips with two jobs",
      );
      // None was deleted before it was uploaded, and nothing else was deleted at all.
      const failed = watched.nodeRed
        .records("caught")
        .map(({ msg }) => msg.error)
        .filter(({ code }) => code !== "START_UNCERTAIN");
      assert.deepEqual(failed, []);
      const left = () => readdirSync(watched.folder);
      await until(
        () => left().length < 12,
        60_000,
        () => `${left().length} files are left`,
      );
      assert.ok(left().includes("there before.mp4") && left().includes("notes.txt"), String(left()));
      t.diagnostic(`${clipCount} clips, ${interruptions} interruptions, ${uncertain().size} START_UNCERTAIN`);
    } finally {
      clearInterval(feeding);
      await watched.end();
    }
  });
});
