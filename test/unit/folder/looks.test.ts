import assert from "node:assert/strict";
import fs, { mkdirSync, mkdtempSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, type TestContext, test } from "node:test";
import { FolderMemory } from "../../../nodes/folder/memory";
import { scanFolder } from "../../../nodes/folder/scan";
import { FolderWatcher } from "../../../nodes/folder/watcher";

const settleMs = 5000;
let root: string;
let folder: string;
let memory: FolderMemory;
let watcher: FolderWatcher;
/** Milliseconds: Node-RED has run for a while when a clip comes. */
let now: number;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), "roboflow-folder-"));
  folder = path.join(root, "clips");
  mkdirSync(folder);
  now = 10_000_000;
  memory = new FolderMemory(path.join(root, "memory", "node.jsonl"));
  watcher = new FolderWatcher(folder, memory, settleMs);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const scan = () => scanFolder(folder, { subfolders: false, extensions: new Set(["mp4", "mkv"]) });

/** One look, after so many milliseconds; what is finished goes to the next node at once, unless it is only found. */
async function look(ms: number, { pass = true } = {}): Promise<string[]> {
  now += ms;
  const found = await scan();
  if (!memory.knows(folder)) memory.begin({ folder, identity: found.identity }, []);
  const finished = await watcher.look(found, now, new Set());
  for (const clip of pass ? finished : []) {
    watcher.passing(clip);
    watcher.passed(clip.name, now);
  }
  return finished.map(({ name }) => name);
}

/** The files that are opened from now on. */
function watchFiles(t: TestContext): FileHandle[] {
  const opened: FileHandle[] = [];
  const { open } = fs.promises;
  t.mock.method(fs.promises, "open", async (...given: Parameters<typeof open>) => {
    const handle = await open(...given);
    opened.push(handle);
    return handle;
  });
  return opened;
}

const place = (name: string) => path.join(folder, name);

describe("a look into a watched folder", () => {
  test("finds a clip finished after exactly the time that was set", async () => {
    writeFileSync(place("a.mkv"), "a clip");
    assert.deepEqual(await look(0), []);
    assert.deepEqual(await look(settleMs - 1), []);
    assert.deepEqual(await look(1), ["a.mkv"]);
  });

  test("opens no clip that it knows, or that is still to settle, and leaves none open", async (t) => {
    writeFileSync(place("a.mkv"), "a clip");
    const opened = watchFiles(t);
    await look(0);
    await look(settleMs - 1);
    assert.equal(opened.length, 0);
    assert.deepEqual(await look(1), ["a.mkv"]);
    const once = opened.length;
    for (let time = 0; time < 3; time += 1) await look(2 * settleMs);
    assert.equal(opened.length, once);
    // Touched, it is opened once more to see that it is the same.
    utimesSync(place("a.mkv"), 1000, 1000);
    for (let time = 0; time < 4; time += 1) assert.deepEqual(await look(2 * settleMs), []);
    assert.equal(opened.length, 2 * once);
    assert.deepEqual(new Set(opened.map(({ fd }) => fd)), new Set([-1]));
    assert.equal(watcher.waiting, 0);
  });

  test("opens a clip without an index every 5 s, however often it is looked at", async (t) => {
    const box = Buffer.from("\0\0\0\x18ftypisom\0\0\0\0isomiso2\0\0\0\x08mdat", "latin1");
    writeFileSync(place("a.mp4"), box);
    await look(0);
    const opened = watchFiles(t);
    await look(settleMs);
    const once = opened.length;
    assert.ok(once > 0);
    for (let ms = 1000; ms < 5000; ms += 1000) await look(1000);
    await look(999);
    assert.equal(opened.length, once);
    await look(1);
    assert.equal(opened.length, 2 * once);
    assert.equal(watcher.waiting, 1);
  });

  for (const [which, at, isNew] of [
    ["first byte", 0, true],
    ["first 64 KiB", 65_535, true],
    ["last 64 KiB", 200_000 - 65_536, true],
    ["last byte", 199_999, true],
    ["middle", 65_536, false],
    ["middle, near the end", 200_000 - 65_537, false],
  ] as const)
    test(`takes a clip of the same size for ${isNew ? "another" : "the same"} where it differs in its ${which}`, async () => {
      const bytes = Buffer.alloc(200_000, "clip");
      writeFileSync(place("a.mkv"), bytes);
      await look(0);
      await look(settleMs);
      bytes[at] = 0;
      writeFileSync(place("a.mkv"), bytes);
      utimesSync(place("a.mkv"), 1000, 1000);
      await look(1000);
      assert.deepEqual(await look(settleMs), isNew ? ["a.mkv"] : []);
    });

  test("keeps the time of change of a clip that was touched, so that it can be deleted in its time", async () => {
    writeFileSync(place("a.mkv"), "a clip");
    await look(0);
    await look(settleMs);
    const passedAt = now;
    utimesSync(place("a.mkv"), 1000, 1000);
    await look(1000);
    await look(settleMs);
    const known = memory.clips.get("a.mkv");
    assert.deepEqual([known?.modifiedMs, known?.passedAt], [statSync(place("a.mkv")).mtimeMs, passedAt]);
  });

  test("writes nothing when nothing has changed", async () => {
    writeFileSync(place("a.mkv"), "a clip");
    await look(0);
    await look(settleMs);
    const file = path.join(root, "memory", "node.jsonl");
    const before = statSync(file);
    for (let time = 0; time < 3; time += 1) await look(settleMs);
    const { ino, size, mtimeMs } = statSync(file);
    assert.deepEqual([ino, size, mtimeMs], [before.ino, before.size, before.mtimeMs]);
  });

  test("forgets what was deleted while a share was mounted anew", async () => {
    for (const name of ["a.mkv", "b.mkv"]) writeFileSync(place(name), name);
    await look(0);
    await look(settleMs);
    // Another folder in its place, with one of the clips in it: it is this one, mounted again.
    renameSync(folder, `${folder}.before`);
    mkdirSync(folder);
    renameSync(path.join(`${folder}.before`, "a.mkv"), place("a.mkv"));
    await look(1000);
    assert.deepEqual([...memory.clips.keys()], ["a.mkv"]);
    rmSync(place("a.mkv"));
    await look(1000);
    assert.equal(memory.clips.size, 0, "then it is empty, not away");
  });
});

describe("a clip that was passed on", () => {
  const passedOn = async () => {
    writeFileSync(place("a.mkv"), "a clip");
    utimesSync(place("a.mkv"), 500, 500);
    await look(0);
    await look(settleMs);
  };

  test("counts from the first time, when it is noted again", async () => {
    await passedOn();
    const passedAt = now;
    watcher.passed("a.mkv", now + 1000);
    assert.equal(memory.clips.get("a.mkv")?.passedAt, passedAt);
  });

  test("and is gone before it could be noted holds nothing up", async () => {
    writeFileSync(place("a.mkv"), "a clip");
    await look(0);
    now += settleMs;
    const [clip] = await watcher.look(await scan(), now, new Set());
    assert.ok(clip);
    watcher.passing(clip);
    rmSync(place("a.mkv"));
    await look(1000);
    watcher.passed("a.mkv", now);
    assert.equal(memory.clips.size, 0);
  });

  test("is as old as the wall clock says, and no older than this process knows", async (t) => {
    let running = 5_000_000;
    t.mock.method(performance, "now", () => running);
    await passedOn();
    const clip = memory.clips.get("a.mkv");
    assert.ok(clip);
    running += 60_000;
    assert.equal(watcher.ageOf(clip, now + 50_000), 50_000);
    assert.equal(watcher.ageOf(clip, now + 900_000), 60_000);
    const afterRestart = new FolderWatcher(folder, memory, settleMs);
    assert.equal(afterRestart.ageOf({ ...clip }, now + 900_000), 900_000);
  });

  test("is no longer one that is waited for, also when it was touched and has its old time again", async () => {
    await passedOn();
    for (const [time, waiting] of [
      [1000, 1],
      [500, 0],
    ] as const) {
      utimesSync(place("a.mkv"), time, time);
      await look(0);
      assert.equal(watcher.waiting, waiting);
    }
    assert.equal(watcher.waiting, 0);
  });

  test("is no longer one that is waited for", async () => {
    writeFileSync(place("a.mkv"), "a clip");
    await look(0);
    await look(settleMs, { pass: false });
    assert.equal(watcher.waiting, 1, "it was found only");
    await look(0);
    assert.equal(watcher.waiting, 0);
  });
});
