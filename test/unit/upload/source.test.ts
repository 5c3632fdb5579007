import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { ClipStore } from "../../../nodes/upload/clip-store";
import { openSource } from "../../../nodes/upload/source";
import { recording, temporaryFolder, writeTo } from "../../support/recordings";

const open = (t: TestContext, clip: Buffer | string, keepSound = true) =>
  openSource(clip, {
    shown: "the clip",
    keepSound,
    place: new ClipStore(path.join(temporaryFolder(t), "clips")).place("node", "entry"),
    signal: new AbortController().signal,
    rewriting: () => {},
  });

test("each container that Roboflow takes is known by its bytes, whatever its name says", async (t) => {
  const folder = temporaryFolder(t);
  for (const kind of ["mp4", "avi", "mkv", "webm"] as const) {
    const bytes = recording(kind);
    for (const name of ["b.MOV", "constructor.constructor"]) {
      const { facts, extension, file } = await open(t, writeTo(folder, name, bytes));
      assert.deepEqual([facts, extension, file], [{ container: kind }, kind, path.join(folder, name)]);
    }
    const { facts, file } = await open(t, bytes);
    assert.deepEqual([facts, file], [{ container: kind }, undefined]);
  }
});

test("what begins well and cannot be followed is sent as it is, with a warning", async (t) => {
  const { video, note } = await open(t, recording());
  assert.deepEqual([video.size, note], [5000, "clipUnreadable"]);
});

test("what begins well and cannot be followed is refused where its sound is to be left out", async (t) => {
  await assert.rejects(open(t, recording(), false), { code: "INPUT", reason: "soundStays" });
});

const refused: [name: string, content: Buffer | string, reason: string, seems?: string][] = [
  ["a text", "this is a text that someone renamed", "videoContent", "text"],
  ["a web page", "<!DOCTYPE html><title>Log in</title>", "videoContent", "webPage"],
  ["a sound", "RIFF\0\0\0\0WAVEfmt ", "videoContent", "audio"],
  ["a program stream", "\0\0\x01\xba and so on", "videoContent", "mpegProgramStream"],
  ["nothing", "", "videoEmpty"],
  [
    "a clip of the demo without its end",
    readFileSync("demo/clip/yard.mp4").subarray(0, 90_000),
    "videoUnfinished",
  ],
];
for (const [what, content, reason, seems] of refused) {
  test(`${what} is refused, as a file called .mp4 and as a Buffer`, async (t) => {
    const bytes = Buffer.from(content as string, "latin1");
    const values = { path: "the clip", ...(seems ? { seems: { term: seems } } : {}) };
    const file = writeTo(temporaryFolder(t), "a.mp4", bytes);
    const isAs = (expected: object) => ({ code: "INPUT", reason, values: expected });
    // An empty file is noticed before anybody looks into it.
    await assert.rejects(open(t, file), isAs(reason === "videoEmpty" ? { path: file } : values));
    await assert.rejects(open(t, bytes), isAs(values));
  });
}
