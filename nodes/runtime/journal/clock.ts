import { readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { replaceFile } from "../replace-file";

/** Milliseconds from one note of the time to the next; a memory card takes one small write of these without wear. */
export const notedEvery = 600_000;

/**
 * Counts the milliseconds in which Node-RED ran, over restarts. The wall clock of a computer without a clock battery
 * starts in the past and jumps when the network comes: what has a lifetime is measured by this clock instead.
 *
 * What a process did not note before it was killed, and the time until the next one, count by the wall clock, up to
 * {@link notedEvery}: so no jump makes anything old, and a process that is killed every few minutes does not stop time.
 */
export class JournalClock {
  readonly #file: string;
  readonly #base: number;
  readonly #began = performance.now();
  #isNoted: boolean;

  constructor(folder: string) {
    // No folder of a node begins with a dot.
    this.#file = path.join(folder, ".clock.json");
    const noted = readNote(this.#file);
    this.#isNoted = noted !== undefined;
    this.#base =
      noted === undefined ? 0 : noted.running + Math.min(notedEvery, Math.max(0, Date.now() - noted.at));
  }

  now(): number {
    return this.#base + performance.now() - this.#began;
  }

  note(): void {
    this.#isNoted = true;
    try {
      const note = { running: Math.round(this.now()), at: new Date().toISOString() };
      replaceFile(this.#file, JSON.stringify(note));
    } catch {
      // Where the disk refuses, the next process counts from an older note.
    }
  }

  /** There is nothing left that could grow old. */
  forget(): void {
    if (!this.#isNoted) return;
    this.#isNoted = false;
    try {
      rmSync(this.#file, { force: true });
    } catch {
      // As above.
    }
  }
}

function readNote(file: string): { running: number; at: number } | undefined {
  try {
    const { running, at } = JSON.parse(readFileSync(file, "utf8"));
    const note = { running, at: Date.parse(at) };
    return Number.isFinite(running) && running >= 0 && !Number.isNaN(note.at) ? note : undefined;
  } catch {
    return undefined;
  }
}
