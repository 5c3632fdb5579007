import assert from "node:assert/strict";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { FolderMemory, type KnownClip } from "../../../nodes/folder/memory";
import { type Scan, scanFolder } from "../../../nodes/folder/scan";
import { FolderWatcher } from "../../../nodes/folder/watcher";

let root: string;
let folder: string;
let memory: FolderMemory;
let watcher: FolderWatcher;
let now = 0;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), "roboflow-folder-"));
  folder = path.join(root, "clips");
  mkdirSync(folder);
  now = 0;
  open();
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** As after a restart. */
function open(): void {
  memory = new FolderMemory(path.join(root, "memory", "node.jsonl"));
  watcher = new FolderWatcher(folder, memory, 5000);
}

const extensions = new Set(["mp4", "mkv"]);
const scan = (subfolders = false) => scanFolder(folder, { subfolders, extensions });
const write = (name: string, text = "a clip") => {
  mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
  writeFileSync(path.join(folder, name), text);
};

/** One look, after so many seconds; what is finished goes to the next node at once. */
async function look(seconds: number, inHand: string[] = []): Promise<string[]> {
  now += seconds * 1000;
  const found = await scan();
  if (!memory.knows(folder)) memory.begin({ folder, identity: found.identity }, []);
  const finished = await watcher.look(found, now, new Set(inHand));
  for (const clip of finished) {
    watcher.passing(clip);
    watcher.passed(clip.name, now);
  }
  return finished.map(({ name }) => name).sort();
}

/** The only clip is finished and about to be passed on. */
async function pass(): Promise<void> {
  now += 6000;
  const [clip] = await watcher.look(await scan(), now, new Set());
  assert.ok(clip);
  watcher.passing(clip);
}

const mp4 = (...types: string[]) =>
  Buffer.concat(
    ["ftyp", ...types].map((type) => {
      const box = Buffer.alloc(24);
      box.writeUInt32BE(24);
      box.write(type, 4, "latin1");
      if (type === "ftyp") box.write("isom", 8, "latin1");
      return box;
    }),
  ).toString("latin1");

describe("a clip in a watched folder", () => {
  test("is passed on once it has not changed for long enough, and once only", async () => {
    write("a.mkv");
    assert.deepEqual(await look(0), []);
    assert.deepEqual(await look(4), []);
    assert.deepEqual(await look(2), ["a.mkv"]);
    assert.deepEqual(await look(10), []);
    open();
    assert.deepEqual(await look(10), []);
    assert.deepEqual(await look(10), []);
  });

  test("that is copied slowly is waited for", async () => {
    write("slow.mkv", "1");
    for (let size = 0; size < 5; size += 1) {
      appendFileSync(path.join(folder, "slow.mkv"), "more");
      assert.deepEqual(await look(4), []);
    }
    assert.deepEqual(await look(6), ["slow.mkv"]);
  });

  test("that has no index yet is waited for, however long it does not change", async () => {
    write("a.mp4", mp4("mdat"));
    for (let time = 0; time < 5; time += 1) assert.deepEqual(await look(10), []);
    write("a.mp4", mp4("mdat", "moov"));
    await look(1);
    assert.deepEqual(await look(6), ["a.mp4"]);
  });

  test("of no bytes is no clip yet", async () => {
    write("a.mkv", "");
    for (let time = 0; time < 3; time += 1) assert.deepEqual(await look(10), []);
  });

  test("that was written elsewhere and renamed into the folder is passed on", async () => {
    write("a.mkv.part");
    assert.deepEqual(await look(10), []);
    renameSync(path.join(folder, "a.mkv.part"), path.join(folder, "a.mkv"));
    await look(1);
    assert.deepEqual(await look(6), ["a.mkv"]);
  });

  test("that is replaced under its name is another clip, also one of the same size", async () => {
    write("a.mkv", "one clip");
    await look(0);
    await look(6);
    write("a.mkv", "1th clip");
    utimesSync(path.join(folder, "a.mkv"), 1000, 1000);
    await look(1);
    assert.deepEqual(await look(6), ["a.mkv"]);
  });

  test("that is touched only is the same clip, also after a restart", async () => {
    write("a.mkv");
    await look(0);
    await look(6);
    for (const time of [1000, 2000]) {
      utimesSync(path.join(folder, "a.mkv"), time, time);
      assert.deepEqual(await look(1), []);
      assert.deepEqual(await look(6), []);
      open();
    }
    assert.deepEqual(await look(60), []);
  });

  test("that is deleted while it waits is forgotten", async () => {
    write("a.mkv");
    await look(0);
    rmSync(path.join(folder, "a.mkv"));
    assert.deepEqual(await look(6), []);
    assert.equal(watcher.waiting, 0);
  });

  test("that was passed on and is gone is forgotten, so that the memory stays as small as the folder", async () => {
    for (let number = 0; number < 20; number += 1) {
      write(`${number}.mkv`);
      await look(0);
      assert.deepEqual(await look(6), [`${number}.mkv`]);
      rmSync(path.join(folder, `${number}.mkv`));
    }
    await look(1);
    assert.equal(memory.clips.size, 0);
  });

  test("that is on its way to the next node is left alone", async () => {
    write("a.mkv");
    await look(0);
    assert.deepEqual(await look(6, ["a.mkv"]), []);
  });

  test("is no older than this process knows, whatever the wall clock says, also when it is touched", async () => {
    write("a.mkv");
    await look(0);
    await look(6);
    const age = () => watcher.ageOf(memory.clips.get("a.mkv") as KnownClip, now + 30 * 24 * 3_600_000);
    assert.ok(age() < 60_000, `${age()} ms`);
    utimesSync(path.join(folder, "a.mkv"), 1000, 1000);
    await look(1);
    await look(6);
    assert.ok(age() < 60_000, `${age()} ms`);
    // Of what an earlier process has passed on, only the wall clock tells.
    open();
    assert.ok(age() > 29 * 24 * 3_600_000, `${age()} ms`);
  });

  test("is passed on again when a kill came before the journal had it, and not when the journal has it", async () => {
    write("a.mkv");
    await look(0);
    await pass();
    open();
    assert.deepEqual(await look(0, ["a.mkv"]), []);
    watcher.passed("a.mkv", now);
    assert.deepEqual(await look(6), []);
    assert.deepEqual(await look(6), []);
    // The same with no entry in the journal.
    write("b.mkv");
    await look(0);
    await pass();
    open();
    await look(0);
    assert.deepEqual(await look(6), ["b.mkv"]);
  });
});

describe("a folder", () => {
  test("that comes back after it was away passes nothing on again", async () => {
    write("a.mkv");
    write("b.mkv");
    await look(0);
    assert.deepEqual(await look(6), ["a.mkv", "b.mkv"]);
    // What shows where a share was mounted is another folder, and empty.
    renameSync(folder, `${folder}.away`);
    mkdirSync(folder);
    for (let time = 0; time < 3; time += 1) assert.deepEqual(await look(10), []);
    rmSync(folder, { recursive: true });
    renameSync(`${folder}.away`, folder);
    assert.deepEqual(await look(1), []);
    assert.deepEqual(await look(10), []);
  });

  test("below it that is away, or may not be read for now, passes nothing on again", async () => {
    const lookBelow = async (change: (found: Scan) => void = () => {}) => {
      now += 10_000;
      const found = await scan(true);
      change(found);
      if (!memory.knows(folder)) memory.begin({ folder, identity: found.identity }, []);
      const finished = await watcher.look(found, now, new Set());
      for (const clip of finished) {
        watcher.passing(clip);
        watcher.passed(clip.name, now);
      }
      return finished.map(({ name }) => name).sort();
    };
    write("a.mkv");
    write("door/deep/b.mkv");
    write("gate/c.mkv");
    await lookBelow();
    assert.deepEqual(await lookBelow(), ["a.mkv", "door/deep/b.mkv", "gate/c.mkv"]);
    await lookBelow();
    open();

    // Each camera has a share of its own: what shows where one was mounted is another folder, and empty.
    const door = path.join(folder, "door");
    renameSync(door, `${root}/door.away`);
    mkdirSync(door);
    for (let time = 0; time < 3; time += 1) assert.deepEqual(await lookBelow(), []);
    open();
    rmSync(door, { recursive: true });
    renameSync(`${root}/door.away`, door);
    for (let time = 0; time < 3; time += 1) assert.deepEqual(await lookBelow(), []);

    const withoutGate = (found: Scan) => {
      found.clips = found.clips.filter(({ name }) => name !== "gate/c.mkv");
      found.folders.set("gate", undefined);
    };
    for (let time = 0; time < 3; time += 1) assert.deepEqual(await lookBelow(withoutGate), []);
    for (let time = 0; time < 3; time += 1) assert.deepEqual(await lookBelow(), []);

    // One that was emptied or removed is forgotten.
    rmSync(path.join(folder, "gate", "c.mkv"));
    rmSync(door, { recursive: true });
    await lookBelow();
    assert.deepEqual([...memory.clips.keys()], ["a.mkv"]);
  });

  test("that is missing is told by the file system's error", async () => {
    rmSync(folder, { recursive: true });
    await assert.rejects(scan(), { code: "ENOENT" });
  });

  test("is looked into without following links, by extension in any case, with subfolders if wanted", async () => {
    write("A.MP4");
    write("notes.txt");
    write("cam/deep/b.mkv");
    writeFileSync(path.join(root, "outside.mkv"), "secret");
    symlinkSync(path.join(root, "outside.mkv"), path.join(folder, "link.mkv"));
    symlinkSync(root, path.join(folder, "way-out"));
    mkdirSync(path.join(folder, "folder.mkv"));
    assert.deepEqual(
      (await scan()).clips.map(({ name }) => name),
      ["A.MP4"],
    );
    assert.deepEqual((await scan(true)).clips.map(({ name }) => name).sort(), ["A.MP4", "cam/deep/b.mkv"]);
  });

  test("may hold names of every kind; one that is no UTF-8 is passed over", async (t) => {
    const names = [
      "with space.mkv",
      "ünï 前門.mkv",
      "$(rm -rf).mkv",
      "a\nb.mkv",
      "quote'\".mkv",
      "-dash.mkv",
    ];
    for (const name of names) write(name);
    const latin1 = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xe4]), Buffer.from(".mkv")]);
    try {
      writeFileSync(latin1, "x");
    } catch {
      return t.skip("this file system takes UTF-8 only");
    }
    const found = await scan();
    assert.deepEqual(found.clips.map(({ name }) => name).sort(), names.sort());
    assert.equal(found.hasUnreadableName, true);
  });
});

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
