import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { ffmpegPath } from "../../emulator/video";
import { pressButton, withFolder } from "../support/example";
import { type FlowNode, until } from "../support/node-red";
import { startRtspCamera } from "./rtsp-camera";
import { openStage } from "./stage";

const stage = openStage();

/** The example with its camera, its length and its folder set, as its user would. */
const records =
  (camera: string, ffmpeg = ffmpegPath, more: Partial<FlowNode> = {}) =>
  (imported: FlowNode): Partial<FlowNode> | undefined => {
    const node = withFolder(imported, "/home/pi/recordings", stage.folder);
    if (node?.type === "roboflow-video-folder") return { ...node, settle: 1, ...more };
    if (node?.type !== "exec") return node;
    const command = String(node.command)
      .replace(/^ffmpeg/, ffmpeg)
      .replace("rtsp://192.168.1.20:554/stream1", camera)
      .replace("-t 10", "-t 4");
    return { ...node, command };
  };

describe("an RTSP camera, imported and used", () => {
  it("records a clip when something happens, and deletes the oldest of those that were passed on", async () => {
    const camera = await startRtspCamera(path.join(__dirname, "..", "..", "demo", "clip", "yard.mp4"));
    try {
      // Less than one clip: each is deleted when it has been processed.
      const flow = await stage.run("rtsp-camera", records(camera.url, ffmpegPath, { keepGB: 0.00001 }));
      await pressButton(flow, "rtsp-camera", "motion");
      await new Promise((resolve) => setTimeout(resolve, 1000));
      await pressButton(flow, "rtsp-camera", "motion");
      const [seen] = await flow.recorded("events", 1, 60_000);
      const { frames, fileName } = seen?.msg.roboflow ?? {};
      assert.ok(frames >= 17 && frames <= 28, `${frames} frames of 4 seconds`);
      assert.match(fileName, /^\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d\.mp4$/);
      assert.equal(camera.plays, 1, "what happens during a recording is on the same clip");
      await until(
        () => !readdirSync(stage.folder).includes(fileName),
        60_000,
        () => readdirSync(stage.folder).join(),
      );
      assert.deepEqual(flow.records("no recording"), []);
    } finally {
      camera.close();
    }
  });

  it("says what is wrong, without the password", async () => {
    const press = async (ffmpeg: string) => {
      const flow = await stage.run("rtsp-camera", records("rtsp://me:s3cret@127.0.0.1:9/x", ffmpeg));
      await pressButton(flow, "rtsp-camera", "motion");
      const [none] = await flow.recorded("no recording", 1);
      const words = flow.records("its words").map(({ msg }) => msg.payload);
      await stage.stop();
      return { why: none?.msg.payload, words: words.join("") };
    };
    assert.match((await press("/no/such/ffmpeg")).why, /ffmpeg was not found/);
    const refused = await press(ffmpegPath);
    assert.match(refused.why, /see the words of ffmpeg/);
    assert.match(refused.words, /Connection refused/);
    assert.match(refused.words, /rtsp:\/\/…@127\.0\.0\.1/);
    assert.doesNotMatch(refused.words, /s3cret/);
  });
});
