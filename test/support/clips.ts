import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

/** The first bytes of an mp4, which is all that is looked at here. */
const start = Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from("ftypisom\0\0\x02\0isomiso2")]);

/** The bytes of a small file that passes for an mp4. */
export const clipBytes = (size = 4096): Buffer => Buffer.concat([start, Buffer.alloc(size)]);

/** Makes small files that pass for videos; jobs on them need an emulator that does not look at its videos. */
export function makeClips(folder: string, names: readonly string[], size?: number): string[] {
  mkdirSync(folder, { recursive: true });
  return names.map((name) => {
    const file = path.join(folder, name);
    writeFileSync(file, clipBytes(size));
    return file;
  });
}
