import assert from "node:assert/strict";
import { copyFileSync, existsSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { ffmpegPath } from "../../emulator/video";
import { pressButton, writeResult } from "../support/example";
import { type FlowNode, until } from "../support/node-red";
import { clip, openStage, sendsTheClip } from "./stage";

const stage = openStage();

/** A result of 50 seconds in which a person comes and goes. */
function comingAndGoing(): string {
  const isSeen = (time: number) =>
    // 3.3 - 1.3 is less than 2 for a computer.
    (time >= 1.3 && time <= 3.3) ||
    // Twice for a moment is not two seconds.
    [10, 12.5].includes(time) ||
    // Missed for a second, then away for less than the maximum gap: one event.
    (time >= 20 && time <= 24 && !(time > 21 && time < 22)) ||
    (time >= 25.5 && time <= 30) ||
    // Long enough away for another.
    (time >= 35 && time <= 37.5) ||
    (time >= 45 && time < 46.9);
  const frames = Array.from({ length: 500 }, (_, n) => ({
    time: n / 10,
    classes: isSeen(n / 10) ? ["person", "person"] : ["dog"],
  }));
  return writeResult(path.join(stage.folder, "result.json"), frames);
}

const looksForPersons = ({ type }: FlowNode) =>
  type === "roboflow-video-download" ? { classes: "person" } : undefined;

describe("an alert, imported and used", () => {
  it("tells once an event, not once a frame, whatever other clips are about", async () => {
    stage.roboflow.set({ resultFile: comingAndGoing() });
    const flow = await stage.run("alert", (node) => looksForPersons(node) ?? sendsTheClip(node));
    await Promise.all([1, 2].map(() => pressButton(flow, "alert", "send a clip")));
    await flow.recorded("tell someone", 6);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const told = flow.records("tell someone").map(({ msg }) => msg.payload as string);
    const once = ["1.3 s to 3.3 s", "20 s to 30 s", "35 s to 37.5 s"];
    assert.deepEqual(
      told.sort(),
      [...once, ...once].sort().map((span) => `person from ${span} in yard.mp4`),
    );
  });

  describe("with a picture", () => {
    /** Runs the example with a clip of some name, and gives what is told of its first event. */
    async function told(name: string, ffmpeg: string) {
      const file = path.join(stage.folder, name);
      copyFileSync(clip, file);
      const flow = await stage.run("alert-with-picture", (node) => {
        if (node.type === "exec")
          return { command: String(node.command).replace("ffmpeg", ffmpeg), timer: "60" };
        return node.type === "inject" ? { payload: file } : undefined;
      });
      await pressButton(flow, "alert-with-picture", "send a clip");
      const [first] = await flow.recorded("tell someone", 1);
      assert.equal(flow.records("what went wrong").length, 0);
      return first?.msg ?? {};
    }
    const bytesOf = (payload: unknown) => Buffer.from((payload as { data: number[] }).data);

    it("shows the best moment, and leaves nothing behind", async () => {
      const { topic, payload, filename } = await told("yard, the gate.mp4", ffmpegPath);
      assert.match(topic, /^motion from [\d.]+ s to [\d.]+ s in yard, the gate\.mp4$/);
      const picture = bytesOf(payload);
      assert.deepEqual([...picture.subarray(0, 3)], [0xff, 0xd8, 0xff], "a JPEG");
      assert.ok(picture.length > 1000);
      assert.match(filename, /yard, the gate\.mp4-0\.jpg$/);
      await until(
        () => readdirSync(stage.folder).join() === "yard, the gate.mp4",
        30_000,
        () => `what is left: ${readdirSync(stage.folder)}`,
      );
    });

    it("runs nothing that a file's name says, and tells of the event all the same", async () => {
      const ran = path.join(process.cwd(), "ran-by-a-file-name");
      for (const name of [
        `a" -f null - "b.mp4`,
        "$(touch ran-by-a-file-name).mp4",
        "a;touch ran-by-a-file-name;.mp4",
      ]) {
        const { topic, payload } = await told(name, ffmpegPath);
        assert.ok(topic.endsWith(` in ${name}`), topic);
        assert.match(payload, /^No picture/);
        await stage.stop();
        assert.ok(!existsSync(ran) && !readdirSync(stage.folder).some((file) => file.startsWith("ran-by")));
        for (const file of readdirSync(stage.folder))
          assert.ok(file === name || !file.endsWith(".jpg"), file);
        writeFileSync(path.join(stage.folder, name), "");
      }
    });

    it("tells of the event without ffmpeg, too", async () => {
      const { topic, payload } = await told("yard.mp4", "/no/such/ffmpeg");
      assert.match(topic, /^motion from/);
      assert.match(payload, /Is ffmpeg installed/);
    });
  });
});
