import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeSync,
} from "node:fs";
import { open } from "node:fs/promises";
import path from "node:path";
import { EventLoopYield } from "../../event-loop";
import { entryText, type JournalEntry, readEntry } from "./entry";

/** What an earlier process left in the journal's folder. */
export interface Leftovers {
  /** Oldest first. */
  entries: JournalEntry[];
  /** Files that could not be read, set aside beside their old name. */
  damaged: { node: string; file: string }[];
}

const ending = ".json";
const temporaryEnding = ".tmp";
const damagedEnding = ".damaged";

/**
 * The journal on disk: one folder a node, one file an entry, so that adding one costs the same however many
 * there are. Every write is a temporary file and a rename: a kill leaves the old entry or the new one.
 */
export class JournalFiles {
  readonly #left: LeftFile[];
  #diskFollows: Promise<void> = Promise.resolve();

  /** Lists what an earlier process left at once, before this one has written anything of its own. */
  constructor(readonly root: string) {
    this.#left = listLeft(root);
  }

  /**
   * Writes an entry at once, so that it stands before its message goes on.
   *
   * @param durable waits for the disk itself, which a power cut needs and a kill does not; otherwise the
   *   disk follows in the background.
   * @returns where in the message values stood that cannot be written.
   * @throws the file system's error.
   */
  write(entry: JournalEntry, durable: boolean): string[] {
    const { text, missing } = entryText(entry);
    const folder = this.#folder(entry.node);
    const file = path.join(folder, entry.id + ending);
    const temporary = path.join(folder, entry.id + temporaryEnding);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    try {
      writeWhole(temporary, text, durable);
      renameSync(temporary, file);
    } catch (error) {
      removeQuietly(temporary);
      throw error;
    }
    if (durable) for (const changed of [folder, this.root]) syncFolder(changed);
    // One at a time: a slow card would otherwise keep every other file access of the process waiting.
    else this.#diskFollows = this.#diskFollows.then(() => settleOnDisk(file));
    return missing;
  }

  /**
   * Removes an entry, and its node's folder with the last one.
   *
   * @param last whether it is the only one of its node.
   */
  remove({ node, id }: JournalEntry, last: boolean): void {
    // Where the disk refuses (a card that has turned read-only), the work is done once more after the next start.
    removeQuietly(path.join(this.#folder(node), id + ending));
    if (!last) return;
    try {
      rmdirSync(this.#folder(node));
    } catch {
      // Something was set aside in it.
    }
  }

  /** Reads what an earlier process left, once. Sets damaged files aside; never throws for one. */
  async readLeft(): Promise<Leftovers> {
    const found: Leftovers = { entries: [], damaged: [] };
    const turns = new EventLoopYield();
    for (const { node, file } of this.#left.splice(0)) {
      await turns.yieldIfDue();
      try {
        const id = path.basename(file, ending);
        found.entries.push(readEntry(readFileSync(file, "utf8"), node, id));
      } catch {
        found.damaged.push({ node, file: setAside(file) });
      }
    }
    found.entries.sort((one, other) => (one.at < other.at ? -1 : 1));
    return found;
  }

  #folder(node: string): string {
    return path.join(this.root, folderOf(node));
  }
}

interface LeftFile {
  node: string;
  file: string;
}

/** Lists the entries on disk, and removes the writes that a kill has cut off. */
function listLeft(root: string): LeftFile[] {
  const left: LeftFile[] = [];
  for (const folderName of namesIn(root)) {
    const node = nodeOf(folderName);
    if (node === undefined) continue;
    for (const name of namesIn(path.join(root, folderName))) {
      const file = path.join(root, folderName, name);
      if (name.endsWith(temporaryEnding)) removeQuietly(file);
      if (name.endsWith(ending)) left.push({ node, file });
    }
  }
  return left;
}

/** The names in a folder; none where there is no such folder. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

// Node ids come from flow files that anybody may have written: none may lead out of the journal's folder.
const folderOf = (node: string) =>
  encodeURIComponent(node).replace(/^\.+/, (dots) => "%2E".repeat(dots.length));

/** The node that a folder belongs to; undefined for folders of others, as the spool. */
function nodeOf(folder: string): string | undefined {
  try {
    const node = decodeURIComponent(folder);
    return folderOf(node) === folder ? node : undefined;
  } catch {
    return undefined;
  }
}

function setAside(file: string): string {
  try {
    renameSync(file, file + damagedEnding);
    return file + damagedEnding;
  } catch {
    return file;
  }
}

function removeQuietly(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // Said where it is called.
  }
}

function writeWhole(file: string, content: string, durable: boolean): void {
  const handle = openSync(file, "w", 0o600);
  try {
    const bytes = Buffer.from(content);
    for (let written = 0; written < bytes.length; ) written += writeSync(handle, bytes, written);
    if (durable) fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function syncFolder(folder: string): void {
  // Windows cannot open a folder; there the rename itself has to do.
  if (process.platform === "win32") return;
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Best effort against power cuts: the entry may be settled and gone before its turn comes. */
async function settleOnDisk(file: string): Promise<void> {
  try {
    const handle = await open(file, "r");
    try {
      await handle.datasync();
    } finally {
      await handle.close();
    }
  } catch {
    // Nothing to do about it here, and nothing is lost by a kill.
  }
}
