import { renameSync } from "node:fs";
import { open } from "node:fs/promises";
import path from "node:path";
import { removeQuietly } from "../folders";

/** Files that share one sync of their folder. */
const committedAtOnce = 16;

interface Commit {
  temporary: string;
  file: string;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/**
 * Brings files to the disk itself, which a power cut needs and a kill does not. A slow memory card takes seconds for
 * that: nobody waits but who has to, and it is done one file at a time, since each would take one of the four threads
 * that all file access of the process goes through.
 */
export class Disk {
  readonly #root: string;
  readonly #commits: Commit[] = [];
  /** Files that are to follow when there is time, oldest first. */
  readonly #following = new Set<string>();
  #isCommitting = false;
  #isFollowing = false;

  /** @param root the folder that holds the folders of the files; it is brought to the disk with them. */
  constructor(root: string) {
    this.#root = root;
  }

  /**
   * Gives a written file its name, and resolves when it stands there on the disk itself.
   *
   * @throws the file system's error; the temporary file is gone then.
   */
  commit(temporary: string, file: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#commits.push({ temporary, file, resolve, reject });
      if (!this.#isCommitting) void this.#commitAll();
    });
  }

  /** Brings a file to the disk at some time, if it is still there by then. */
  follow(file: string): void {
    this.#following.add(file);
    if (!this.#isFollowing) void this.#followAll();
  }

  /** Such a file has been removed. */
  forget(file: string): void {
    this.#following.delete(file);
  }

  async #commitAll(): Promise<void> {
    this.#isCommitting = true;
    while (this.#commits.length > 0)
      await commitTogether(this.#commits.splice(0, committedAtOnce), this.#root);
    this.#isCommitting = false;
  }

  async #followAll(): Promise<void> {
    this.#isFollowing = true;
    for (const file of this.#following) {
      this.#following.delete(file);
      // Nothing is lost by a kill, and there is nothing to do about it here.
      await sync(file, "r+").catch(() => {});
    }
    this.#isFollowing = false;
  }
}

async function commitTogether(commits: readonly Commit[], root: string): Promise<void> {
  const named: Commit[] = [];
  for (const commit of commits)
    try {
      // Windows syncs only what may be written.
      await sync(commit.temporary, "r+");
      renameSync(commit.temporary, commit.file);
      named.push(commit);
    } catch (error) {
      removeQuietly(commit.temporary);
      commit.reject(error);
    }
  try {
    const folders = new Set(named.map(({ file }) => path.dirname(file)));
    // Windows cannot open a folder; there the rename itself has to do.
    if (process.platform !== "win32" && named.length > 0)
      for (const folder of folders.add(root)) await sync(folder);
    for (const { resolve } of named) resolve();
  } catch (error) {
    for (const { reject } of named) reject(error);
  }
}

async function sync(fileOrFolder: string, access = "r"): Promise<void> {
  const handle = await open(fileOrFolder, access);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
