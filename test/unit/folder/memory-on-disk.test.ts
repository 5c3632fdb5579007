import assert from "node:assert/strict";
import { appendFileSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { folder, look, memory, now, open, pass, root, watcher, write } from "./watched-folder";

describe("the memory of a folder", () => {
  test("outlives a kill in mid-write", async () => {
    write("a.mkv");
    await look(0);
    await look(6);
    const file = path.join(root, "memory", "node.jsonl");
    appendFileSync(file, '["b.mkv",{"sizeB');
    open();
    assert.deepEqual([...memory.clips.keys()], ["a.mkv"]);
    memory.set("c.mkv", { sizeBytes: 1, modifiedMs: 1 });
    open();
    assert.deepEqual([...memory.clips.keys()], ["a.mkv", "c.mkv"]);
  });

  test("does not grow with clips that come and go", () => {
    memory.begin({ folder, identity: "1:1" }, []);
    for (let number = 0; number < 5000; number += 1) {
      memory.set(`${number}.mkv`, { sizeBytes: 1, modifiedMs: 1 });
      memory.forget([`${number}.mkv`]);
    }
    const size = statSync(path.join(root, "memory", "node.jsonl")).size;
    assert.ok(size < 100_000, `${size} bytes`);
  });

  test("of ten thousand clips is read as it was written", () => {
    memory.begin({ folder, identity: "1:1" }, []);
    for (let number = 0; number < 10_000; number += 1)
      memory.set(`${number}.mkv`, { sizeBytes: number, modifiedMs: number, hash: "h", passedAt: number });
    const before = new Map(memory.clips);
    open();
    assert.deepEqual(new Map(memory.clips), before);
    assert.ok(readFileSync(path.join(root, "memory", "node.jsonl")).length < 2_000_000);
  });
});

describe("a disk that is full", () => {
  const file = () => path.join(root, "memory", "node.jsonl");
  /** Nothing can be written to the memory, but what is there can be read. */
  const fill = () => {
    renameSync(path.join(root, "memory"), path.join(root, "memory.kept"));
    writeFileSync(path.join(root, "memory"), "in its way");
  };
  const isFull = (error: NodeJS.ErrnoException) => ["ENOTDIR", "EEXIST"].includes(String(error.code));
  const makeRoom = () => {
    rmSync(path.join(root, "memory"));
    renameSync(path.join(root, "memory.kept"), path.join(root, "memory"));
  };

  test("keeps a clip from being passed on until it can be noted, and then passes it on once", async () => {
    write("first.mkv");
    await look(0);
    assert.deepEqual(await look(6), ["first.mkv"]);
    write("a.mkv");
    await look(0);
    fill();
    for (let time = 0; time < 3; time += 1) await assert.rejects(look(6), isFull);
    makeRoom();
    assert.deepEqual(await look(6), ["a.mkv"]);
    open();
    assert.deepEqual([...memory.clips.keys()], ["first.mkv", "a.mkv"]);
    await look(0);
    assert.deepEqual(await look(6), []);
  });

  test("while a clip is in the journal: that it was passed on is noted when there is room", async () => {
    write("a.mkv");
    await look(0);
    await pass();
    fill();
    for (let time = 0; time < 3; time += 1) assert.throws(() => watcher.passed("a.mkv", now), isFull);
    makeRoom();
    watcher.passed("a.mkv", now);
    open();
    assert.equal(memory.clips.get("a.mkv")?.passedAt, now);
  });

  test("leaves half a line, and the next one is not lost in it", () => {
    memory.begin({ folder, identity: "1:1" }, []);
    memory.set("a.mkv", { sizeBytes: 1, modifiedMs: 1 });
    fill();
    assert.throws(() => memory.set("b.mkv", { sizeBytes: 1, modifiedMs: 1 }), isFull);
    makeRoom();
    appendFileSync(file(), '["b.mkv",{"sizeB');
    memory.set("c.mkv", { sizeBytes: 1, modifiedMs: 1 });
    open();
    assert.deepEqual([...memory.clips.keys()], ["a.mkv", "b.mkv", "c.mkv"]);
  });
});
