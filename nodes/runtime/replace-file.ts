import { renameSync, writeFileSync } from "node:fs";
import { removeQuietly } from "./folders";

/**
 * Writes a private file as a whole: whoever reads finds the old or the new one, never half of it.
 *
 * @throws the file system's error; the old file is still there then.
 */
export function replaceFile(file: string, text: string): void {
  const temporary = `${file}.tmp`;
  try {
    writeFileSync(temporary, text, { mode: 0o600 });
    renameSync(temporary, file);
  } catch (error) {
    // A full disk needs the room that half of it takes.
    removeQuietly(temporary);
    throw error;
  }
}
