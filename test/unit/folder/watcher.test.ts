import assert from "node:assert/strict";
import {
  appendFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import type { KnownClip } from "../../../nodes/folder/memory";
import type { Scan } from "../../../nodes/folder/scan";
import { folder, later, look, memory, now, open, pass, root, scan, watcher, write } from "./watched-folder";

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
      later(10);
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
