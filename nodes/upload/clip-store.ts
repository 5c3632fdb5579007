import { createHash, randomUUID } from "node:crypto";
import type { Dirent } from "node:fs";
import { readdir, rename, rm, rmdir, stat, utimes } from "node:fs/promises";
import path from "node:path";
import { cannotWrite, makeFolder } from "../runtime/folders";
import { onePerNodeRed } from "../runtime/one-per-node-red";

/** An upload node that keeps clips. */
interface Keeper {
  /** Milliseconds that a clip stays after it was sent. */
  keepMs: number;
  /** Paths that messages in the journal name: none of these is removed. */
  filesInJournal(): Set<unknown>;
  /** Accepted messages of this node that are still to be sent: what was fetched for one stays. */
  idsInHand(): Set<string>;
}

/** Milliseconds between two looks for clips whose time is over. */
const sweepEveryMs = 600_000;
/** Milliseconds that the clips of a node stay that is not there any more. */
const keptForOthersMs = 24 * 3_600_000;
const partEnding = ".part";

/**
 * Clips of one Node-RED that were fetched or rewritten, as private files in the user directory: a folder for each node,
 * in it one for each accepted message. The name of neither comes from outside.
 */
export class ClipStore {
  readonly #root: string;
  /** By the name of the node's folder. */
  readonly #keepers = new Map<string, Keeper>();
  readonly #inUse = new Set<string>();
  /** When a folder was finished with, by a clock that nobody sets: for the clips of this process. */
  readonly #finishedAt = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(root: string) {
    this.#root = root;
  }

  /** A node begins to keep clips. */
  join(node: string, keeper: Keeper): void {
    this.#keepers.set(folderOf(node), keeper);
    this.#timer ??= setInterval(() => void this.sweep(), sweepEveryMs).unref();
  }

  /** @param keeper as it has joined: a deploy may have put another in its place. */
  leave(node: string, keeper: Keeper): void {
    if (this.#keepers.get(folderOf(node)) === keeper) this.#keepers.delete(folderOf(node));
    if (this.#keepers.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** The place for the files of one accepted message; in use until it is kept, left or removed. */
  place(node: string, entry: string): ClipPlace {
    const folder = path.join(this.#root, folderOf(node), entry);
    this.#inUse.add(folder);
    this.#finishedAt.delete(folder);
    return new ClipPlace(folder, (isKept) => {
      this.#inUse.delete(folder);
      if (isKept) this.#finishedAt.set(folder, performance.now());
    });
  }

  /**
   * Removes clips whose time is over, and what a kill has left half written. Only to be called once the journal has been
   * read. What cannot be removed now is tried again the next time.
   */
  async sweep(): Promise<void> {
    const [keeper] = this.#keepers.values();
    if (!keeper) return;
    const named = new Set([...keeper.filesInJournal()].map((file) => path.dirname(String(file))));
    for (const node of await foldersIn(this.#root)) {
      const own = this.#keepers.get(path.basename(node));
      const keepMs = own?.keepMs ?? keptForOthersMs;
      const inHand = own?.idsInHand();
      for (const folder of await foldersIn(node)) {
        const isNeeded = named.has(folder) || inHand?.has(path.basename(folder)) === true;
        if (!this.#inUse.has(folder)) await this.#tidy(folder, keepMs, isNeeded).catch(() => {});
      }
      // Of a node that is there, a message may be about to put something in.
      if (!this.#keepers.has(path.basename(node))) await rmdir(node).catch(() => {});
    }
    // Nothing was ever written there, as for most that a deploy has cut off; or somebody else has removed it.
    for (const folder of this.#finishedAt.keys())
      if (!(await stat(folder).catch(() => undefined))) this.#finishedAt.delete(folder);
  }

  /** Folders whose time is counted by this process. */
  get counted(): number {
    return this.#finishedAt.size;
  }

  async #tidy(folder: string, keepMs: number, isNeeded: boolean): Promise<void> {
    for (const { name } of await entriesIn(folder))
      if (name.endsWith(partEnding) && !this.#inUse.has(folder))
        await rm(path.join(folder, name), { force: true });
    if (isNeeded || (await this.#age(folder)) < keepMs || this.#inUse.has(folder)) return;
    await rm(folder, { recursive: true, force: true });
    this.#finishedAt.delete(folder);
  }

  /** Milliseconds since a folder was finished with. */
  async #age(folder: string): Promise<number> {
    const finished = this.#finishedAt.get(folder);
    if (finished !== undefined) return performance.now() - finished;
    const age = Date.now() - (await stat(folder)).mtimeMs;
    // A clock that was set back: the time begins anew.
    if (age < 0) await utimes(folder, new Date(), new Date());
    return Math.max(0, age);
  }
}

/** The files of one accepted message. */
export class ClipPlace {
  constructor(
    readonly folder: string,
    private readonly release: (isKept: boolean) => void,
  ) {}

  /**
   * Has a file written under a passing name, and gives it its name when it is whole.
   *
   * @param write writes it; whatever it throws goes on as it is.
   * @param nameOf says what the finished file is called.
   * @returns its path.
   * @throws VideoError STORAGE
   */
  async write(
    write: (file: string) => Promise<void>,
    nameOf: (file: string) => string | Promise<string>,
  ): Promise<string> {
    await makeFolder(this.folder, 0o700);
    // New each time: what an earlier attempt does late concerns no later one.
    const part = path.join(this.folder, `${randomUUID()}${partEnding}`);
    try {
      await write(part);
      const file = path.join(this.folder, await nameOf(part));
      await rename(part, file).catch(cannotWrite(file));
      return file;
    } finally {
      await rm(part, { force: true }).catch(() => {});
    }
  }

  /** Whether a file is one of these. */
  has(file: string): boolean {
    return path.dirname(file) === this.folder;
  }

  /** Paths of the finished files that an earlier run has left. */
  async files(): Promise<string[]> {
    const names = (await entriesIn(this.folder)).map(({ name }) => name);
    return names.filter((name) => !name.endsWith(partEnding)).map((name) => path.join(this.folder, name));
  }

  /** Keeps one file for its time, and removes the others. */
  async keep(file: string): Promise<void> {
    // What a kill has left half written among them.
    for (const { name } of await entriesIn(this.folder))
      if (name !== path.basename(file))
        await rm(path.join(this.folder, name), { force: true }).catch(() => {});
    await utimes(this.folder, new Date(), new Date()).catch(() => {});
    this.release(true);
  }

  /** Leaves everything as it is, for whoever goes on with the message. */
  leave(): void {
    this.release(true);
  }

  /** Removes everything. */
  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true }).catch(() => {});
    this.release(false);
  }
}

/** The clips of this Node-RED. The folder's name is none that the journal gives to a node. */
export const clipStoreOf = onePerNodeRed((_, storage) => new ClipStore(path.join(storage, ".clips")));

/** A node's ID may hold anything. */
const folderOf = (node: string) => createHash("sha256").update(node).digest("hex").slice(0, 16);

const entriesIn = (folder: string): Promise<Dirent[]> =>
  readdir(folder, { withFileTypes: true }).catch(() => []);

const foldersIn = async (folder: string): Promise<string[]> =>
  (await entriesIn(folder)).filter((entry) => entry.isDirectory()).map(({ name }) => path.join(folder, name));
