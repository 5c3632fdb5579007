import { lstat, realpath, unlink } from "node:fs/promises";
import path from "node:path";
import type { KnownClip } from "./memory";

/** How long clips that were passed on are kept. */
export interface KeepRule {
  /** Milliseconds from passing on; 0 = for ever. */
  ms: number;
  /** Bytes of all of them; 0 = no limit. */
  bytes: number;
}

/**
 * Which clips are to be deleted: those that were passed on and are older, then the oldest while there is more.
 *
 * @param ageOf milliseconds since a clip was passed on; below 0, as after a jump of the clock, it is not old.
 */
export function expired(
  clips: Iterable<[string, KnownClip]>,
  { ms, bytes }: KeepRule,
  ageOf: (clip: KnownClip) => number,
): [string, KnownClip][] {
  const passed = [...clips].filter(([, { passedAt }]) => passedAt !== undefined);
  passed.sort(([, one], [, other]) => (one.passedAt as number) - (other.passedAt as number));
  let left = passed.reduce((sum, [, { sizeBytes }]) => sum + sizeBytes, 0);
  return passed.filter(([, clip]) => {
    const isOld = ms > 0 && ageOf(clip) > ms;
    const isTooMuch = bytes > 0 && left > bytes;
    if (!isOld && !isTooMuch) return false;
    left -= clip.sizeBytes;
    return true;
  });
}

/**
 * Deletes a clip, if it is still the file that was passed on.
 *
 * @returns whether it is gone.
 * @throws the file system's error.
 */
export async function deleteClip(
  folder: string,
  name: string,
  { sizeBytes, modifiedMs }: KnownClip,
): Promise<boolean> {
  const file = path.join(folder, name);
  const stats = await lstat(file).catch(() => undefined);
  if (!stats) return true;
  // A folder above it may have become a link meanwhile, such as to where it was moved.
  const there = await realpath(path.dirname(file));
  if (there !== path.join(await realpath(folder), path.dirname(name))) return false;
  if (!stats.isFile() || stats.size !== sizeBytes || stats.mtimeMs !== modifiedMs) return false;
  await unlink(file);
  return true;
}
