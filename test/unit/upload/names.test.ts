import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { lastPart, uploadNameOf } from "../../../nodes/upload/names";

const withoutDigits = (name: string) => name.replace(/-[0-9a-f]{12}(?=\.\w+$)/, "");
const sent = (fileName: string, extension = "mp4") =>
  withoutDigits(uploadNameOf(fileName, "entry-1", extension));

test("the name sent is the clip's stem, twelve digits and the container's extension", () => {
  assert.match(uploadNameOf("motion.mp4", randomUUID(), "mp4"), /^motion-[0-9a-f]{12}\.mp4$/);
  assert.equal(sent("motion.MP4"), "motion.mp4");
  assert.equal(sent("clip.avi", "mkv"), "clip.mkv");
  assert.equal(sent("motion"), "motion.mp4");
  assert.equal(sent("gate.2026-07-01.mp4"), "gate.2026-07-01.mp4");
});

test("every character but letters, digits, dot, underscore and hyphen becomes one underscore", () => {
  assert.equal(sent("Gate 3 (north).mp4"), "Gate_3__north_.mp4");
  assert.equal(sent("Hofeinfahrt-Süd.mp4"), "Hofeinfahrt-S_d.mp4");
  assert.equal(sent("a😀b.mp4"), "a_b.mp4");
  assert.equal(sent("a\0b\nc.mp4"), "a_b_c.mp4");
});

test("a stem has at most 80 characters, and is `video` where no letter or digit is left", () => {
  assert.equal(sent(`${"x".repeat(230)}.mp4`), `${"x".repeat(80)}.mp4`);
  for (const name of ["門.mp4", "___.mp4", "..", "-", "", "  .avi", `${"_".repeat(90)}a.mp4`])
    assert.equal(sent(name), "video.mp4", name);
});

test("the digits differ from one accepted message to the next, and stay when it is taken up again", () => {
  const names = new Set(Array.from({ length: 1000 }, () => uploadNameOf("motion.mp4", randomUUID(), "mp4")));
  assert.equal(names.size, 1000);
  const entry = randomUUID();
  assert.equal(uploadNameOf("motion.mp4", entry, "mp4"), uploadNameOf("motion.mp4", entry, "mp4"));
});

test("whatever a clip is called, the name sent is bare, short and plain", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), (name) => {
      assert.match(uploadNameOf(name, "entry-1", "webm"), /^[A-Za-z0-9._-]{1,80}-[0-9a-f]{12}\.webm$/);
    }),
  );
});

test("a clip is called by the last part of a path of either kind", () => {
  assert.equal(lastPart("/mnt/cams/yard.mp4"), "yard.mp4");
  assert.equal(lastPart("C:\\cams\\yard.mp4"), "yard.mp4");
  assert.equal(lastPart("yard.mp4"), "yard.mp4");
});
