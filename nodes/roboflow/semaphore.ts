/** Lets a number of tasks run at a time; others are queued, first come, first served. */
export class Semaphore {
  #running = 0;
  readonly #queue = new Set<() => void>();

  /** @param limit tasks at a time; 0 = no limit. */
  constructor(private readonly limit: number) {}

  /** Whether the next task would be queued. */
  get full(): boolean {
    return this.limit > 0 && this.#running >= this.limit;
  }

  /** Runs a task as soon as there are few enough; throws the signal's reason when that is aborted before. */
  async run<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    if (this.full) await this.#wait(signal);
    else this.#running += 1;
    try {
      return await task();
    } finally {
      const [next] = this.#queue;
      if (next) next();
      else this.#running -= 1;
    }
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const proceed = () => {
        this.#queue.delete(proceed);
        signal.removeEventListener("abort", leave);
        resolve();
      };
      const leave = () => {
        this.#queue.delete(proceed);
        reject(signal.reason);
      };
      this.#queue.add(proceed);
      signal.addEventListener("abort", leave, { once: true });
    });
  }
}
