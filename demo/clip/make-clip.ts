/**
 * Draws the demo's clip: a yard that a person, a cat, a car and another person cross.
 * Run again after a change: `node --import tsx demo/clip/make-clip.ts`; writes `yard.mp4` beside this file.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { statSync } from "node:fs";
import { join } from "node:path";
import { ffmpegPath } from "../../emulator/video";
import { movers } from "./movers";
import { repeatable } from "./painter";
import { HEIGHT, paintYard, WIDTH } from "./yard";

const FPS = 10;
const SECONDS = 15;

async function main(): Promise<void> {
  const target = join(__dirname, "yard.mp4");
  const input = [
    "-f",
    "rawvideo",
    "-pix_fmt",
    "rgb24",
    "-s",
    `${WIDTH}x${HEIGHT}`,
    "-r",
    String(FPS),
    "-i",
    "-",
  ];
  const coding = ["-c:v", "libx264", "-preset", "veryslow", "-crf", "24", "-pix_fmt", "yuv420p"];
  // Without the encoder's name and options in it, the file depends on the pictures only.
  const quiet = ["-movflags", "+faststart", "-fflags", "+bitexact", "-flags:v", "+bitexact"];
  const ffmpeg = spawn(ffmpegPath, ["-v", "error", "-y", ...input, ...coding, ...quiet, target], {
    stdio: ["pipe", "inherit", "inherit"],
  });
  const ended = once(ffmpeg, "close");

  const yard = paintYard();
  const chance = repeatable(11);
  const grain = () => (chance() + chance() - 1) * 2.6;
  const nearestLast = [...movers].sort((one, other) => one.ground - other.ground);
  for (let n = 0; n < FPS * SECONDS; n++) {
    const seconds = n / FPS;
    const picture = yard.copy();
    for (const mover of nearestLast) {
      const share = (seconds - mover.from) / (mover.to - mover.from);
      if (share < 0 || share > 1) continue;
      const x = mover.startX + share * (mover.endX - mover.startX);
      mover.paint(picture, x, seconds, mover.endX > mover.startX ? 1 : -1);
    }
    if (!ffmpeg.stdin.write(picture.toBytes(grain))) await once(ffmpeg.stdin, "drain");
  }
  ffmpeg.stdin.end();
  const [code] = await ended;
  if (code !== 0) throw new Error(`ffmpeg ended with ${code}`);
  console.log(`${target}: ${statSync(target).size} bytes`);
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
