import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { PlayableClips } from "../../../nodes/runtime/playable";

test("a clip that was noted is known after a restart, and no other is", (t) => {
  const file = fileOf(t);
  const clips = new PlayableClips(file);
  const clip = path.resolve("/clips/front door\n日本.mp4");
  clips.remember(clip);
  for (const known of [clips, new PlayableClips(file)]) {
    assert.equal(known.isKnown(clip), true);
    assert.equal(known.isKnown(path.resolve("/etc/passwd")), false);
    assert.equal(known.isKnown("__proto__"), false);
  }
});

test("what is no absolute path is not noted", (t) => {
  const file = fileOf(t);
  const clips = new PlayableClips(file);
  for (const none of ["clip.mp4", "", undefined, null, {}, Buffer.from("/a"), `/${"a".repeat(5000)}`]) {
    clips.remember(none as string);
    assert.equal(clips.isKnown(none as string), false);
  }
});

test("the oldest are forgotten, and the file does not grow without end", (t) => {
  const file = fileOf(t);
  const clips = new PlayableClips(file, 3);
  for (let clip = 0; clip < 5000; clip++) clips.remember(path.resolve(`/clips/${clip}.mp4`));
  clips.remember(path.resolve("/clips/4997.mp4"));
  clips.remember(path.resolve("/clips/new.mp4"));
  const names = ["4997", "4998", "4999", "new"];
  const known = (of: PlayableClips) => names.map((name) => of.isKnown(path.resolve(`/clips/${name}.mp4`)));
  assert.deepEqual(known(clips), [true, false, true, true], "the one sent again is not the oldest");
  assert.ok(readFileSync(file, "utf8").split("\n").length < 2100);
});

test("half a line, as a kill leaves it, harms neither what was there nor what comes", (t) => {
  const file = fileOf(t);
  const [first, second] = [path.resolve("/clips/1.mp4"), path.resolve("/clips/2.mp4")];
  new PlayableClips(file).remember(first);
  appendFileSync(file, '"/clips/hal');
  new PlayableClips(file).remember(second);
  const clips = new PlayableClips(file);
  assert.deepEqual(
    [first, second].map((clip) => clips.isKnown(clip)),
    [true, true],
  );
  assert.equal(clips.isKnown("/clips/hal"), false);
});

test("where the disk refuses, a clip is known until Node-RED ends", (t) => {
  const file = fileOf(t);
  mkdirSync(file, { recursive: true });
  const clips = new PlayableClips(file);
  clips.remember(path.resolve("/clips/1.mp4"));
  assert.equal(clips.isKnown(path.resolve("/clips/1.mp4")), true);
});

function fileOf(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), "playable-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return path.join(folder, "roboflow-video", ".playable.jsonl");
}
