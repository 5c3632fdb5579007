import { existsSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import path from "node:path";
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
