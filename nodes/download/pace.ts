import { nextTurn } from "../event-loop";

/**
 * How fast messages are sent. Node-RED has no back-pressure: what is sent to a node that is busy waits in memory in
 * front of it. Core's switch node, for one, takes one message in each turn of the event loop. It keeps up with a sender
 * that gives it as many turns as it sends messages; twice as many leave some for a node that takes two. A turn costs a
 * microsecond of processor time (measured, with 5,000 timers pending as well), a frame some twenty.
 */
export class Pace {
  #sent = 0;
  #began = 0;
  #pause: Promise<void> | undefined;

  /** @param limits messages and milliseconds of sending after which others have their turns. */
  constructor(private readonly limits = { messages: 16, milliseconds: 4, turnsPerMessage: 2 }) {}

  /** To be waited for before each message. Resolves at once but for the pauses. @returns whether there was one */
  async next(): Promise<boolean> {
    let paused = false;
    while (this.#isOver()) {
      this.#pause ??= this.#giveTurns();
      await this.#pause;
      paused = true;
    }
    if (this.#sent === 0) this.#began = performance.now();
    this.#sent += 1;
    return paused;
  }

  #isOver(): boolean {
    const { messages, milliseconds } = this.limits;
    return this.#sent >= messages || (this.#sent > 0 && performance.now() - this.#began >= milliseconds);
  }

  async #giveTurns(): Promise<void> {
    for (let turn = this.#sent * this.limits.turnsPerMessage; turn > 0; turn -= 1) await nextTurn();
    this.#sent = 0;
    this.#pause = undefined;
  }
}
