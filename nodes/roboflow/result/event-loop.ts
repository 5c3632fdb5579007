import { setImmediate as nextTurn } from "node:timers/promises";

/** Longest stretch of work without a turn for the rest of the process, in milliseconds. */
const STRETCH = 4;

/** Gives the event loop a turn when the work at hand has gone on for long enough. */
export class EventLoopYield {
  #since = performance.now();

  async yieldIfDue(): Promise<void> {
    if (performance.now() - this.#since < STRETCH) return;
    await nextTurn();
    this.#since = performance.now();
  }
}
