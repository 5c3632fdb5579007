import { setImmediate as nextTurn } from "node:timers/promises";

/** Resolves in the next turn of the event loop: timers, sockets and other nodes' messages come first. */
export { nextTurn };

/** Milliseconds of work after which the rest of the process gets its turn. */
const longestStretch = 4;

/** Long work in short stretches, so that it never freezes the flows. */
export class EventLoopYield {
  #since = performance.now();

  /** Whether the work has gone on for long enough to yield. */
  get isDue(): boolean {
    return performance.now() - this.#since >= longestStretch;
  }

  async yieldIfDue(): Promise<void> {
    if (this.isDue) await this.yield();
  }

  async yield(): Promise<void> {
    await nextTurn();
    this.#since = performance.now();
  }
}
