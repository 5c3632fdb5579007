/** Lets a number of tasks go on at a time; the rest wait their turn, first come, first served. */
export class Semaphore {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /** @param limit tasks at a time; 0 = no limit. */
  constructor(private readonly limit: number) {}

  /** Whether the next task would have to wait. */
  get full(): boolean {
    return this.limit > 0 && this.#running >= this.limit;
  }

  /** Runs a task when its turn comes; throws the signal's reason when that is aborted while it waits. */
  async run<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    if (this.full) await this.#wait(signal);
    else this.#running += 1;
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running -= 1;
    }
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const proceed = () => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(proceed), 1);
        reject(signal.reason);
      };
      this.#waiting.push(proceed);
      signal.addEventListener("abort", leave, { once: true });
    });
  }
}
