import type { JournalEntry } from "./entry";
import { times } from "./times";

/** Milliseconds of removing entries after which other work goes first. */
const longestSlice = 5;

/**
 * The entries whose outcome has been sent, until enough time has passed while flows run. Time is counted in steps of
 * the event loop: what was sent has not gone any further while the loop was blocked or the computer asleep.
 */
export class Linger {
  /** By entry, the step at which its time is over. */
  readonly #entries = new Map<JournalEntry, number>();
  readonly #over: (entry: JournalEntry) => void;
  readonly #isTakingIn: () => boolean;
  #isHeld: (entry: JournalEntry) => boolean = () => false;
  #step = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  /**
   * @param over called with each entry whose time is over.
   * @param isTakingIn whether messages wait to be accepted, those perhaps whose senders' entries are here: meanwhile no
   *   time passes.
   */
  constructor(over: (entry: JournalEntry) => void, isTakingIn: () => boolean) {
    this.#over = over;
    this.#isTakingIn = isTakingIn;
  }

  /** @param duration milliseconds. */
  add(entry: JournalEntry, duration: number): void {
    // The step under way has begun earlier.
    this.#entries.set(entry, this.#step + Math.ceil(duration / times.lingerStep) + 1);
    this.#run();
  }

  has(entry: JournalEntry): boolean {
    return this.#entries.has(entry);
  }

  delete(entry: JournalEntry): void {
    this.#entries.delete(entry);
    if (this.#entries.size === 0) this.#pause();
  }

  entries(): JournalEntry[] {
    return [...this.#entries.keys()];
  }

  /** No entry's time passes any more. */
  stop(): void {
    this.#stopped = true;
    this.#pause();
  }

  /** Time passes again, for all entries but those that are held. */
  start(isHeld: (entry: JournalEntry) => boolean = () => false): void {
    this.#stopped = false;
    this.#isHeld = isHeld;
    this.#run();
  }

  #run(): void {
    if (this.#stopped || this.#entries.size === 0) return;
    this.#timer ??= setInterval(() => {
      if (this.#isTakingIn()) return;
      this.#step += 1;
      this.#endThoseOver();
    }, times.lingerStep).unref();
  }

  #pause(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #endThoseOver(): void {
    const sliceEnd = performance.now() + longestSlice;
    for (const [entry, end] of this.#entries) {
      if (this.#stopped) return;
      if (end > this.#step || this.#isHeld(entry)) continue;
      this.delete(entry);
      this.#over(entry);
      if (performance.now() > sliceEnd) return void setImmediate(() => this.#endThoseOver());
    }
  }
}
