import { readdirSync } from "node:fs";
import { open, readFile, rm, stat } from "node:fs/promises";
import path from "node:path";
import type { NodeAPI } from "node-red";
import { makeFolder, removeQuietly } from "./folders";
import { spoolFolder } from "./paths";

/**
 * Files of users are written under names of ours first, in folders of theirs. Each such name is noted in a file of the
 * same id in the spool, so that the next start finds what a kill has left, and nothing else.
 */
const noteEnding = ".unfinished";
/** Notes of one start that are looked at; more than a kill leaves, since few files are written at a time. */
const mostNotes = 1000;
/** A note goes with its file, or after so many milliseconds: the disk that the file is on may come back until then. */
const noteLifetimeMs = 8 * 24 * 3600 * 1000;

/** The name under which a file is written that is not finished. */
export const unfinishedName = (id: string): string => `.roboflow-${id}.part`;

/**
 * Notes that a file is about to be written under {@link unfinishedName} in a folder.
 *
 * @returns what removes the note; where none can be written, the file has to do without.
 */
export async function noteUnfinished(RED: NodeAPI, folder: string, id: string): Promise<() => Promise<void>> {
  const note = path.join(spoolFolder(RED), id + noteEnding);
  const forget = () => rm(note, { force: true }).catch(() => {});
  try {
    await makeFolder(path.dirname(note), 0o700);
    const handle = await open(note, "wx", 0o600);
    try {
      await handle.writeFile(folder);
      // A power cut must not leave a file without its note.
      await handle.datasync();
    } finally {
      await handle.close();
    }
  } catch {
    await forget();
  }
  return forget;
}

/**
 * Removes what an earlier process was in the middle of: results on their way, which are fetched anew, at once; files of
 * users that were not finished in the background, since their disk may be slow or away.
 */
export function removeLeftovers(RED: NodeAPI): void {
  const spool = spoolFolder(RED);
  const notes: string[] = [];
  for (const name of namesIn(spool)) {
    if (name.endsWith(noteEnding)) notes.push(path.join(spool, name));
    else removeQuietly(path.join(spool, name));
  }
  void removeUnfinished(notes.slice(0, mostNotes));
}

async function removeUnfinished(notes: string[]): Promise<void> {
  // One at a time: a disk that does not answer holds one thread and no more.
  for (const note of notes) await removeOne(note).catch(() => {});
}

async function removeOne(note: string): Promise<void> {
  const folder = await readFile(note, "utf8");
  const file = path.join(folder, unfinishedName(path.basename(note, noteEnding)));
  const isOver = Date.now() - (await stat(note)).mtimeMs > noteLifetimeMs;
  const removed =
    path.isAbsolute(folder) &&
    (await rm(file).then(
      () => true,
      () => false,
    ));
  if (removed || isOver) await rm(note);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
