import { randomBytes } from "node:crypto";
import { constants, type Stats } from "node:fs";
import { access, chmod, chown, open, readlink, realpath, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import type { NodeAPI } from "node-red";
import { cannotWrite, checkName, makeFolder } from "./folders";
import { noteUnfinished, unfinishedName } from "./leftovers";

/** Symbolic links that are followed, as many as Linux does. */
const mostLinks = 40;

/**
 * A file that a user has asked for. It is written in the folder of its target, under a short name of its own, and takes
 * its place when it is whole: there is never half a file. A new one has the rights that the umask leaves, as those of
 * core's file node; one that replaces another keeps its mode, and its owner where Node-RED may give files away; a
 * symbolic link stays, and what it leads to is replaced.
 */
export class UserFile {
  readonly #target: string;
  readonly #before: Stats | undefined;
  readonly #forget: () => Promise<void>;

  private constructor(
    /** Where it is to be written meanwhile; exists, and is empty. */
    readonly unfinished: string,
    target: string,
    before: Stats | undefined,
    forget: () => Promise<void>,
  ) {
    this.#target = target;
    this.#before = before;
    this.#forget = forget;
  }

  /**
   * Begins a file, and makes the folders that are missing. Its unfinished name is new each time, so that what an
   * earlier attempt does late concerns no later one.
   *
   * @param file absolute path.
   * @throws VideoError INPUT when the name cannot be used; STORAGE when the file cannot be written or replaced.
   */
  static async begin(RED: NodeAPI, file: string): Promise<UserFile> {
    await checkName(file);
    await makeFolder(path.dirname(file));
    const target = await linkedFile(file).catch(cannotWrite(file));
    const folder = path.dirname(target);
    await makeFolder(folder);
    const before = await replaceable(target);
    const id = randomBytes(6).toString("hex");
    const unfinished = path.join(folder, unfinishedName(id));
    const forget = await noteUnfinished(RED, folder, id);
    try {
      // Nobody reads what is about to become a private file; `wx` never opens a file that is there.
      const handle = await open(unfinished, "wx", before ? 0o600 : 0o666);
      await handle.close();
    } catch (cause) {
      await forget();
      cannotWrite(file)(cause);
    }
    return new UserFile(unfinished, target, before, forget);
  }

  /**
   * Gives the file its name.
   *
   * @throws VideoError as {@link begin}; then the file stays unfinished.
   */
  async finish(): Promise<void> {
    try {
      const before = (await replaceable(this.#target)) ?? this.#before;
      if (before) await takeAfter(before, this.unfinished);
      await rename(this.unfinished, this.#target);
    } catch (cause) {
      cannotWrite(this.#target)(cause);
    }
    await this.#forget();
  }

  /** Removes the file where it is unfinished. */
  async discard(): Promise<void> {
    // Where that fails, the note stays for the next start.
    await rm(this.unfinished, { force: true }).then(this.#forget, () => {});
  }
}

/** The file that a path leads to through symbolic links, whether it is there or not; folders of the path are there. */
async function linkedFile(file: string, links = 0): Promise<string> {
  const folder = await realpath(path.dirname(file));
  const place = path.join(folder, path.basename(file));
  const link = await readlink(place).catch(() => undefined);
  if (link === undefined) return place;
  if (links === mostLinks) throw new Error("too many symbolic links");
  const next = path.resolve(folder, link);
  await makeFolder(path.dirname(next));
  return linkedFile(next, links + 1);
}

/**
 * What stands in a file's place, undefined where nothing does.
 *
 * @throws VideoError STORAGE when it cannot be replaced: a folder, a device or a pipe, or a file that core's file node
 *   could not write either.
 */
async function replaceable(file: string): Promise<Stats | undefined> {
  const there = await stat(file).catch((cause) => {
    if (cause.code !== "ENOENT") cannotWrite(file)(cause);
    return undefined;
  });
  if (!there) return undefined;
  if (!there.isFile()) cannotWrite(file)(new Error("something other than a file is there"));
  await access(file, constants.W_OK).catch(cannotWrite(file));
  return there;
}

/** Gives a new file the owner, as far as Node-RED may, and the mode of the one that it replaces. */
async function takeAfter({ mode, uid, gid }: Stats, file: string): Promise<void> {
  const own = await stat(file);
  const give = (owner: number, group: number) =>
    chown(file, owner, group).then(
      () => true,
      () => false,
    );
  const isSame = own.uid === uid && own.gid === gid;
  const isGiven = isSame || (await give(uid, gid)) || (await give(own.uid, gid));
  // A program that runs as its owner must not become one that runs as us. A disk without modes refuses, and may.
  await chmod(file, isGiven ? mode & 0o7777 : mode & 0o777).catch(() => {});
}
