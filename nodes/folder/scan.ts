import type { Stats } from "node:fs";
import { lstat, opendir, stat } from "node:fs/promises";
import path from "node:path";

/** A clip in the folder, as the file system lists it. */
export interface FoundClip {
  /** Path below the folder, with `/` between its parts. */
  name: string;
  sizeBytes: number;
  modifiedMs: number;
}

/** What a look into the folder has found. */
export interface Scan {
  clips: FoundClip[];
  /** The folder itself, whatever is mounted there: device and inode. */
  identity: string;
  /** The same of each folder below it, by its path below; undefined for one that may not be read. */
  folders: Map<string, string | undefined>;
  /** Whether there was a name that is no UTF-8: such a file cannot be named in a message. */
  hasUnreadableName: boolean;
}

export interface ScanOptions {
  subfolders: boolean;
  /** In lower case, without a dot. */
  extensions: ReadonlySet<string>;
}

/** Folders below each other; more is a circle that a file system should not have. */
const deepest = 32;
/** Files that are asked for at a time: a network folder answers each in its own time. */
const atOnce = 16;

/**
 * Lists the clips in a folder. Links are not followed, whatever they lead to; only the folder itself may be one.
 *
 * @throws the file system's error when the folder itself cannot be read: it is missing or away.
 */
export async function scanFolder(folder: string, options: ScanOptions): Promise<Scan> {
  const identity = identityOf(await stat(folder));
  const scan: Scan = { clips: [], identity, folders: new Map(), hasUnreadableName: false };
  await scanInto(scan, folder, "", options, 0);
  return scan;
}

const identityOf = ({ dev, ino }: Stats) => `${dev}:${ino}`;

async function scanInto(
  scan: Scan,
  folder: string,
  below: string,
  options: ScanOptions,
  depth: number,
): Promise<void> {
  const names: string[] = [];
  const folders: string[] = [];
  // Names as bytes: a name that is no UTF-8 would come as another one, which may even be there.
  const listing = await opendir(path.join(folder, below), {
    encoding: "buffer" as BufferEncoding,
    bufferSize: 256,
  });
  for await (const entry of listing) {
    const bytes = entry.name as unknown as Buffer;
    const name = bytes.toString("utf8");
    const isFile = entry.isFile() && options.extensions.has(path.extname(name).slice(1).toLowerCase());
    if (!isFile && !(options.subfolders && entry.isDirectory())) continue;
    if (!Buffer.from(name, "utf8").equals(bytes)) scan.hasUnreadableName = true;
    else (isFile ? names : folders).push(below ? `${below}/${name}` : name);
  }
  for (let at = 0; at < names.length; at += atOnce)
    scan.clips.push(...(await lookAtEach(folder, names.slice(at, at + atOnce))));
  if (depth < deepest)
    for (const name of folders) {
      try {
        scan.folders.set(name, identityOf(await lstat(path.join(folder, name))));
        await scanInto(scan, folder, name, options, depth + 1);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        // Removed since it was listed, or not ours to read.
        if (code === "EACCES" || code === "EPERM") scan.folders.set(name, undefined);
        else if (code === "ENOENT" || code === "ENOTDIR") scan.folders.delete(name);
        else throw error;
      }
    }
}

async function lookAtEach(folder: string, names: string[]): Promise<FoundClip[]> {
  const looks = names.map(async (name) => {
    // One that is gone by now is not there.
    const stats = await lstat(path.join(folder, name)).catch(() => undefined);
    return stats?.isFile() ? [{ name, sizeBytes: stats.size, modifiedMs: stats.mtimeMs }] : [];
  });
  return (await Promise.all(looks)).flat();
}
