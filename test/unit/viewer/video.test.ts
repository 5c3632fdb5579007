import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs, { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, it, type TestContext } from "node:test";
import { openVideo } from "../../../nodes/viewer/server/video";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "roboflow-video-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

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

describe("what a viewer is to play", () => {
  it("is opened once when it is a video, and told by its bytes, whatever its name says", async (t) => {
    const file = path.join(folder, "clip.txt");
    const clip = Buffer.from("\0\0\0\x18ftypisom\0\0\0\0isomiso2", "latin1");
    writeFileSync(file, clip);
    const opened = watchFiles(t);
    const video = await openVideo(file);
    assert.ok(video);
    assert.deepEqual([video.type, video.size], ["video/mp4", clip.length]);
    assert.deepEqual(await video.handle.readFile(), clip, "from its beginning");
    assert.deepEqual(opened, [video.handle]);
    await video.handle.close();
  });

  const others: Record<string, (file: string) => void> = {
    "a folder": (file) => mkdirSync(file),
    "a text": (file) => writeFileSync(file, "secret"),
    "an empty file": (file) => writeFileSync(file, ""),
    // Without a writer, a pipe is opened by nobody who waits for one.
    "a pipe": (file) => assert.equal(spawnSync("mkfifo", [file]).status, 0),
    nothing: () => {},
  };
  for (const [what, make] of Object.entries(others))
    it(`is refused when it is ${what}, and left closed`, { timeout: 30_000 }, async (t) => {
      if (what === "a pipe" && process.platform === "win32") return t.skip("no pipes here");
      const file = path.join(folder, "clip.mp4");
      make(file);
      const opened = watchFiles(t);
      assert.equal(await openVideo(file), undefined);
      assert.deepEqual(
        opened.map(({ fd }) => fd),
        opened.map(() => -1),
      );
    });
});
