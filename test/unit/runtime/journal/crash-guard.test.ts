import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import fs, { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, it } from "node:test";
import { CrashGuard } from "../../../../nodes/runtime/journal/crash-guard";

let root: string;
beforeEach(() => {
  root = path.join(mkdtempSync(path.join(tmpdir(), "roboflow-guard-")), "roboflow-video");
});
afterEach(() => rmSync(path.dirname(root), { recursive: true, force: true }));

const [one, two, three] = [randomUUID(), randomUUID(), randomUUID()];
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

it("suspects what was worked on when the process ended, and nothing that was worked on before", async () => {
  const guard = new CrashGuard(root);
  guard.mark(one);
  await nextTurn();
  guard.mark(two);
  guard.mark(three);
  const next = new CrashGuard(root);
  assert.deepEqual(
    [one, two, three].map((id) => next.isSuspect(id)),
    [false, true, true],
  );
  assert.deepEqual(next.condemned, []);
  next.acquit(two);
  assert.equal(next.isSuspect(two), false);
});

it("suspects nothing of a process that ended when it had nothing to do", async () => {
  const guard = new CrashGuard(root);
  for (const id of [one, two, three]) guard.mark(id);
  await nextTurn();
  const next = new CrashGuard(root);
  assert.deepEqual(
    [one, two, three].filter((id) => next.isSuspect(id)),
    [],
  );
});

it("says nothing on disk of entries that nobody suspects, nor takes a suspect for none", () => {
  const first = new CrashGuard(root);
  first.acquit(one);
  first.forgetCondemned();
  assert.equal(existsSync(root), false);
  first.mark(one);
  const next = new CrashGuard(root);
  next.acquit(two);
  next.forgetCondemned();
  assert.equal(new CrashGuard(root).isSuspect(one), true);
});

it("condemns what was worked on when two processes in a row ended, and only that", () => {
  const first = new CrashGuard(root);
  first.mark(one);
  first.mark(two);
  const second = new CrashGuard(root);
  second.mark(three);
  second.mark(two);
  const third = new CrashGuard(root);
  assert.deepEqual(third.condemned, [two]);
  assert.deepEqual(
    [one, two, three].map((id) => third.isSuspect(id)),
    [false, false, true],
  );
});

it("condemns one that is the first to be worked on, too", () => {
  new CrashGuard(root).mark(one);
  const second = new CrashGuard(root);
  second.acquit(one);
  second.mark(one);
  assert.deepEqual(new CrashGuard(root).condemned, [one]);
});

it("does not take two processes that ended with one in between that did not work on it for two in a row", () => {
  new CrashGuard(root).mark(one);
  new CrashGuard(root).mark(two);
  new CrashGuard(root).mark(one);
  assert.deepEqual(new CrashGuard(root).condemned, []);
});

it("comes to the same when the process ends before it has begun", () => {
  new CrashGuard(root).mark(one);
  new CrashGuard(root).mark(one);
  for (let start = 0; start < 3; start += 1) assert.deepEqual(new CrashGuard(root).condemned, [one]);
});

for (const end of ["is stopped", "is killed"])
  it(`condemns once: what was set aside may be tried again, even if the next process ${end} before it marks anything`, () => {
    new CrashGuard(root).mark(one);
    new CrashGuard(root).mark(one);
    const guard = new CrashGuard(root);
    assert.deepEqual(guard.condemned, [one]);
    guard.forgetCondemned();
    if (end === "is stopped") guard.close();
    const next = new CrashGuard(root);
    assert.deepEqual([next.condemned, next.isSuspect(one)], [[], false]);
  });

it("suspects nothing any more after a clean stop, though nothing was marked meanwhile", () => {
  new CrashGuard(root).mark(one);
  new CrashGuard(root).close();
  assert.equal(new CrashGuard(root).isSuspect(one), false);
});

it("leaves nothing behind after a clean stop, and marks again after the next start of flows", async (t) => {
  const opened = t.mock.method(fs, "openSync");
  const closed = t.mock.method(fs, "closeSync");
  const guard = new CrashGuard(root);
  guard.close();
  guard.mark(one);
  guard.close();
  assert.equal(existsSync(path.join(root, ".at-work")), false);
  assert.deepEqual([opened.mock.callCount(), closed.mock.callCount()], [1, 1]);
  await nextTurn();
  assert.equal(statSync(root).mode & 0o777, 0o700);
  guard.mark(two);
  assert.equal(statSync(path.join(root, ".at-work")).mode & 0o777, 0o600);
  assert.equal(new CrashGuard(root).isSuspect(two), true);
});

it("does without where there is no disk to write to, and takes a damaged file for none", () => {
  const file = path.join(path.dirname(root), "file");
  writeFileSync(file, "");
  const guard = new CrashGuard(path.join(file, "below"));
  guard.mark(one);
  guard.close();

  new CrashGuard(root).mark(one);
  for (const damage of [
    "",
    "null\n",
    "{}\n",
    `{}\n${one}\n`,
    "[1,\n",
    `[]\n${"x".repeat(100)}`,
    "\0\n\0".repeat(50),
  ]) {
    writeFileSync(path.join(root, ".at-work"), damage);
    assert.deepEqual(new CrashGuard(root).condemned, []);
  }
});

it("does without while the disk refuses, and marks again when it does not", async (t) => {
  const guard = new CrashGuard(root);
  const refuse = () => {
    throw Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
  };
  for (const call of ["mkdirSync", "writeSync", "renameSync"] as const) {
    // The file that is written to may be open.
    if (call !== "writeSync") guard.close();
    const refused = t.mock.method(fs, call, refuse);
    for (let count = 0; count < 1000; count += 1) guard.mark(one);
    const attempts = refused.mock.callCount();
    assert(attempts > 0 && attempts <= 100, "no more attempts than marks in one turn");
    await nextTurn();
    guard.mark(one);
    refused.mock.restore();
    guard.mark(two);
    const next = new CrashGuard(root);
    assert.deepEqual([next.isSuspect(one), next.isSuspect(two)], [false, true], call);
    await nextTurn();
  }
  assert.deepEqual(readdirSync(root), [".at-work"]);
});

it("marks some of a burst, in a file of bounded length", async () => {
  const guard = new CrashGuard(root);
  for (let turn = 0; turn < 3; turn += 1) {
    for (let count = 0; count < 1000; count += 1) guard.mark(randomUUID());
    await nextTurn();
  }
  assert(statSync(path.join(root, ".at-work")).size < 5000);
  cpSync(root, `${root}-copy`, { recursive: true });
  guard.mark(one);
  assert.equal(new CrashGuard(root).isSuspect(one), true);
});
