import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { deleteClip, expired } from "../../../nodes/folder/tidy";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "roboflow-folder-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("clips that were passed on", () => {
  const day = 24 * 3_600_000;
  const clip = (passedAt?: number, sizeBytes = 10) => ({
    sizeBytes,
    modifiedMs: 1,
    ...(passedAt === undefined ? {} : { passedAt }),
  });

  test("are deleted by age, then the oldest while there is too much; others never", () => {
    const clips: [string, ReturnType<typeof clip>][] = [
      ["new", clip(9.5 * day)],
      ["old", clip(1 * day)],
      ["older", clip(0)],
      ["never passed on", clip()],
      ["from the future", clip(99 * day)],
    ];
    const ageOf = ({ passedAt }: { passedAt?: number }) => 10 * day - (passedAt ?? 0);
    const names = (ms: number, bytes: number) => expired(clips, { ms, bytes }, ageOf).map(([name]) => name);
    assert.deepEqual(names(0, 0), []);
    assert.deepEqual(names(8 * day, 0), ["older", "old"]);
    assert.deepEqual(names(9.5 * day, 0), ["older"]);
    assert.deepEqual(names(0, 25), ["older", "old"]);
    assert.deepEqual(names(9.5 * day, 25), ["older", "old"]);
    assert.deepEqual(names(0, 40), []);
  });

  test("are deleted only while they are the files that were passed on", async () => {
    writeFileSync(path.join(folder, "a.mkv"), "a clip");
    const { size, mtimeMs } = statSync(path.join(folder, "a.mkv"));
    const known = { sizeBytes: size, modifiedMs: mtimeMs };
    assert.equal(await deleteClip(folder, "a.mkv", { ...known, sizeBytes: size + 1 }), false);
    assert.equal(await deleteClip(folder, "a.mkv", { ...known, modifiedMs: mtimeMs - 1 }), false);
    symlinkSync(path.join(folder, "a.mkv"), path.join(folder, "link.mkv"));
    assert.equal(await deleteClip(folder, "link.mkv", known), false);
    assert.equal(await deleteClip(folder, "a.mkv", known), true);
    assert.equal(await deleteClip(folder, "a.mkv", known), true);
  });

  test("are not deleted where their folder has been moved to, with a link in its place", async () => {
    const [watched, archive] = [path.join(folder, "watched"), path.join(folder, "archive")];
    for (const place of [watched, archive]) mkdirSync(place);
    mkdirSync(path.join(watched, "door"));
    writeFileSync(path.join(watched, "door", "a.mkv"), "a clip");
    const { size, mtimeMs } = statSync(path.join(watched, "door", "a.mkv"));
    renameSync(path.join(watched, "door"), path.join(archive, "door"));
    symlinkSync(path.join(archive, "door"), path.join(watched, "door"));
    const known = { sizeBytes: size, modifiedMs: mtimeMs };
    assert.equal(await deleteClip(watched, "door/a.mkv", known), false);
    assert.ok(existsSync(path.join(archive, "door", "a.mkv")));

    // The watched folder itself may be a link.
    symlinkSync(archive, path.join(folder, "link"));
    assert.equal(await deleteClip(path.join(folder, "link"), "door/a.mkv", known), true);
    assert.ok(!existsSync(path.join(archive, "door", "a.mkv")));
  });
});
