import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { open, rm, stat } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { ffmpegPath } from "../emulator/video";
import { makeResult } from "../test/support/make-result";
import { megabyte } from "./figures";

/** A video of `size` MB: the head of an mp4 file and a hole behind it, which costs no disk. */
export async function makeVideo(folder: string, size: number): Promise<string> {
  const file = path.join(folder, `${Math.round(size)}.mp4`);
  const handle = await open(file, "w");
  try {
    await handle.write(Buffer.from("\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41", "latin1"));
    await handle.truncate(Math.round(size * megabyte));
  } finally {
    await handle.close();
  }
  return file;
}

const run = promisify(execFile);
/** Seconds of a camera's pictures, and its rate in Mbit/s. */
const take = { seconds: 10, rate: 6 };

/** A real clip of about `size` MB with sound: one take of a few seconds, as often as it takes. */
export async function makeClip(
  folder: string,
  kind: "mp4" | "mov" | "ts",
  size: number,
): Promise<{ file: string; name: string }> {
  const one = path.join(folder, "take.mkv");
  const rate = `${take.rate}M`;
  const ffmpeg = (...args: string[]) => run(ffmpegPath, ["-v", "error", "-y", ...args]);
  if (!existsSync(one))
    await ffmpeg(
      ...[
        "-f",
        "lavfi",
        "-i",
        `testsrc2=size=1280x720:rate=25:duration=${take.seconds},noise=alls=30:allf=t`,
      ],
      ...["-f", "lavfi", "-i", `sine=duration=${take.seconds}`],
      ...["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "50"],
      ...["-b:v", rate, "-minrate", rate, "-maxrate", rate, "-bufsize", "2M", "-c:a", "aac", one],
    );
  const name = `clip.${kind}`;
  const file = path.join(folder, name);
  const loops = Math.round((size * megabyte) / (await stat(one)).size) - 1;
  await ffmpeg("-stream_loop", String(Math.max(0, loops)), "-i", one, "-c", "copy", file);
  return { file, name };
}

/** A result on the disk, as the server serves it. */
export interface MadeResult {
  file: string;
  /** Its name under `/result/`. */
  name: string;
  frames: number;
  remove(): Promise<void>;
}

const framesOf = new Map<string, number>();

/** A result of about `size` MB; made once, however many rows read it. */
export async function makeResultFile(folder: string, size: number): Promise<MadeResult> {
  const name = `${size}.json`;
  const file = path.join(folder, name);
  if (!existsSync(file)) {
    const { frames } = await makeResult(file, { bytes: size * megabyte });
    framesOf.set(file, frames);
  }
  return { file, name, frames: framesOf.get(file) ?? 0, remove: () => rm(file, { force: true }) };
}
