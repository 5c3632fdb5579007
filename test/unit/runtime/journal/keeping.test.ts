import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { notedEvery } from "../../../../nodes/runtime/journal/clock";
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

const fileOf = ({ node, id }: JournalEntry) => path.join(root, node, `${id}.json`);
const clockFile = () => path.join(root, ".clock.json");
const inMemory = { durable: false };
/** A file that is written anew has another inode. */
const inode = (entry: JournalEntry) => statSync(fileOf(entry)).ino;

async function afterKill(): Promise<Journal> {
  const journal = new Journal(root);
  await journal.load();
  return journal;
}

describe("the time that Node-RED ran", () => {
  it("is noted every ten minutes while there is something on disk that could grow old", (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    const journal = new Journal(root);
    const pass = () => t.mock.timers.tick(notedEvery);
    mkdirSync(root);
    pass();
    journal.accept("up", message("in memory"), inMemory);
    pass();
    assert.deepEqual(readdirSync(root), []);
    const entries = ["one", "two"].map((id) => journal.accept("up", message(id), durable).entry);
    assert.equal(existsSync(clockFile()), false);
    pass();
    assert.equal(existsSync(clockFile()), true);
    journal.remove(entries[0] as JournalEntry);
    assert.equal(existsSync(clockFile()), true);
  });

  it("is forgotten with the last entry, whichever node's that is", async () => {
    const before = new Journal(root);
    for (const node of ["up", "st"]) before.accept(node, message(node), durable);
    const journal = await afterKill();
    assert.equal(existsSync(clockFile()), true, "noted at the start, since these may be old");
    const [up, st] = ["up", "st"].map((node) => journal.unsettled(node)[0] as JournalEntry);
    journal.remove(up as JournalEntry);
    assert.equal(existsSync(clockFile()), true);
    journal.remove(st as JournalEntry);
    assert.deepEqual(readdirSync(root), []);
  });

  it("is noted by a process that finds one entry, and not by one that finds none", async () => {
    const { entry } = new Journal(root).accept("up", message("clip"), durable);
    const journal = await afterKill();
    assert.equal(existsSync(clockFile()), true);
    journal.remove(entry);
    await afterKill();
    assert.deepEqual(readdirSync(root), []);
  });

  it("is an entry's age, which is never below nothing", (t) => {
    let now = 5000;
    t.mock.method(performance, "now", () => now);
    const journal = new Journal(root);
    const { entry } = journal.accept("po", message("clip"), inMemory);
    now += 60_000;
    assert.equal(journal.ageOf(entry), 60_000);
    assert.equal(journal.ageOf({ ...entry, clock: entry.clock + 60_001 }), 0);
  });
});

describe("an intention", () => {
  it("of a node that has closed does not touch the disk, so that no kill takes it for a start", async (t) => {
    const journal = new Journal(root);
    const { entry } = journal.accept("st", message("clip"), durable);
    const before = inode(entry);
    await assert.rejects(journal.intend(entry, AbortSignal.abort(new Error("closed"))), /closed/);
    assert.equal(inode(entry), before);
    watchDisk(t, root, () => {});
    await journal.intend(entry, unhurried);
    assert.notEqual(inode(entry), before);
  });

  it("of an entry that is gone is refused", () => {
    const journal = new Journal(root);
    const { entry } = journal.accept("st", message("clip"), durable);
    journal.remove(entry);
    assert.throws(() => journal.intend(entry, unhurried), /not in the journal/);
  });

  it("of a message that could not be written before leaves no file behind once it is dealt with", async () => {
    const journal = new Journal(root);
    writeFileSync(root, "a file in the way");
    const { entry, trouble } = journal.accept("st", message("clip"), durable);
    assert.ok(trouble);
    rmSync(root);
    await journal.intend(entry, unhurried);
    assert.ok(existsSync(fileOf(entry)));
    journal.remove(entry);
    assert.deepEqual(readdirSync(root), []);
  });
});

describe("an entry", () => {
  it("that is only in memory is gone as soon as its outcome was sent", () => {
    const journal = new Journal(root);
    const { entry } = journal.accept("up", message("clip"), inMemory);
    journal.linger(entry);
    assert.deepEqual(journal.nodes(), []);
  });

  it("may be removed once too often, without its node's others", () => {
    const journal = new Journal(root);
    const [one, two] = ["one", "two"].map((id) => journal.accept("up", message(id), durable).entry);
    for (let time = 0; time < 2; time += 1) journal.remove(one as JournalEntry);
    assert.deepEqual(journal.unsettled("up"), [two]);
    assert.deepEqual(readdirSync(path.join(root, "up")), [path.basename(fileOf(two as JournalEntry))]);
  });

  it("with one date in its message has it after a kill", async () => {
    const { entry } = new Journal(root).accept("up", message("clip", { when: new Date(5) }), durable);
    assert.deepEqual((await afterKill()).unsettled("up")[0]?.msg, entry.msg);
    assert.deepEqual((entry.msg as { when?: Date }).when, new Date(5));
  });

  it("is oldest first by when it was taken, and by Node-RED's own time where the clock stood still", async () => {
    const journal = new Journal(root);
    const taken = Array.from({ length: 8 }, (_, n) => journal.accept("up", message(`${n}`), durable).entry);
    for (const [index, entry] of taken.entries())
      rewriteFile(root, entry, { at: `2026-11-27T09:00:0${index < 4 ? 1 : 0}Z`, clock: 100 - index });
    const ids = (await afterKill()).unsettled("up").map(({ msg }) => msg._msgid);
    assert.deepEqual(ids, ["7", "6", "5", "4", "3", "2", "1", "0"]);
  });

  it("whose message somebody has taken the clip out of has one all the same", async () => {
    const { entry } = new Journal(root).accept("up", message("clip"), durable);
    rewriteFile(root, entry, { msg: { payload: "/clips/clip.mp4" } });
    const [found] = (await afterKill()).unsettled("up") as { msg: Partial<ClipMessage> }[];
    assert.equal(typeof found?.msg.roboflow?.id, "string");
  });

  it("of an older version, without Node-RED's own time, counts from now", async () => {
    const { entry } = new Journal(root).accept("po", message("clip"), durable);
    rewriteFile(root, entry, { clock: undefined });
    const journal = await afterKill();
    const [found] = journal.unsettled("po");
    assert.ok(journal.ageOf(found as JournalEntry) < 60_000);
  });

  it("that ends the process is set aside, with its file under another name, and no other", async () => {
    const before = new Journal(root);
    const [up, st] = ["up", "st"].map((node) => before.accept(node, message(node), durable).entry);
    const journal = await afterKill();
    assert.equal(journal.setAside("unknown"), undefined);
    const { entry, file } = journal.setAside((st as JournalEntry).id) ?? {};
    assert.deepEqual([entry?.id, file], [st?.id, `${fileOf(st as JournalEntry)}.crashed`]);
    assert.ok(existsSync(String(file)));
    assert.deepEqual(journal.nodes(), ["up"]);
    assert.deepEqual((await afterKill()).nodes(), ["up"]);
    assert.ok(existsSync(fileOf(up as JournalEntry)));
  });

  it("whose node was there all the time is not written again when flows start", async () => {
    const before = new Journal(root);
    const { entry } = before.accept("po", message("clip"), durable);
    const written = inode(entry);
    const journal = await afterKill();
    journal.adopt("po");
    assert.equal(inode(entry), written);
    journal.keepOrphans("po");
    const orphaned = inode(entry);
    assert.notEqual(orphaned, written);
    journal.keepOrphans("po");
    assert.equal(inode(entry), orphaned, "when it was first missed stands there already");
  });

  it("of which only the token is left is not written again with each start", async () => {
    const journal = new Journal(root);
    const sender = journal.accept("up", message("clip"), durable).entry;
    const receiver = journal.accept("st", handed("clip", { token: sender.id }), durable).entry;
    journal.remove(receiver);
    const left = inode(receiver);
    await afterKill();
    assert.equal(inode(receiver), left);
  });
});

describe("a settled entry of a deploy that lost nothing", () => {
  it("goes in its time", (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    const journal = new Journal(root);
    const { entry } = journal.accept("up", message("clip"), durable);
    journal.settle(entry, { msg: entry.msg });
    journal.linger(entry);
    journal.flowsStop();
    journal.flowsRun(() => false);
    for (let passed = 0; passed <= times.linger; passed += times.lingerStep)
      t.mock.timers.tick(times.lingerStep);
    assert.deepEqual(readdirSync(root), []);
  });
});
