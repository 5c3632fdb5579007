import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { JournalEntry } from "../../../../nodes/runtime/journal/entry";
import { Journal } from "../../../../nodes/runtime/journal/journal";
import type { ClipMessage } from "../../../../nodes/runtime/message";
import { afterKill, root } from "./own-journal";
import { durable, message, rewriteFile, unhurried, watchDisk } from "./stage";

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
