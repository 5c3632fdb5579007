import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { VideoError } from "../roboflow";
import { removeQuietly } from "./folders";
import { Disk } from "./journal/disk";

const dayMs = 24 * 3_600_000;
/** Milliseconds from the record until the service has a request at the latest; a request is given up before. */
const requestMs = 120_000;

const ending = ".json";
const temporaryEnding = ".tmp";

/**
 * Counts the jobs that an account has started in the last 24 hours, one small file for each, so that a kill forgets
 * none. A slot is taken before a job is started and is on the disk itself by then: a start that is interrupted may leave
 * its slot unused, but never a job without one.
 */
export class DailyLimit {
  readonly #folder: string;
  readonly #disk: Disk;
  /**
   * Until when each start counts, by the process's own clock: a wall clock that jumps neither frees a slot nor holds it.
   */
  #slots: Map<string, number> | undefined;
  /** One change at a time, in the order of the calls. */
  #last: Promise<unknown> = Promise.resolve();

  /** @param folder that of the account; made with the first job. */
  constructor(folder: string) {
    this.#folder = folder;
    this.#disk = new Disk(path.dirname(folder));
  }

  /**
   * Takes a slot for a start, on the disk itself when this resolves. The same start taken up again keeps its slot.
   *
   * @param id of the start, the same after a restart.
   * @param limit jobs in any 24 hours.
   * @throws VideoError LIMIT when there is none left, STORAGE when it cannot be written: then nothing may be sent.
   */
  take(id: string, limit: number): Promise<void> {
    return this.#inTurn(async () => {
      try {
        this.#checkLimit(id, limit);
        await this.#write(id, dayMs + requestMs);
      } catch (cause) {
        if (cause instanceof VideoError) throw cause;
        throw new VideoError("STORAGE", "journalNeeded", { values: { path: this.#folder }, cause });
      }
    });
  }

  /** The job has been started by now, or may have been: its 24 hours begin. Never rejects. */
  started(id: string): Promise<void> {
    // Where the disk refuses, the record that is there counts a little longer.
    return this.#inTurn(() => this.#write(id, dayMs).catch(() => {}));
  }

  /** The job was certainly not started. Never rejects. */
  release(id: string): Promise<void> {
    return this.#inTurn(async () => {
      this.#slots?.delete(id);
      removeQuietly(this.#fileOf(id));
    });
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(change);
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** @throws VideoError LIMIT, or the file system's error. */
  #checkLimit(id: string, limit: number): void {
    this.#slots ??= this.#read();
    const now = performance.now();
    for (const [other, until] of this.#slots) {
      if (until > now) continue;
      this.#slots.delete(other);
      removeQuietly(this.#fileOf(other));
    }
    const others = [...this.#slots].filter(([other]) => other !== id).map(([, until]) => until);
    if (others.length < limit) return;
    others.sort((one, other) => one - other);
    const hours = Math.ceil(((others[others.length - limit] as number) - now) / 3_600_000);
    throw new VideoError("LIMIT", "jobsPerDayReached", { values: { limit, hours } });
  }

  async #write(id: string, ms: number): Promise<void> {
    const file = this.#fileOf(id);
    const temporary = `${file}${temporaryEnding}`;
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    try {
      writeFileSync(temporary, slotText(ms), { mode: 0o600 });
    } catch (error) {
      removeQuietly(temporary);
      throw error;
    }
    await this.#disk.commit(temporary, file);
    this.#slots?.set(id, performance.now() + ms);
  }

  /** What earlier processes have left. @throws the file system's error. */
  #read(): Map<string, number> {
    const slots = new Map<string, number>();
    for (const name of namesIn(this.#folder)) {
      const file = path.join(this.#folder, name);
      if (name.endsWith(temporaryEnding)) removeQuietly(file);
      if (!name.endsWith(ending)) continue;
      let left = timeIn(file) - Date.now();
      if (!(left <= dayMs + requestMs)) {
        // The clock was set back since, or the file is damaged: nobody knows when that was, so it counts from now.
        left = dayMs;
        writeFileSync(file, slotText(left));
      }
      slots.set(name.slice(0, -ending.length), performance.now() + left);
    }
    return slots;
  }

  #fileOf(id: string): string {
    return path.join(this.#folder, id + ending);
  }
}

/** What a slot's file holds: until when it counts, for processes to come. */
const slotText = (ms: number) => JSON.stringify({ until: new Date(Date.now() + ms).toISOString() });

/** The names in a folder; none where it is missing. @throws the file system's error. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** The time that a slot's file holds; not a number where it is damaged. @throws the file system's error. */
function timeIn(file: string): number {
  const text = readFileSync(file, "utf8");
  try {
    return Date.parse(JSON.parse(text).until);
  } catch {
    return Number.NaN;
  }
}

const limits = new Map<string, DailyLimit>();

/** The count of an account; the same in the whole process, also after deploys. */
export function dailyLimit(storage: string, account: string): DailyLimit {
  // A name of its own beside the journal's folders, and an ending: an id such as ".." leads nowhere.
  const folder = path.join(storage, ".jobs", `${encodeURIComponent(account)}.day`);
  const known = limits.get(folder) ?? new DailyLimit(folder);
  limits.set(folder, known);
  return known;
}
