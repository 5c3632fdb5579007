import { rmSync } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import path from "node:path";
import { VideoError } from "../roboflow";

/** What the file system answers to a name that it can never take, whatever is done about the disk. */
const unusableName = new Set(["ENAMETOOLONG", "EINVAL", "ERR_INVALID_ARG_VALUE"]);

/**
 * Rethrows what the file system says of a file or folder that is to be written.
 *
 * @throws VideoError INPUT when the name cannot be used on this disk (too long, a character it does not know), else
 *   STORAGE.
 */
export const cannotWrite =
  (file: string) =>
  (cause: unknown): never => {
    if (cause instanceof VideoError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    const values = { path: file };
    throw code && unusableName.has(code)
      ? new VideoError("INPUT", "fileNameUnusable", { values, cause })
      : new VideoError("STORAGE", "cannotWrite", { values, cause });
  };

/**
 * Makes a folder and those above it, where they are missing. Step by step: Node's own `recursive` never comes back from
 * below a place such as /proc.
 *
 * @param mode of those that are made.
 * @throws VideoError STORAGE or INPUT, see {@link cannotWrite}.
 */
export async function makeFolder(folder: string, mode?: number): Promise<void> {
  const make = () =>
    mkdir(folder, { mode }).catch(async (error) => {
      const there = await stat(folder).catch(() => undefined);
      if (!there?.isDirectory()) throw error;
    });
  await make().catch(async (cause) => {
    const parent = path.dirname(folder);
    if (cause.code !== "ENOENT" || parent === folder) return cannotWrite(folder)(cause);
    await makeFolder(parent, mode);
    await make().catch(cannotWrite(folder));
  });
}

/**
 * Makes sure that a file or folder can have its name, before anything is done for it. What is missing above it is taken
 * to come onto the same disk as the last folder that is there.
 *
 * @throws VideoError INPUT when the name cannot be used.
 */
export async function checkName(file: string): Promise<void> {
  const parent = path.dirname(file);
  if (parent === file) return;
  let above = parent;
  const there = async () => (await stat(above).catch(() => undefined)) !== undefined;
  while (above !== path.dirname(above) && !(await there())) above = path.dirname(above);
  for (const part of path.relative(above, file).split(path.sep))
    await stat(path.join(above, part)).catch((cause) => {
      if (unusableName.has(cause.code)) cannotWrite(file)(cause);
    });
}

/**
 * Removes a file of ours, or a folder with all that is in it. Where the disk refuses it stays, for the next start to find
 * by its name; a folder that cannot be written is reported where it is needed.
 */
export function removeQuietly(fileOrFolder: string): void {
  try {
    rmSync(fileOrFolder, { recursive: true, force: true });
  } catch {
    // Said above.
  }
}
