import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { path as ffmpeg } from "@ffmpeg-installer/ffmpeg";

const run = promisify(execFile);

/** Arguments of ffmpeg that make a source of moving pictures, and one of sound; two seconds each. */
export const pictures = ["-f", "lavfi", "-i", "testsrc2=size=128x96:rate=25:duration=2"];
export const tone = ["-f", "lavfi", "-i", "sine=frequency=440:duration=2"];
/** H.264 with frames that are shown in another order than they are stored. */
export const h264 = ["-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-pix_fmt", "yuv420p"];
export const hevc = [
  "-c:v",
  "libx265",
  "-x265-params",
  "log-level=0",
  "-preset",
  "ultrafast",
  "-tag:v",
  "hvc1",
];
export const aac = ["-c:a", "aac"];

/** Clips made by a real ffmpeg, in a folder of their own. */
export class ClipMaker {
  readonly folder = mkdtempSync(path.join(tmpdir(), "roboflow-clips-"));

  /** Makes a clip of this name; `args` are ffmpeg's, without its output. */
  make(name: string, ...args: string[]): string {
    const file = this.path(name);
    execFileSync(ffmpeg, ["-v", "error", "-y", ...args, file]);
    return file;
  }

  path(name: string): string {
    return path.join(this.folder, name);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** One hash for each picture of a clip, as ffmpeg decodes it, in the order of showing. */
export async function pictureHashes(file: string): Promise<string[]> {
  const args = [
    "-v",
    "error",
    "-ignore_editlist",
    "1",
    "-i",
    file,
    "-vsync",
    "0",
    "-map",
    "0:v",
    "-f",
    "framemd5",
    "-",
  ];
  const isBoxes = /\.(?:mp4|mov|m4v|3gp)$/.test(file);
  const { stdout } = await run(ffmpeg, isBoxes ? args : args.toSpliced(2, 2), {
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout
    .split("\n")
    .filter((line) => line && !line.startsWith("#"))
    .map((line) => line.split(",").at(-1)?.trim() ?? "");
}

/** Kinds of the streams in a clip, such as `["video", "audio"]`, as ffmpeg lists them. */
export async function streamsOf(file: string): Promise<string[]> {
  const { stderr } = await run(ffmpeg, ["-i", file], {}).catch((error) => error as { stderr: string });
  return [...stderr.matchAll(/Stream #0:\d+.*?: (Video|Audio|Subtitle|Data)/g)].map(([, kind]) =>
    (kind as string).toLowerCase(),
  );
}
