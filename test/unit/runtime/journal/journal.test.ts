import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, it, mock } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { JournalEntry } from "../../../../nodes/runtime/journal/entry";
import { Journal } from "../../../../nodes/runtime/journal/journal";
import { times } from "../../../../nodes/runtime/journal/times";
import type { ClipMessage } from "../../../../nodes/runtime/message";
import { durable, handed, message, rewriteFile, unhurried, watchDisk } from "./stage";

let root: string;
beforeEach(() => {
  root = path.join(mkdtempSync(path.join(tmpdir(), "roboflow-journal-")), "roboflow-video");
});
afterEach(() => rmSync(path.dirname(root), { recursive: true, force: true }));

const files = (node: string) => readdirSync(path.join(root, node)).filter((name) => name.endsWith(".json"));

/** A journal as the next process finds it. */
async function afterKill() {
  const journal = new Journal(root);
  return { journal, damaged: await journal.load() };
}

const entryWith = (more: Record<string, unknown>) =>
  JSON.stringify({ id: "x", node: "up", at: "2026-01-01T00:00:00Z", state: "accepted", msg: {}, ...more });

describe("the journal after a kill", () => {
  it("has every message that was accepted, oldest first, and none twice", async () => {
    const journal = new Journal(root);
    for (const id of ["one", "two", "three"]) {
      journal.accept("up", message(id), durable);
      await delay(2);
    }
    const next = await afterKill();
    const ids = () => next.journal.unsettled("up").map(({ msg }) => (msg as ClipMessage).roboflow.id);
    assert.deepEqual(ids(), ["one", "two", "three"]);
    await next.journal.load();
    assert.deepEqual(ids(), ["one", "two", "three"]);
  });

  it("does not bring back what this process accepted and settled while it was reading", async () => {
    const journal = new Journal(root);
    const { entry } = journal.accept("up", message("new"), durable);
    const loading = journal.load();
    journal.remove(entry);
    await loading;
    assert.deepEqual(journal.unsettled("up"), []);
  });

  it("tells the intention of a start from its acceptance, also when it was taken back", async () => {
    const journal = new Journal(root);
    const { entry } = journal.accept("st", message("clip"), durable);
    const stateAfterKill = async () => (await afterKill()).journal.unsettled("st")[0]?.state;
    await journal.intend(entry, unhurried);
    assert.equal(await stateAfterKill(), "intent");
    journal.withdraw(entry);
    assert.equal(await stateAfterKill(), "accepted");
    journal.settle(entry, { failure: { code: "PLAN", message: "no credits" } });
    assert.equal(await stateAfterKill(), "failed");
  });

  for (const state of ["accepted", "intent", "sent", "failed"] as const)
    it(`has what is ${state} whatever stands in its message, and says what it had to leave out`, async () => {
      const journal = new Journal(root);
      const msg = message("clip", { snapshot: Buffer.from("jpg"), when: new Date(5), ratio: Number.NaN });
      const { entry, missing } = journal.accept("st", msg, durable);
      assert.deepEqual(missing, ["msg.snapshot"]);
      if (state === "intent") await journal.intend(entry, unhurried);
      if (state === "sent") assert.deepEqual(journal.settle(entry, { msg }), ["msg.snapshot"]);
      if (state === "failed") journal.settle(entry, { failure: { code: "PLAN", message: "no credits" } });
      const [found] = (await afterKill()).journal.unsettled("st");
      assert.equal(found?.state, state);
      const { snapshot: _, ...rest } = msg;
      assert.deepEqual(found?.msg, rest);
    });

  it("has the outcome of work that could not be done again, and not its acceptance", async () => {
    const journal = new Journal(root);
    const msg = message("clip", { payload: Buffer.from("video") });
    const { entry, missing } = journal.accept("up", msg, { durable: true, outcomeOnly: true });
    assert.deepEqual(missing, []);
    assert.deepEqual((await afterKill()).journal.unsettled("up"), []);
    msg.payload = "https://storage.example/clip.mp4";
    journal.settle(entry, { msg });
    assert.deepEqual(
      (await afterKill()).journal.unsettled("up").map(({ state, msg }) => [state, msg]),
      [["sent", msg]],
    );
  });

  it("has nothing of a node that is not to resume", async () => {
    const journal = new Journal(root);
    const { entry } = journal.accept("up", message("clip"), { durable: false });
    journal.settle(entry, { msg: entry.msg });
    assert.equal(existsSync(root), false);
  });

  it("names the clip whatever somebody has put into msg.roboflow", async () => {
    const journal = new Journal(root);
    class Clip {
      id = "clip";
      thumb = Buffer.from("x");
    }
    for (const roboflow of [{ ...new Clip() }, new Clip(), Object.assign(new Map(), new Clip())]) {
      const { entry, missing } = journal.accept("st", message("clip", { roboflow }), durable);
      assert.deepEqual(missing, ["msg.roboflow.thumb"]);
      const next = await afterKill();
      assert.deepEqual(next.damaged, []);
      assert.deepEqual(next.journal.unsettled("st")[0]?.msg.roboflow, { id: "clip" });
      journal.remove(entry);
    }
  });

  it("has an intention on the disk itself, with the folders that lead to it, when the request may go out", async (t) => {
    const journal = new Journal(root);
    const { entry } = journal.accept("st", message("clip"), durable);
    const steps: string[] = [];
    watchDisk(t, root, (step) => {
      steps.push(step.replace(/\.\d+\.tmp/, ".tmp"));
    });
    await journal.intend(entry, unhurried);
    steps.push("sent");
    const own = steps.filter((step) => step !== `sync st/${entry.id}.json`);
    assert.deepEqual(own, [`sync st/${entry.id}.tmp`, "rename", "sync st", "sync .", "sent"]);
  });

  it("holds nobody up while intentions go to a slow disk, and lets many share the sync of their folder", async (t) => {
    const journal = new Journal(root);
    const steps: string[] = [];
    watchDisk(t, root, async (step) => {
      steps.push(step);
      await delay(2);
    });
    const entries = Array.from(
      { length: 40 },
      (_, n) => journal.accept("st", message(`clip-${n}`), durable).entry,
    );
    let turns = 0;
    const turning = setInterval(() => (turns += 1), 1);
    await Promise.all(entries.map((entry) => journal.intend(entry, unhurried)));
    clearInterval(turning);
    assert(turns > 20, `the event loop turned ${turns} times`);
    const ofFolder = steps.filter((step) => step === "sync st").length;
    assert(ofFolder <= 5, `the folder was synced ${ofFolder} times`);
    assert.equal((await afterKill()).journal.unsettled("st").length, 40);
  });

  for (const [what, isRemoved] of [
    ["stays accepted", false],
    ["stays gone, where it was removed", true],
  ] as const)
    it(`an entry whose node is closed while its intention goes to the disk ${what}`, async (t) => {
      const journal = new Journal(root);
      const { entry } = journal.accept("st", message("clip"), durable);
      const closing = new AbortController();
      watchDisk(t, root, () => {
        if (closing.signal.aborted) return;
        closing.abort(new Error("closed"));
        if (isRemoved) journal.remove(entry);
      });
      await assert.rejects(journal.intend(entry, closing.signal), /closed/);
      assert.equal(entry.state, "accepted");
      const states = (await afterKill()).journal.unsettled("st").map(({ state }) => state);
      assert.deepEqual(states, isRemoved ? [] : ["accepted"]);
      assert.equal(existsSync(path.join(root, "st")), !isRemoved);
    });

  it("an intention of the next node comes after that of one that was closed at a slow disk", async (t) => {
    const journal = new Journal(root);
    const { entry } = journal.accept("st", message("clip"), durable);
    const closing = new AbortController();
    watchDisk(t, root, () => delay(20));
    const first = journal.intend(entry, closing.signal);
    closing.abort(new Error("closed"));
    const second = journal.intend(entry, unhurried);
    await assert.rejects(first, /closed/);
    await second;
    assert.deepEqual(
      (await afterKill()).journal.unsettled("st").map(({ state }) => state),
      ["intent"],
    );
  });

  it("removes what a kill left half written, and leaves alone what is not its own", async () => {
    const journal = new Journal(root);
    journal.accept("../up", message("clip"), durable);
    const [folder = ""] = readdirSync(root);
    assert.equal(path.dirname(path.resolve(root, folder)), root, "no node id leads out of the folder");
    writeFileSync(path.join(root, folder, "x.tmp"), '{"id');
    mkdirSync(path.join(root, "100%"));
    writeFileSync(path.join(root, "100%", "y.json"), "not ours");
    const next = await afterKill();
    assert.equal(next.journal.unsettled("../up").length, 1);
    assert.deepEqual(next.damaged, []);
    assert.deepEqual(
      readdirSync(path.join(root, folder)).filter((name) => name.endsWith(".tmp")),
      [],
    );
    assert.deepEqual(readdirSync(path.join(root, "100%")), ["y.json"]);
  });

  for (const node of ["..", ".", ".spool", "../../etc", "a/b", "%2E%2E", "ä", "x".repeat(100)])
    it(`keeps to its folder whatever a node is called: ${node.slice(0, 20)}`, async () => {
      new Journal(root).accept(node, message("clip"), durable);
      const [folder = "", ...others] = readdirSync(root);
      assert.deepEqual([others, readdirSync(path.dirname(root))], [[], [path.basename(root)]]);
      assert.notEqual(folder, ".spool");
      assert.match(readdirSync(path.join(root, folder)).join(), /^[\w-]+[.]json$/);
      assert.equal((await afterKill()).journal.unsettled(node).length, 1);
    });

  it("has what seems to be years old: the clock of a computer without a battery starts in the past", async (t) => {
    t.mock.timers.enable({ apis: ["Date"], now: 0 });
    const { entry } = new Journal(root).accept("po", message("clip"), durable);
    t.mock.timers.reset();
    const { journal } = await afterKill();
    const [found] = journal.unsettled("po");
    assert.equal(found?.id, entry.id);
    assert(journal.ageOf(found as JournalEntry) < 60_000);
  });

  it("keeps what belongs to a node that is not there for 8 days from then on, and names each once", async () => {
    const before = new Journal(root);
    const days = (count: number) => count * 24 * 3_600_000;
    const accepted = (id: string) => before.accept("po", message(id), durable).entry;
    // One waits for ever and is not old: another flow file was used for one start only.
    const [old, young] = [accepted("old"), accepted("young")];
    rewriteFile(root, old, { orphanedAt: -days(8.5) });
    rewriteFile(root, young, { clock: -days(30), orphanedAt: -days(7.5) });
    accepted("new");
    const { journal } = await afterKill();
    journal.accept("po", message("in memory"), { durable: false });
    const names = (entries: JournalEntry[]) => entries.map(({ msg }) => msg._msgid).sort();
    const first = journal.keepOrphans("po");
    assert.deepEqual(Object.values(first).map(names), [["new", "young"], ["old"], ["in memory"]]);
    assert.deepEqual(Object.values(journal.keepOrphans("po")).map(names), [[], [], []]);
    assert.deepEqual(names(journal.unsettled("po")), ["new", "young"]);
    const orphaned = async () =>
      (await afterKill()).journal.unsettled("po").map(({ orphanedAt }) => typeof orphanedAt);
    assert.deepEqual(await orphaned(), ["number", "number"]);
    journal.adopt("po");
    assert.deepEqual(await orphaned(), ["undefined", "undefined"]);
  });

  for (const damage of [
    "",
    "null",
    "[]",
    '{"id":"x"}',
    '{"id":"x","node":"up","at":"?","state":"sent","msg":{}}',
    '{"id":"x","node":"up","at":"2026-11-27T00:00:00Z","state":"sent","msg":{},"typed":[[["a"],"date"]]}',
    ...[4_294_967_295, -1, 1, 0.5, "0", "constructor"].map((output) => entryWith({ state: "sent", output })),
    entryWith({ token: { length: 1 } }),
    entryWith({ orphanedAt: "yesterday" }),
    entryWith({ msg: 5 }),
    entryWith({ state: "failed", failure: { code: "PLAN" } }),
    entryWith({ state: "failed", failure: { code: "PLAN", message: "no", statusCode: "402" } }),
    entryWith({ state: "expired" }),
  ])
    it(`sets an entry aside that reads ${damage || "nothing"}`, async () => {
      mkdirSync(path.join(root, "up"), { recursive: true });
      writeFileSync(path.join(root, "up", "x.json"), damage);
      const { damaged, journal } = await afterKill();
      assert.deepEqual(journal.nodes(), []);
      assert.deepEqual(
        damaged.map(({ node, file }) => [node, path.basename(file)]),
        [["up", "x.json.damaged"]],
      );
      assert.deepEqual(journal.unsettled("up"), []);
      assert.deepEqual((await afterKill()).damaged, [], "and says so once");
    });
});

describe("a message that comes again", () => {
  const original = { token: "t" };
  const repeat = { token: "t", repeat: true };

  it("is known by its token, in this process and after a kill, and once each", async () => {
    const journal = new Journal(root);
    assert.equal(journal.isDuplicate("st", original), false);
    journal.accept("st", handed("clip", original), durable);
    assert.equal(journal.isDuplicate("po", repeat), false, "each node counts for itself");
    assert.equal(journal.isDuplicate("st", repeat), true);
    assert.equal(journal.isDuplicate("st", repeat), false);
    const next = await afterKill();
    assert.equal(next.journal.isDuplicate("st", repeat), true);
    assert.equal(next.journal.isDuplicate("st", repeat), false);
  });

  it("is known when it was a repeat itself, which its sender may send again after the next deploy", async () => {
    const journal = new Journal(root);
    assert.equal(journal.isDuplicate("st", { ...repeat, delivery: "1" }), false);
    journal.accept("st", handed("clip", repeat), durable);
    assert.equal(journal.isDuplicate("st", { ...repeat, delivery: "2" }), true);
    assert.equal((await afterKill()).journal.isDuplicate("st", { ...repeat, delivery: "3" }), true);
  });

  it("counts when it is not marked as a repeat: who sends it again does so on purpose", () => {
    const journal = new Journal(root);
    for (let time = 0; time < 3; time += 1) assert.equal(journal.isDuplicate("st", original), false);
  });

  it("is known when its repeat was faster, as long as its sender may repeat it", () => {
    const journal = new Journal(root);
    const sender = journal.accept("up", message("clip"), durable).entry;
    assert.equal(journal.isDuplicate("st", { token: sender.id, repeat: true, delivery: "1" }), false);
    assert.equal(journal.isDuplicate("st", { token: sender.id }), true);
    assert.equal(journal.isDuplicate("st", { token: sender.id, repeat: true, delivery: "2" }), true);
    assert.equal(journal.isDuplicate("st", { token: sender.id }), false);

    assert.equal(journal.isDuplicate("po", { token: sender.id, repeat: true, delivery: "1" }), false);
    journal.remove(sender);
    assert.equal(journal.isDuplicate("po", { token: sender.id }), false);
  });
});

describe("a token that is none", () => {
  for (const token of [5, {}, [], null])
    it(`counts as nothing: ${JSON.stringify(token)}`, () => {
      const journal = new Journal(root);
      const { entry, trouble } = journal.accept("st", handed("clip", { token } as never), durable);
      assert.equal(trouble, undefined);
      assert.equal(entry.token, undefined);
    });
});

describe("a message whose sender is disabled when Node-RED starts again", () => {
  it("is known for as long as that sender may send it again, over every kill, and then forgotten", async () => {
    const journal = new Journal(root);
    const sender = journal.accept("up", message("clip"), durable).entry;
    journal.settle(sender, { msg: sender.msg });
    const receiver = journal.accept("st", handed("clip", { token: sender.id }), durable).entry;
    journal.settle(receiver, { msg: receiver.msg });
    // A node after it that was told to forget the message.
    const reset = journal.accept("po", handed("clip", { token: receiver.id }), durable).entry;
    journal.remove(reset);
    assert.deepEqual([journal.unsettled("po"), files("po").length], [[], 1]);
    journal.remove(receiver);
    assert.deepEqual([journal.unsettled("st"), files("st").length], [[], 1]);
    assert.deepEqual(readdirSync(root), ["st", "up"], "start will not repeat it any more");

    for (let kill = 0; kill < 2; kill += 1) {
      const { journal: next } = await afterKill();
      assert.deepEqual(next.unsettled("st"), []);
      assert.equal(next.isDuplicate("st", { token: sender.id, repeat: true }), true);
    }
    const { journal: last } = await afterKill();
    const [sent] = last.unsettled("up");
    last.remove(sent as JournalEntry);
    assert.deepEqual(readdirSync(root), []);
  });
});

describe("a settled entry", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setInterval"] }));
  afterEach(() => mock.timers.reset());

  /** An upload that was handed to start, both with an outcome that was sent just now. */
  const bothSent = (journal: Journal) => {
    const sender = journal.accept("up", message("clip"), durable).entry;
    const receiver = journal.accept("st", handed("clip", { token: sender.id }), durable).entry;
    for (const entry of [sender, receiver]) {
      journal.settle(entry, { msg: entry.msg });
      journal.linger(entry);
    }
  };
  const pass = (time: number) => {
    for (let passed = 0; passed < time; passed += times.lingerStep) mock.timers.tick(times.lingerStep);
  };
  const nodesLeft = () => readdirSync(root);

  it("stays a second with the sender, longer with the receiver, and is nothing to take up meanwhile", () => {
    const journal = new Journal(root);
    bothSent(journal);
    assert.deepEqual(journal.unsettled("up"), []);
    pass(times.linger);
    assert.equal(files("up").length, 1);
    pass(times.lingerStep);
    assert.deepEqual(nodesLeft(), ["st"]);
    pass(times.lingerOfReceiver - times.linger);
    assert.deepEqual(nodesLeft(), [], "the folder goes with the last entry");
  });

  it("stays as long as messages have come in that are not accepted yet: it may be the sender of one", () => {
    let isTakingIn = true;
    const journal = new Journal(root, { isTakingIn: () => isTakingIn });
    bothSent(journal);
    pass(10 * times.lingerOfReceiver);
    assert.deepEqual([files("up").length, files("st").length], [1, 1]);
    isTakingIn = false;
    pass(times.lingerOfReceiver + times.lingerStep);
    assert.deepEqual(nodesLeft(), []);
  });

  it("stays as long as flows stand still, and is to be sent again where it may have been lost", () => {
    const journal = new Journal(root);
    bothSent(journal);
    journal.flowsStop();
    pass(10 * times.lingerOfReceiver);
    assert.deepEqual(nodesLeft(), ["st", "up"]);
    journal.flowsRun((node) => node === "up");
    assert.deepEqual([journal.unsettled("up").length, journal.unsettled("st").length], [1, 0]);
    pass(10 * times.lingerOfReceiver);
    assert.equal(files("up").length, 1);
    assert.equal(files("st").length, 1, "its receiver knows it for as long");
  });

  it("stays where it may be lost until flows run, when only some nodes have been left running", () => {
    const journal = new Journal(root);
    bothSent(journal);
    journal.flowsStop();
    journal.flowsRunPartly((node) => node === "up");
    for (const node of ["up", "po"]) journal.linger(journal.accept(node, message("late"), durable).entry);
    pass(10 * times.lingerOfReceiver);
    assert.equal(files("up").length, 2);
    assert.equal(nodesLeft().includes("po"), false);
    journal.flowsRun(() => true);
    assert.equal(journal.unsettled("up").length, 2);
  });

  it("stays when the event loop was blocked for long: what was sent has not gone any further meanwhile", () => {
    const journal = new Journal(root);
    bothSent(journal);
    pass(times.linger - times.lingerStep);
    mock.timers.tick(times.lingerStep);
    assert.equal(files("up").length, 1);
  });

  it("of a message that was not written before its outcome is written, since it can", async () => {
    const journal = new Journal(root);
    const { entry } = journal.accept("up", message("clip"), { durable: true, outcomeOnly: true });
    assert.equal((await afterKill()).journal.unsettled("up").length, 0);
    journal.settle(entry, { msg: message("clip") });
    assert.equal((await afterKill()).journal.unsettled("up")[0]?.state, "sent");
  });

  it("that cannot be removed or written harms nobody", () => {
    const journal = new Journal(root);
    const { entry } = journal.accept("up", message("clip"), durable);
    rmSync(root, { recursive: true });
    mkdirSync(path.join(root, "up", `${entry.id}.json`, "stubborn"), { recursive: true });
    journal.settle(entry, { msg: entry.msg });
    journal.linger(entry);
    pass(times.linger + times.lingerStep);
    assert.deepEqual(journal.nodes(), []);
  });
});

describe("an entry's cost", () => {
  it("does not grow with how many there are", () => {
    const full = new Journal(root);
    const add = (journal: Journal, count: number) => {
      const began = performance.now();
      for (let index = 0; index < count; index += 1) journal.accept("po", message(`clip-${index}`), durable);
      return performance.now() - began;
    };
    add(full, 6000);
    // In turns, and the best of several: other work on this machine only ever adds.
    const [ofFull, ofEmpty]: [number[], number[]] = [[], []];
    for (let round = 0; round < 15; round += 1) {
      ofEmpty.push(add(new Journal(path.join(root, `empty-${round}`)), 50));
      ofFull.push(add(full, 50));
    }
    const [last, first] = [Math.min(...ofFull), Math.min(...ofEmpty)];
    assert(last < 6 * first, `50 entries took ${last} ms with 6,000 there, ${first} ms with none`);
    assert.equal(statSync(path.join(root, "po", files("po")[0] ?? "")).mode & 0o777, 0o600);
  });
});
