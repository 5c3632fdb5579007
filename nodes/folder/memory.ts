import { appendFileSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { replaceFile } from "../runtime/replace-file";

/** A clip that is known: passed on, or there before the node was. */
export interface KnownClip {
  sizeBytes: number;
  modifiedMs: number;
  /** Hash of its beginning and end; missing for one that was there before the node. */
  hash?: string;
  /** When it was passed on, milliseconds since 1970; missing where it was not. */
  passedAt?: number;
  /** About to be passed on: counts only as long as the journal has an entry for it. */
  pending?: true;
}

/** A line of the file: a clip by its name below the folder, what is known of it or null when it is forgotten. */
type Line = [name: string, clip: KnownClip | null];

/** Device and inode of a folder, and of those below it that hold clips, by their path below. */
export interface Identities {
  identity: string;
  folders?: Record<string, string>;
}

/** The first line: which folder the rest is about. */
interface Header extends Identities {
  folder: string;
}

/** Lines beyond twice the known clips after which the file is written anew. */
const spareLines = 1000;

/**
 * What a folder node remembers of its clips, in one file: a line for each change, written when it happens, and written
 * anew when too many lines speak of clips that are gone. A kill in mid-write leaves half a line, which is passed over.
 */
export class FolderMemory {
  readonly #file: string;
  readonly #clips = new Map<string, KnownClip>();
  #header: Header | undefined;
  #lines = 0;
  /** A full disk has refused a line, or has half of it: the file is written anew when there is room. */
  #isBehind = false;

  /** Reads what is there. @throws the file system's error, but for a file that is missing. */
  constructor(file: string) {
    this.#file = file;
    this.#read();
  }

  /** Whether this folder has been looked into before. */
  knows(folder: string): boolean {
    return this.#header?.folder === folder;
  }

  /** The folder's device and inode when clips were last seen in it. */
  get identity(): string | undefined {
    return this.#header?.identity;
  }

  /** The same of a folder below it. */
  identityOf(below: string): string | undefined {
    const { folders = {} } = this.#header ?? {};
    return Object.hasOwn(folders, below) ? folders[below] : undefined;
  }

  get clips(): ReadonlyMap<string, KnownClip> {
    return this.#clips;
  }

  /**
   * Begins for a folder, with what is in it already.
   *
   * @throws the file system's error.
   */
  begin(header: Header, clips: Iterable<[string, KnownClip]>): void {
    this.#header = header;
    this.#clips.clear();
    for (const [name, clip] of clips) this.#clips.set(name, clip);
    this.#writeAnew();
  }

  /** Notes that a folder is another one than before, as after a share was mounted again. @throws as {@link begin}. */
  setIdentities(now: Required<Identities>): void {
    if (!this.#header) return;
    const { identity, folders = {} } = this.#header;
    if (JSON.stringify({ identity, folders }) === JSON.stringify(now)) return;
    this.#header = { ...this.#header, ...now };
    this.#writeAnew();
  }

  /** Notes a clip. @throws as {@link begin}. */
  set(name: string, clip: KnownClip): void {
    this.#clips.set(name, clip);
    this.#append([[name, clip]]);
  }

  /** Forgets clips that are gone. @throws as {@link begin}. */
  forget(names: readonly string[]): void {
    for (const name of names) this.#clips.delete(name);
    if (names.length > 0) this.#append(names.map((name) => [name, null]));
  }

  /** Makes sure that the file holds all that was noted. @throws as {@link begin}. */
  catchUp(): void {
    if (this.#isBehind) this.#writeAnew();
  }

  #append(lines: Line[]): void {
    this.#lines += lines.length;
    if (this.#isBehind || this.#lines > 2 * this.#clips.size + spareLines) {
      this.#writeAnew();
      return;
    }
    this.#isBehind = true;
    appendFileSync(this.#file, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    this.#isBehind = false;
  }

  #writeAnew(): void {
    this.#isBehind = true;
    const lines = [this.#header, ...this.#clips].map((line) => `${JSON.stringify(line)}\n`);
    mkdirSync(path.dirname(this.#file), { recursive: true, mode: 0o700 });
    replaceFile(this.#file, lines.join(""));
    this.#lines = this.#clips.size;
    this.#isBehind = false;
  }

  #read(): void {
    let text: string;
    try {
      text = readFileSync(this.#file, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
      throw error;
    }
    const [first, ...lines] = text.split("\n").map(parsed);
    if (typeof (first as Header | undefined)?.folder !== "string") return;
    this.#header = first as Header;
    for (const line of lines) {
      if (!Array.isArray(line)) continue;
      const [name, clip] = line as Line;
      this.#lines += 1;
      if (clip) this.#clips.set(name, clip);
      else this.#clips.delete(name);
    }
    // Half a line at the end would swallow the next one: it is written anew with the next change, or the next look. Not
    // now, where a disk that is still full would keep the node from ever looking.
    this.#isBehind = !text.endsWith("\n");
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
