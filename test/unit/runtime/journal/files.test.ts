import assert from "node:assert/strict";
import fs, { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { JournalEntry } from "../../../../nodes/runtime/journal/entry";
import { Journal } from "../../../../nodes/runtime/journal/journal";
import { until } from "../../../support/node-red";
import { durable, message, unhurried, watchDisk } from "./stage";

let root: string;
beforeEach(() => {
  root = path.join(mkdtempSync(path.join(tmpdir(), "roboflow-journal-")), "roboflow-video");
});
afterEach(() => rmSync(path.dirname(root), { recursive: true, force: true }));

const nameOf = ({ id }: JournalEntry) => `${id}.json`;
const names = (node: string) => readdirSync(path.join(root, node)).sort();
const states = async (node: string) => {
  const next = new Journal(root);
  await next.load();
  return next.unsettled(node).map(({ state, msg }) => `${msg._msgid} ${state}`);
};
const full = Object.assign(new Error("no space left on device"), { code: "ENOSPC" });

describe("an entry's file", () => {
  it("is whole where the disk takes a few bytes at a time, and closed", (t) => {
    const { writeSync } = fs;
    t.mock.method(fs, "writeSync", (handle: number, bytes: Buffer, from: number) =>
      writeSync(handle, bytes, from, Math.min(7, bytes.length - from)),
    );
    const opened = t.mock.method(fs, "openSync");
    const closed = t.mock.method(fs, "closeSync");
    const { entry } = new Journal(root).accept("up", message("größer"), durable);
    const { msg } = JSON.parse(readFileSync(path.join(root, "up", nameOf(entry)), "utf8"));
    assert.deepEqual(msg, entry.msg);
    const handles = opened.mock.calls.map(({ result }) => result).filter((handle) => handle !== undefined);
    assert.deepEqual(
      closed.mock.calls.map(({ arguments: [handle] }) => handle),
      handles,
    );
  });

  it("is for nobody else to read", () => {
    new Journal(root).accept("up", message("clip"), durable);
    for (const folder of [root, path.join(root, "up")]) assert.equal(statSync(folder).mode & 0o777, 0o700);
  });

  it("leaves nothing half written behind on a full disk, and the older state stays", async (t) => {
    const journal = new Journal(root);
    const { entry } = journal.accept("up", message("old"), durable);
    const before = names("up");
    t.mock.method(fs, "writeSync", () => {
      throw full;
    });
    const { trouble } = journal.accept("up", message("new"), durable);
    assert.equal(trouble, full);
    journal.settle(entry, { msg: entry.msg });
    await assert.rejects(journal.intend(entry, unhurried), { code: "ENOSPC" });
    assert.deepEqual(names("up"), before);
    t.mock.restoreAll();
    assert.deepEqual(await states("up"), ["old accepted"]);
  });

  it("leaves nothing behind where it cannot get its name", (t) => {
    const journal = new Journal(root);
    const { entry } = journal.accept("up", message("old"), durable);
    t.mock.method(fs, "renameSync", () => {
      throw full;
    });
    assert.equal(journal.accept("up", message("new"), durable).trouble, full);
    assert.deepEqual(names("up"), [nameOf(entry)]);
  });

  it("makes no folders where the disk refuses for another reason than a missing one", (t) => {
    const { openSync } = fs;
    let asked = 0;
    t.mock.method(fs, "openSync", (...given: Parameters<typeof openSync>) => {
      asked += 1;
      if (asked === 1) throw Object.assign(new Error("too many open files"), { code: "EMFILE" });
      return openSync(...given);
    });
    const { trouble } = new Journal(root).accept("up", message("clip"), durable);
    assert.equal((trouble as NodeJS.ErrnoException).code, "EMFILE");
    assert.equal(existsSync(root), false);
  });

  it("of a damaged entry is set aside, with the job that it was about where that can be read", async () => {
    mkdirSync(path.join(root, "po"), { recursive: true });
    const write = (name: string, text: string) => fs.writeFileSync(path.join(root, "po", name), text);
    write("a.json", '{"id":"a","msg":{"roboflow":{"jobId":"job-7","pol');
    write("b.json", '{"id":"b"');
    const damaged = await new Journal(root).load();
    const found = damaged.map(({ file, ...rest }) => [path.basename(file), rest]);
    assert.deepEqual(Object.fromEntries(found), {
      "a.json.damaged": { node: "po", job: "job-7" },
      "b.json.damaged": { node: "po" },
    });
    assert.deepEqual(names("po"), ["a.json.damaged", "b.json.damaged"]);
  });

  it("is read while flows have their turn", async (t) => {
    const before = new Journal(root);
    for (const id of ["one", "two", "three"]) before.accept("up", message(id), durable);
    let now = 0;
    // A slow disk: each file takes as long as a turn may.
    t.mock.method(performance, "now", () => {
      now += 5;
      return now;
    });
    let turns = 0;
    const count = () => {
      turns += 1;
      if (turns < 100) setImmediate(count);
    };
    setImmediate(count);
    await new Journal(root).load();
    assert.ok(turns >= 3, `${turns} turns`);
    turns = 100;
  });

  it("that cannot even be renamed is named as it is", async (t) => {
    mkdirSync(path.join(root, "po", "a.json"), { recursive: true });
    t.mock.method(fs, "renameSync", () => {
      throw full;
    });
    const [damaged] = await new Journal(root).load();
    assert.equal(damaged?.file, path.join(root, "po", "a.json"));
  });

  it("is none where it stands in a folder that belongs to no node, such as the one for downloads", async () => {
    const spool = path.join(root, ".spool");
    mkdirSync(spool, { recursive: true });
    for (const name of ["half.json", "half.tmp"]) fs.writeFileSync(path.join(spool, name), "{");
    const journal = new Journal(root);
    assert.deepEqual(await journal.load(), []);
    assert.deepEqual(readdirSync(spool).sort(), ["half.json", "half.tmp"]);
  });

  it("keeps its node's folder where something was set aside in it", async () => {
    const journal = new Journal(root);
    const { entry } = journal.accept("up", message("clip"), durable);
    fs.writeFileSync(path.join(root, "up", "x.json.crashed"), "");
    journal.remove(entry);
    assert.deepEqual(names("up"), ["x.json.crashed"]);
  });
});

describe("the disk itself", () => {
  it("gets what was accepted in the background, one file at a time, and nothing that is gone", async (t) => {
    const journal = new Journal(root);
    const synced: string[] = [];
    let atOnce = 0;
    let most = 0;
    watchDisk(t, root, async (step) => {
      if (!step.startsWith("sync")) return;
      synced.push(path.basename(step));
      atOnce += 1;
      most = Math.max(most, atOnce);
      await delay(2);
      atOnce -= 1;
    });
    const accept = (id: string) => journal.accept("up", message(id), durable).entry;
    const [first, gone, last] = [accept("first"), accept("gone"), accept("last")] as const;
    journal.remove(gone);
    const through = (entry: JournalEntry) =>
      until(
        () => synced.includes(nameOf(entry)) && atOnce === 0,
        30_000,
        () => synced.join(),
      );
    await through(last);
    assert.deepEqual(synced, [first, last].map(nameOf));
    assert.equal(most, 1);
    await delay(0);
    const later = accept("later");
    await through(later);
    assert.deepEqual(synced, [first, last, later].map(nameOf));
  });

  it("that refuses one start's intention does not refuse another's, and keeps nothing of it", async (t) => {
    const journal = new Journal(root);
    const accept = (id: string) => journal.accept("st", message(id), durable).entry;
    const [one, two] = [accept("one"), accept("two")] as const;
    watchDisk(t, root, (step) => {
      if (step.startsWith(`sync st/${one.id}.`) && step.endsWith(".tmp")) throw full;
    });
    const outcomes = await Promise.allSettled([one, two].map((entry) => journal.intend(entry, unhurried)));
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ["rejected", "fulfilled"],
    );
    assert.equal((outcomes[0] as PromiseRejectedResult).reason, full);
    assert.deepEqual([one.state, two.state], ["accepted", "intent"]);
    assert.deepEqual(names("st"), [one, two].map(nameOf).sort());
    t.mock.restoreAll();
    await journal.intend(one, unhurried);
    assert.deepEqual((await states("st")).sort(), ["one intent", "two intent"]);
  });

  it("whose folder cannot be brought there refuses the start: a power cut would forget it", async (t) => {
    const journal = new Journal(root);
    const { entry } = journal.accept("st", message("clip"), durable);
    watchDisk(t, root, (step) => {
      if (step === "sync st") throw full;
    });
    await assert.rejects(journal.intend(entry, unhurried), { code: "ENOSPC" });
    assert.equal(entry.state, "accepted");
  });

  it("leaves no file open, whatever it refuses", async (t) => {
    const journal = new Journal(root);
    const opened: fs.promises.FileHandle[] = [];
    const { open } = fs.promises;
    t.mock.method(fs.promises, "open", async (...given: Parameters<typeof open>) => {
      const handle = await open(...given);
      opened.push(handle);
      handle.sync = async () => {
        throw full;
      };
      return handle;
    });
    const { entry } = journal.accept("st", message("clip"), durable);
    await assert.rejects(journal.intend(entry, unhurried), { code: "ENOSPC" });
    await until(
      () => opened.length >= 2 && opened.every(({ fd }) => fd === -1),
      30_000,
      () => opened.map(({ fd }) => fd).join(),
    );
  });
});
