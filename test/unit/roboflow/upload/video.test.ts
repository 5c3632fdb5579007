import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync } from "node:fs";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { lastPart, videoBuffer, videoFile } from "../../../../nodes/roboflow";
import { recording, temporaryFolder, writeTo } from "../../../support/recordings";

test("every accepted container is taken, with its extension in either case", async (t) => {
  const folder = temporaryFolder(t);
  for (const [kind, name] of [
    ["mp4", "a.mp4"],
    ["mp4", "b.MP4"],
    ["avi", "c.avi"],
    ["mkv", "d.Mkv"],
    ["webm", "e.webm"],
  ] as const) {
    const bytes = recording(kind, 300);
    const video = await videoFile(writeTo(folder, name, bytes), name);
    assert.equal(video.size, 300);
    for (const _ of [1, 2]) assert.deepEqual(await buffer(video.open().stream), bytes);
    await video.verify();
    assert.deepEqual(await buffer(videoBuffer(bytes, name).open().stream), bytes);
  }
});

test("what cannot be uploaded is refused with its reason", async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(path.join(folder, "folder.mp4"));
  const good = recording();
  const cases: [file: string, reason: string][] = [
    [path.join(folder, "missing.mp4"), "noSuchFile"],
    [path.join(writeTo(folder, "a-file", "x"), "below.mp4"), "noSuchFile"],
    [path.join(folder, "folder.mp4"), "isFolder"],
    [folder, "isFolder"],
    [writeTo(folder, "empty.mp4", ""), "videoEmpty"],
    [writeTo(folder, "phone.mov", good), "videoExtension"],
    [writeTo(folder, "phone.m4v", good), "videoExtension"],
    [writeTo(folder, "none", good), "videoExtension"],
    [writeTo(folder, "constructor.constructor", good), "videoExtension"],
    [writeTo(folder, "notes.mp4", "this is a text that someone renamed"), "videoContent"],
    [writeTo(folder, "tiny.mp4", "ftyp"), "videoContent"],
    [writeTo(folder, "swapped.avi", good), "videoContent"],
    [writeTo(folder, "wave.avi", "RIFF\0\0\0\0WAVEfmt "), "videoContent"],
  ];
  for (const [file, reason] of cases)
    await assert.rejects(videoFile(file, path.basename(file)), { code: "INPUT", reason }, file);
});

test("a pipe is refused, not waited for", async (t) => {
  const pipe = path.join(temporaryFolder(t), "pipe.mp4");
  if (spawnSync("mkfifo", [pipe]).status !== 0) return t.skip("no pipes here");
  await assert.rejects(videoFile(pipe, "pipe.mp4"), { code: "INPUT", reason: "notRegularFile" });
});

test("a file that may not be read says so", {
  skip: process.getuid?.() === 0 && "root reads everything",
}, async (t) => {
  const file = writeTo(temporaryFolder(t), "locked.mp4", recording());
  chmodSync(file, 0);
  await assert.rejects(videoFile(file, "locked.mp4"), { code: "INPUT", reason: "fileNotReadable" });
});

test("a Buffer is checked like a file", () => {
  assert.throws(() => videoBuffer(Buffer.alloc(0), "a.mp4"), { code: "INPUT", reason: "videoEmpty" });
  assert.throws(() => videoBuffer(Buffer.from("some text that is long enough"), "a.mp4"), {
    reason: "videoContent",
  });
  assert.throws(() => videoBuffer(recording(), "a.mov"), { reason: "videoExtension" });
});

test("the name that is sent is the last part of a path of either kind", () => {
  assert.equal(lastPart("/mnt/cams/yard.mp4"), "yard.mp4");
  assert.equal(lastPart("C:\\cams\\yard.mp4"), "yard.mp4");
  assert.equal(lastPart("yard.mp4"), "yard.mp4");
});
