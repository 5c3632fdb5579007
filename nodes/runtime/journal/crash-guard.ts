import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import path from "node:path";
import { removeQuietly } from "../folders";

/** What an earlier process has left. */
interface Left {
  /** Entries that it was told to be careful with. */
  suspects: string[];
  /** Entries that it was at work on when it ended. */
  atWork: string[];
}

/** Its name is none that the journal gives to a node. */
const fileName = ".at-work";
/** Characters of an entry's id, and the end of its line. */
const lineLength = 37;
/** Entries marked in one turn of the event loop; a burst of more goes without. */
const mostMarks = 100;

/**
 * Finds the entry that ends the process, however often it is started again: one that freezes it until somebody kills it,
 * or makes it run out of memory. While the event loop is busy with an entry, its id stands in a file, which survives the
 * process. An entry that stands there when the process ends is a suspect: the next process takes it up later than the
 * others and alone. If it stands there again, it has ended two processes in a row. A kill from outside may hit an entry
 * once, but hardly the same one again: it is marked for some milliseconds, at another time of the process's life.
 */
export class CrashGuard {
  /** Entries that have ended two processes in a row. */
  readonly condemned: readonly string[];
  readonly #suspects: Set<string>;
  readonly #file: string;
  #handle: number | undefined;
  #linesFrom = 0;
  #marks = 0;

  constructor(root: string) {
    this.#file = path.join(root, fileName);
    const { suspects, atWork } = readLeft(this.#file);
    this.condemned = atWork.filter((id) => suspects.includes(id));
    this.#suspects = new Set(atWork.filter((id) => !suspects.includes(id)));
  }

  /** Whether an entry was worked on when the last process ended, and has not been taken up since. */
  isSuspect(id: string): boolean {
    return this.#suspects.has(id);
  }

  /** Says that a suspect is taken up now: the file says so before, in case it ends this process, too. */
  acquit(id: string): void {
    if (this.#suspects.has(id)) this.#attempt(() => this.#open());
    this.#suspects.delete(id);
  }

  /** Marks the entry that is worked on, until the next turn of the event loop. */
  mark(id: string): void {
    if (this.#marks >= mostMarks) return;
    const place = this.#marks;
    this.#marks += 1;
    if (place === 0) setImmediate(() => this.#clear());
    this.#attempt(() => writeSync(this.#open(), `${id}\n`, this.#linesFrom + lineLength * place));
  }

  /** Says that those that are condemned have been set aside: the last process's file has done its work. */
  forgetCondemned(): void {
    if (this.condemned.length > 0) this.#attempt(() => this.#open());
  }

  /** Removes the file: no node is left that could work on an entry, so none is to blame for what comes. */
  close(): void {
    this.#letGo();
    this.#attempt(() => rmSync(this.#file, { force: true }));
  }

  /** Takes the place of the last process's file in one step, so that no kill lets an entry stand in both lists. */
  #open(): number {
    if (this.#handle !== undefined) return this.#handle;
    const head = `${JSON.stringify([...this.#suspects])}\n`;
    mkdirSync(path.dirname(this.#file), { recursive: true, mode: 0o700 });
    const temporary = `${this.#file}.tmp`;
    const handle = openSync(temporary, "w", 0o600);
    try {
      // A file that takes the place of one that failed has none of the lines that stood in that one.
      writeSync(handle, head + " ".repeat(lineLength * this.#marks));
      renameSync(temporary, this.#file);
    } catch (error) {
      closeSync(handle);
      removeQuietly(temporary);
      throw error;
    }
    this.#linesFrom = Buffer.byteLength(head);
    this.#handle = handle;
    return handle;
  }

  #clear(): void {
    const handle = this.#handle;
    const length = lineLength * this.#marks;
    this.#marks = 0;
    if (handle !== undefined) this.#attempt(() => writeSync(handle, " ".repeat(length), this.#linesFrom));
  }

  #letGo(): void {
    const handle = this.#handle;
    this.#handle = undefined;
    try {
      if (handle !== undefined) closeSync(handle);
    } catch {
      // It is not written to any more.
    }
  }

  /** While the disk cannot be written to, it does without; the next attempt makes the file anew. */
  #attempt(act: () => void): void {
    try {
      act();
    } catch {
      this.#letGo();
    }
  }
}

function readLeft(file: string): Left {
  try {
    const [head = "", ...lines] = readFileSync(file, "utf8").split("\n");
    const suspects: unknown = JSON.parse(head);
    return {
      suspects: Array.isArray(suspects) ? suspects : [],
      atWork: lines.map((line) => line.trim()).filter((line) => line.length === lineLength - 1),
    };
  } catch {
    return { suspects: [], atWork: [] };
  }
}
