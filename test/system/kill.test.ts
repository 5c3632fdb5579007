import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Emulator, startEmulator } from "../../emulator/emulator";
import { makeClips } from "../support/clips";
import { type FlowNode, freePort, NodeRed, type NodeRedOptions, until } from "../support/node-red";
import {
  between,
  clipsWithResult,
  credentials,
  fewerNodes,
  journalEntries,
  journalFiles,
  newUserDir,
  roundabout,
} from "../support/pipeline";

/** Seed of the random moments; the same seed asks for the same moments. */
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
/** Random kills in all. */
const kills = Number(process.env.KILLS ?? 30);
/** Outcomes to see of each other kind of interruption. */
const outcomes = Number(process.env.OUTCOMES ?? 40);
/** Clips in flight. For thousands of outcomes: `IN_FLIGHT=100 LIFE_MS=12000 OUTCOMES=3000`. */
const inFlight = Number(process.env.IN_FLIGHT ?? 20);
const account = { maxUploads: Math.ceil(inFlight / 10) };
/**
 * Milliseconds between two interruptions at most: longer than an outcome stays in the journal, or all would come again
 * each time. With more clips in flight the taking up takes longer, too.
 */
const longestLife = Number(process.env.LIFE_MS ?? 2500);
const killer = path.join(__dirname, "support", "killer.js");

let emulator: Emulator;
before(async () => {
  emulator = await startEmulator({ analyse: false, builtInFrames: 5, hash: false });
});
after(() => emulator.close());

/** Where a Node-RED is to die: see support/killer.js. */
interface Death {
  afterMs?: number;
  call?: string;
  path?: string;
  holds?: string;
  nth?: number;
  when?: "before" | "half" | "after";
}

/** Milliseconds in which messages that come together are taken in, on a busy machine. */
const takenInMs = 100;

/** One user directory and the Node-REDs that live and die in it, one after the other. */
class Lives {
  readonly userDir = newUserDir();
  /** What the names of its clips begin with. */
  readonly name = newName();
  readonly fed = new Map<string, "accepted" | "unknown">();
  interruptions = 0;
  #port = 0;
  readonly #acceptedAt = new Map<string, number>();
  #current: NodeRed | undefined;
  readonly #options: Partial<NodeRedOptions>;

  constructor(options: Partial<NodeRedOptions> = {}) {
    this.#options = options;
  }

  get nodeRed(): NodeRed {
    assert(this.#current);
    return this.#current;
  }

  /** Starts the next one; undefined when it died before its flows had started. */
  async start(death?: Death): Promise<NodeRed | undefined> {
    this.#port ||= await freePort();
    const isFirst = this.#current === undefined;
    try {
      this.#current = await NodeRed.start({
        userDir: this.userDir,
        flows: roundabout(emulator.url, { acc: account }),
        credentials,
        port: this.#port,
        settings: fewerNodes,
        keepFlows: !isFirst,
        ...(death ? { nodeOptions: ["--require", killer], env: { KILL: JSON.stringify(death) } } : {}),
        ...this.#options,
      });
      return this.#current;
    } catch (error) {
      if (!death || !String(error).includes("SIGKILL")) throw error;
      this.interruptions += 1;
      return undefined;
    }
  }

  /** Feeds a clip; it counts as accepted when Node-RED has answered after the upload node had it. */
  async feed(name: string, size?: number): Promise<void> {
    const [file] = makeClips(path.join(this.userDir, "clips"), [name], size);
    this.fed.set(name, "unknown");
    await this.nodeRed.inject("clip", { payload: file, roboflow: { id: name } }).then(
      () => {
        this.fed.set(name, "accepted");
        this.#acceptedAt.set(name, performance.now());
      },
      () => {},
    );
  }

  /** @param atRandom killed whatever it was doing: of messages that came together, some may not be in the journal yet. */
  async died({ atRandom = false } = {}): Promise<void> {
    await this.nodeRed.ended;
    const since = performance.now() - takenInMs;
    this.interruptions += 1;
    if (atRandom) for (const [name, at] of this.#acceptedAt) if (at > since) this.fed.set(name, "unknown");
    for (const { msg } of journalEntries(this.userDir)) this.fed.set(msg.roboflow.id, "accepted");
  }

  /** Deploys and waits until the flows have started again. */
  async deploy(flows: FlowNode[], type: "full" | "nodes" | "flows" | "reload"): Promise<void> {
    const starts = () => (this.nodeRed.output.match(/Started (modified )?(flows|nodes)/g) ?? []).length;
    const before = starts();
    await this.nodeRed.deploy(flows, type);
    await until(
      () => starts() > before,
      20_000,
      () => `flows to start\n${this.nodeRed.output.slice(-3000)}`,
    );
    this.interruptions += 1;
  }

  /** How many clips have a result or an error. */
  answered(): number {
    return this.#answered().size;
  }

  #answered(): Set<string> {
    const answered = clipsWithResult(this.nodeRed);
    for (const { msg } of this.nodeRed.records("caught")) answered.add(msg.roboflow.id);
    return answered;
  }

  /** Names of accepted clips that have neither a result nor an error that names them. */
  unanswered(): string[] {
    const answered = this.#answered();
    return [...this.fed]
      .filter(([name, fate]) => fate === "accepted" && !answered.has(name))
      .map(([name]) => name);
  }

  /** Waits for every outcome, then for the journal to be empty. */
  async finish(timeout = 120_000): Promise<void> {
    await until(
      () => this.unanswered().length === 0,
      timeout,
      () => `no outcome: ${this.unanswered()}\n${this.nodeRed.output.slice(-3000)}`,
    );
    await until(
      () => journalFiles(this.userDir).length === 0,
      10_000,
      () => `in the journal: ${JSON.stringify(journalEntries(this.userDir))}`,
    );
    assert.deepEqual(journalFiles(this.userDir), []);
    for (const name of this.fed.keys())
      assert(emulator.ledger.jobsOf(name).length <= 1, `two jobs of ${name} (seed ${seed})`);
    for (const { msg } of this.nodeRed.records("caught")) {
      assert.equal(msg.error.code, "START_UNCERTAIN", msg.error.message);
      assert(msg.error.message.includes(msg.roboflow.id), `${msg.error.message} names no clip`);
    }
  }

  async end(): Promise<void> {
    await this.#current?.stop();
    rmSync(this.userDir, { recursive: true, force: true });
  }
}

/** Runs one story, whatever becomes of it nothing of it stays. */
async function living(
  story: (lives: Lives) => Promise<void>,
  options?: Partial<NodeRedOptions>,
): Promise<void> {
  const lives = new Lives(options);
  try {
    await story(lives);
  } finally {
    await lives.end();
  }
}

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
      await living(async (lives) => {
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
    await living(async (lives) => {
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
      living(async (lives) => {
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
    living(async (lives) => {
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
    living(async (lives) => {
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
    living(async (lives) => {
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
  await living(async (lives) => {
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

let names = 0;
const newClip = () => `${newName()}.mp4`;
const newName = () => {
  names += 1;
  return `clip-${names}`;
};
