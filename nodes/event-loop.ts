import { setImmediate as nextTurn } from "node:timers/promises";

/** Resolves in the next turn of the event loop: timers, sockets and other nodes' messages come first. */
export { nextTurn };

/** Milliseconds of work after which the rest of the process gets its turn. */
const longestStretch = 4;

/** Tasks that are done at once in one turn: what they set going, for which nobody waits, takes its time as well. */
const mostAtOnce = 16;

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

/**
 * Small tasks of the whole process, done in the order they come and in one share of each turn of the event loop. A task
 * that comes alone is done at once; when thousands come together, everything else has its turn in between.
 */
export class TurnQueue {
  #tasks: (() => void)[] = [];
  /** Those that are being done, and which of them comes next. */
  #batch: (() => void)[] = [];
  #next = 0;
  #isWorking = false;
  #isDraining = false;
  /** When the first task of this turn began. */
  #turnBegan: number | undefined;
  #doneAtOnce = 0;

  /** Whether tasks wait for a later turn. */
  get isWaiting(): boolean {
    return this.#isDraining;
  }

  /** @param task must not throw. One that is added from within another is a part of that one, and done at once. */
  add(task: () => void): void {
    if (this.#isWorking || !(this.#isDraining || this.#isTurnOver())) {
      this.#work(task);
      return;
    }
    this.#tasks.push(task);
    if (!this.#isDraining) void this.#drain();
  }

  /** Resolves when all tasks that have been added so far are done. */
  caughtUp(): Promise<void> {
    return new Promise((resolve) => this.add(resolve));
  }

  /** Does all tasks now, for a process that ends. */
  flush(): void {
    for (let task = this.#take(); task; task = this.#take()) this.#work(task);
  }

  async #drain(): Promise<void> {
    this.#isDraining = true;
    await nextTurn();
    const eventLoop = new EventLoopYield();
    for (let task = this.#take(); task; task = this.#take()) {
      this.#work(task);
      // What a task has set going counts as well.
      await undefined;
      await eventLoop.yieldIfDue();
    }
    this.#isDraining = false;
  }

  #take(): (() => void) | undefined {
    if (this.#next >= this.#batch.length) {
      this.#batch = this.#tasks;
      this.#tasks = [];
      this.#next = 0;
    }
    const task = this.#batch[this.#next];
    this.#next += 1;
    return task;
  }

  #work(task: () => void): void {
    const isPart = this.#isWorking;
    this.#isWorking = true;
    try {
      task();
    } finally {
      this.#isWorking = isPart;
    }
  }

  #isTurnOver(): boolean {
    const now = performance.now();
    if (this.#turnBegan === undefined) {
      this.#turnBegan = now;
      this.#doneAtOnce = 0;
      setImmediate(() => {
        this.#turnBegan = undefined;
      });
    }
    this.#doneAtOnce += 1;
    return this.#doneAtOnce > mostAtOnce || now - this.#turnBegan >= longestStretch;
  }
}
