import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmdirSync, rmSync, writeSync } from "node:fs";
import { open, readdir, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import type { JournalEntry } from "./journal";

/** What was found of one node in the journal's folder. */
export interface FoundEntries {
  entries: JournalEntry[];
  /** Files that could not be read, set aside beside their old name. */
  damaged: string[];
}

const ending = ".json";
const temporaryEnding = ".tmp";
const damagedEnding = ".damaged";

/**
 * The journal on disk: one folder a node, one file an entry, so that adding one costs the same however many
 * there are. Every write is a temporary file and a rename: a kill leaves the old entry or the new one.
 */
export class JournalFiles {
  constructor(readonly root: string) {}

  /**
   * Writes an entry at once, so that it stands before its message goes on.
   *
   * @param durable waits for the disk itself, which a power cut needs and a kill does not; otherwise the
   *   disk follows in the background.
   * @throws the file system's error.
   */
  write(entry: JournalEntry, durable: boolean): void {
    const folder = this.#folder(entry.node);
    const file = path.join(folder, entry.id + ending);
    const temporary = path.join(folder, entry.id + temporaryEnding);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const handle = openSync(temporary, "w", 0o600);
    try {
      const bytes = Buffer.from(JSON.stringify(entry));
      for (let written = 0; written < bytes.length; ) written += writeSync(handle, bytes, written);
      if (durable) fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(temporary, file);
    if (durable) syncFolder(folder);
    else void settleOnDisk(file);
  }

  /** Removes an entry, and its node's folder with the last one. */
  remove(node: string, id: string): void {
    const folder = this.#folder(node);
    rmSync(path.join(folder, id + ending), { force: true });
  }

  /** Removes a node's folder if nothing is left in it. */
  tidy(node: string): void {
    try {
      rmdirSync(this.#folder(node));
    } catch {
      // Not empty, or never made.
    }
  }

  /** Ids of the nodes that have something written down. */
  async nodes(): Promise<string[]> {
    const folders = await readdir(this.root, { withFileTypes: true }).catch(() => []);
    return folders
      .filter((folder) => folder.isDirectory() && !folder.name.startsWith("."))
      .map((folder) => nodeOf(folder.name));
  }

  /** Reads what is written down of one node, oldest first. Sets damaged files aside; never throws for one. */
  async read(node: string): Promise<FoundEntries> {
    const folder = this.#folder(node);
    const names = await readdir(folder).catch(() => []);
    const found: FoundEntries = { entries: [], damaged: [] };
    const readOne = async (name: string) => {
      const file = path.join(folder, name);
      if (name.endsWith(temporaryEnding)) return rm(file, { force: true });
      if (!name.endsWith(ending)) return;
      try {
        found.entries.push(
          checked(JSON.parse(await readFile(file, "utf8")), node, path.basename(name, ending)),
        );
      } catch {
        found.damaged.push(file + damagedEnding);
        await rename(file, file + damagedEnding).catch(() => {});
      }
    };
    const queue = names.values();
    await Promise.all(
      Array.from({ length: readersAtOnce }, async () => {
        for (const name of queue) await readOne(name);
      }),
    );
    found.entries.sort((one, other) => (one.at < other.at ? -1 : 1));
    return found;
  }

  #folder(node: string): string {
    return path.join(this.root, folderOf(node));
  }
}

const readersAtOnce = 32;

// Node ids come from flow files that anybody may have written: none may lead out of the journal's folder.
const folderOf = (node: string) =>
  encodeURIComponent(node).replace(/^\.+/, (dots) => "%2E".repeat(dots.length));
const nodeOf = (folder: string) => decodeURIComponent(folder);

const states = new Set(["accepted", "intent", "sent", "failed"]);

function checked(value: unknown, node: string, id: string): JournalEntry {
  const entry = value as JournalEntry;
  const isEntry =
    typeof entry === "object" &&
    entry !== null &&
    entry.id === id &&
    entry.node === node &&
    states.has(entry.state) &&
    typeof entry.at === "string" &&
    typeof entry.msg === "object" &&
    entry.msg !== null;
  if (!isEntry) throw new Error("not a journal entry");
  return entry;
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
