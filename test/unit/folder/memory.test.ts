import assert from "node:assert/strict";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { FolderMemory } from "../../../nodes/folder/memory";

let root: string;
let file: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), "roboflow-memory-"));
  file = path.join(root, ".folders", "node.jsonl");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const clip = (sizeBytes: number) => ({ sizeBytes, modifiedMs: 1 });
const names = (memory: FolderMemory) => [...memory.clips.keys()];
/** The file is written anew under another inode; a line at its end keeps it. */
const inode = () => statSync(file).ino;

describe("what a folder node remembers", () => {
  test("is private, and begins with what was in the folder already", () => {
    new FolderMemory(file).begin({ folder: "/clips", identity: "1:1" }, [["there.mkv", clip(1)]]);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(statSync(path.dirname(file)).mode & 0o777, 0o700);
    const memory = new FolderMemory(file);
    assert.deepEqual([...memory.clips], [["there.mkv", clip(1)]]);
    assert.deepEqual([memory.knows("/clips"), memory.knows("/other"), memory.identity], [true, false, "1:1"]);
  });

  test("holds nothing of the folder that the node watched before", () => {
    const memory = new FolderMemory(file);
    memory.begin({ folder: "/clips", identity: "1:1" }, [["there.mkv", clip(1)]]);
    memory.begin({ folder: "/other", identity: "1:2" }, []);
    for (const now of [memory, new FolderMemory(file)]) {
      assert.deepEqual(names(now), []);
      assert.equal(now.knows("/clips"), false);
    }
  });

  test("says which folders it saw last, also after a restart, and is written only when they have changed", () => {
    const memory = new FolderMemory(file);
    memory.setIdentities({ identity: "0:0", folders: {} });
    assert.equal(memory.identity, undefined, "no folder has been looked into yet");
    memory.begin({ folder: "/clips", identity: "1:1" }, []);
    const seen = (of: FolderMemory) => [of.identity, of.identityOf("cam"), of.identityOf("toString")];
    assert.deepEqual(seen(memory), ["1:1", undefined, undefined]);
    const before = inode();
    memory.setIdentities({ identity: "1:1", folders: {} });
    assert.equal(inode(), before);
    for (const [identity, cam] of [
      ["2:2", "2:3"],
      ["2:2", "2:4"],
    ] as const) {
      memory.setIdentities({ identity, folders: { cam } });
      for (const now of [memory, new FolderMemory(file)])
        assert.deepEqual(seen(now), [identity, cam, undefined]);
    }
    assert.equal(new FolderMemory(file).knows("/clips"), true);
  });

  test("forgets a clip for good: one that comes back under its name after a restart is new", () => {
    const memory = new FolderMemory(file);
    memory.begin({ folder: "/clips", identity: "1:1" }, [["a.mkv", clip(1)]]);
    memory.set("b.mkv", clip(2));
    memory.forget(["a.mkv", "b.mkv"]);
    memory.set("c.mkv", clip(3));
    assert.deepEqual(names(new FolderMemory(file)), ["c.mkv"]);
  });

  test("costs one line for each clip, until most lines speak of clips that are gone", () => {
    const memory = new FolderMemory(file);
    memory.begin({ folder: "/clips", identity: "1:1" }, []);
    const before = inode();
    for (let number = 0; number < 100; number += 1) {
      memory.set(`${number}.mkv`, clip(number));
      memory.forget([]);
      memory.catchUp();
    }
    assert.equal(inode(), before);
    const again = new FolderMemory(file);
    assert.equal(inode(), before);
    // Twice as many lines as clips, and a thousand to spare.
    for (let change = 0; change < 1100; change += 1) again.set("0.mkv", clip(change));
    assert.equal(inode(), before);
    again.set("0.mkv", clip(5));
    assert.notEqual(inode(), before);
    assert.equal(readFileSync(file, "utf8").split("\n").length, 1 + 100 + 1);
    assert.equal(new FolderMemory(file).clips.size, 100);
    const after = inode();
    again.set("1.mkv", clip(1));
    assert.equal(inode(), after);
  });

  for (const first of ["", "{", "null", "[]", '{"folder":5}', '["a.mkv",{"sizeBytes":1,"modifiedMs":1}]'])
    test(`is nothing where its first line reads ${first || "nothing"}: it begins anew`, () => {
      mkdirSync(path.dirname(file));
      writeFileSync(file, `${first}\n["a.mkv",{"sizeBytes":1,"modifiedMs":1}]\n`);
      const memory = new FolderMemory(file);
      assert.deepEqual([names(memory), memory.knows("/clips")], [[], false]);
      memory.begin({ folder: "/clips", identity: "1:1" }, []);
      assert.deepEqual(names(new FolderMemory(file)), []);
    });

  test("passes over lines that are none", () => {
    new FolderMemory(file).begin({ folder: "/clips", identity: "1:1" }, []);
    appendFileSync(file, '5\n{}\n["a.mkv",{"sizeBytes":1,"modifiedMs":1}]\n["b.mkv"\n');
    const before = inode();
    assert.deepEqual(names(new FolderMemory(file)), ["a.mkv"]);
    assert.equal(inode(), before, "whole lines need no repair");
  });

  test("that cannot be read is told, so that no clip comes twice", () => {
    mkdirSync(file, { recursive: true });
    assert.throws(() => new FolderMemory(file), { code: "EISDIR" });
  });
});
