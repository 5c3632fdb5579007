import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import { EventLoopYield } from "../../event-loop";
import { removeQuietly } from "../folders";
import { Disk } from "./disk";
import { entryText, type JournalEntry, readEntry } from "./entry";

/** What an earlier process left in the journal's folder. */
export interface Leftovers {
  /** Oldest first. */
  entries: JournalEntry[];
  /** Files that hold no entry, set aside beside their old name, and the job that they seem to be about. */
  damaged: { node: string; file: string; job?: string }[];
}

const ending = ".json";
const temporaryEnding = ".tmp";
const damagedEnding = ".damaged";
const crashedEnding = ".crashed";

/**
 * The journal on disk: one folder a node, one file an entry, so that adding one costs the same however many
 * there are. Every write is a temporary file and a rename: a kill leaves the old entry or the new one.
 */
export class JournalFiles {
  readonly #left: LeftFile[];
  readonly #disk: Disk;
  #writes = 0;

  /** Lists what an earlier process left at once, before this one has written anything of its own. */
  constructor(readonly root: string) {
    this.#left = listLeft(root);
    this.#disk = new Disk(root);
  }

  /**
   * Writes an entry at once, so that it stands before its message goes on. The disk itself follows in the background.
   *
   * @returns where in the message values stood that cannot be written.
   * @throws the file system's error.
   */
  write(entry: JournalEntry): string[] {
    const { temporary, file, missing } = this.#writeTemporary(entry);
    try {
      renameSync(temporary, file);
    } catch (error) {
      removeQuietly(temporary);
      throw error;
    }
    this.#disk.follow(file);
    return missing;
  }

  /**
   * Writes an entry and resolves when it is on the disk itself. The event loop goes on meanwhile.
   *
   * @throws the file system's error.
   */
  async commit(entry: JournalEntry): Promise<void> {
    const { temporary, file } = this.#writeTemporary(entry);
    await this.#disk.commit(temporary, file);
  }

  #writeTemporary(entry: JournalEntry): { temporary: string; file: string; missing: string[] } {
    const { text, missing } = entryText(entry);
    const file = this.#fileOf(entry);
    // Each write has a name of its own: one may still be on its way to the disk when the next begins.
    this.#writes += 1;
    const temporary = `${file.slice(0, -ending.length)}.${this.#writes}${temporaryEnding}`;
    try {
      writeWhole(temporary, text);
    } catch (error) {
      removeQuietly(temporary);
      throw error;
    }
    return { temporary, file, missing };
  }

  /**
   * Removes an entry, and its node's folder with the last one.
   *
   * @param last whether it is the only one of its node.
   */
  remove(entry: JournalEntry, last: boolean): void {
    const file = this.#fileOf(entry);
    this.#disk.forget(file);
    // Where the disk refuses (a card that has turned read-only), the work is done once more after the next start.
    removeQuietly(file);
    if (!last) return;
    try {
      rmdirSync(path.dirname(file));
    } catch {
      // Something was set aside in it.
    }
  }

  /** Sets an entry aside that ends the process. @returns its file */
  setAside(entry: JournalEntry): string {
    return setAside(this.#fileOf(entry), crashedEnding);
  }

  /** Reads what an earlier process left, once. Sets damaged files aside; never throws for one. */
  async readLeft(): Promise<Leftovers> {
    const found: Leftovers = { entries: [], damaged: [] };
    const eventLoop = new EventLoopYield();
    for (const { node, file } of this.#left.splice(0)) {
      await eventLoop.yieldIfDue();
      let text = "";
      try {
        text = readFileSync(file, "utf8");
        found.entries.push(readEntry(text, node, path.basename(file, ending)));
      } catch {
        const [, job] = /"jobId":"([^"]*)"/.exec(text) ?? [];
        found.damaged.push({ node, file: setAside(file, damagedEnding), ...(job ? { job } : {}) });
      }
    }
    found.entries.sort((one, other) => Date.parse(one.at) - Date.parse(other.at) || one.clock - other.clock);
    return found;
  }

  #fileOf({ node, id }: JournalEntry): string {
    return path.join(this.root, folderOf(node), id + ending);
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

function setAside(file: string, newEnding: string): string {
  try {
    renameSync(file, file + newEnding);
    return file + newEnding;
  } catch {
    return file;
  }
}

function writeWhole(file: string, content: string): void {
  const handle = openForWriting(file);
  try {
    const bytes = Buffer.from(content);
    for (let written = 0; written < bytes.length; ) written += writeSync(handle, bytes, written);
  } finally {
    closeSync(handle);
  }
}

function openForWriting(file: string): number {
  try {
    return openSync(file, "w", 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    // The first entry of a node.
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    return openSync(file, "w", 0o600);
  }
}
