import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { after, before, test } from "node:test";
import { type Emulator, startEmulator } from "../../emulator/emulator";
import { sha256 } from "../support/emulator-calls";
import { ClipMaker, h264 } from "../support/make-clips";
import { NodeRed } from "../support/node-red";
import { credentials, newUserDir, pipeline } from "../support/pipeline";

/** Frames inferred for each second of a clip. */
const rate = 5;

const userDir = newUserDir();
const clips = new ClipMaker();
let emulator: Emulator;
let nodeRed: NodeRed;

before(async () => {
  // Every job is still in the queue when the last clip is uploaded.
  emulator = await startEmulator({ queueSeconds: 3 });
  nodeRed = await NodeRed.start({ userDir, flows: pipeline(emulator.url), credentials });
});
after(async () => {
  await nodeRed?.stop();
  await emulator?.close();
  clips.remove();
  rmSync(userDir, { recursive: true, force: true });
});

/** A clip that is told from the others by how long it is. */
function clipOf(seconds: number, camera: string): string {
  mkdirSync(clips.path(camera));
  const pictures = ["-f", "lavfi", "-i", `testsrc2=size=128x96:rate=10:duration=${seconds}`];
  return clips.make(`${camera}/motion.mp4`, ...pictures, ...h264);
}

test("four cameras that each write motion.mp4, and two Buffers without a name, get answers about their own clips", async () => {
  const cameras = [1, 2, 3, 4].map((seconds) => ({ seconds, file: clipOf(seconds, `camera-${seconds}`) }));
  const buffers = [5, 6].map((seconds) => ({ seconds, file: clipOf(seconds, `buffer-${seconds}`) }));
  for (const { seconds, file } of cameras)
    await nodeRed.inject("clip", { payload: file, roboflow: { id: `${seconds}` } });
  for (const { seconds, file } of buffers) {
    const payload = { $buffer: readFileSync(file).toString("base64") };
    await nodeRed.inject("clip", { payload, roboflow: { id: `${seconds}` } });
  }

  const all = [...cameras, ...buffers];
  const frames = rate * all.reduce((sum, { seconds }) => sum + seconds, 0);
  const records = await nodeRed.recorded("frame", frames, 60_000);
  assert.deepEqual(nodeRed.records("caught"), []);
  for (const { seconds, file } of all) {
    const mine = records.filter(({ msg }) => msg.roboflow.id === `${seconds}`).map(({ msg }) => msg);
    assert.equal(mine.length, rate * seconds, `frames of the clip of ${seconds} s`);
    const { fileName, uploadName, videoPath, jobId } = mine[0]?.roboflow ?? {};
    const isCamera = seconds <= 4;
    assert.equal(fileName, isCamera ? "motion.mp4" : "video.mp4");
    assert.match(uploadName, isCamera ? /^motion-[0-9a-f]{12}\.mp4$/ : /^video-[0-9a-f]{12}\.mp4$/);
    assert.equal(videoPath, isCamera ? file : undefined);
    assert.equal(
      emulator.ledger.job(jobId)?.sha256,
      sha256(readFileSync(file)),
      "the video that its job saw",
    );
  }
  assert.equal(new Set(emulator.ledger.uploads.map(({ name }) => name)).size, all.length);
});
