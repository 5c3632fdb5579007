import { longestTimer } from "./deadline";

/** Polls are dispatched at most this many times as fast as an even spread over the interval would. */
const paceOverEven = 2;
/** Few jobs need no spreading: never more than this many milliseconds between two dispatches. */
const longestGap = 100;

/**
 * Milliseconds from one round of dispatches to the next. Polls that leave together share the cost of waking up: 13
 * instead of 20 % of a core for 10,000 jobs. Rounds of 50 ms save little more and need more memory.
 */
const betweenRounds = 30;
/** Milliseconds of dispatches that a round may make up for; a little more than from round to round, for a late timer. */
const madeUp = betweenRounds + 10;

interface Waiting {
  due: number;
  order: number;
  dispatch: () => void;
  cancelled: boolean;
}

/**
 * Decides when each of the jobs waiting in one node is polled: one heap and one timer for all of them, and a
 * pace that spreads what comes together, so that ten thousand jobs are no burst.
 */
export class PollSchedule {
  readonly #heap: Waiting[] = [];
  readonly #interval: number;
  readonly #now: () => number;
  #jobs = 0;
  /** The most jobs since none was overdue: those that end with their poll are no reason to let the others wait longer. */
  #mostJobs = 0;
  #order = 0;
  #lastDispatch = Number.NEGATIVE_INFINITY;
  #lastRound = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  /**
   * @param interval milliseconds between two polls of a job.
   * @param now monotonic milliseconds.
   */
  constructor(interval: number, now: () => number) {
    this.#interval = interval;
    this.#now = now;
  }

  /** A job has come that is to be polled once an interval. */
  join(): void {
    this.#jobs += 1;
    this.#mostJobs = Math.max(this.#mostJobs, this.#jobs);
  }

  leave(): void {
    this.#jobs -= 1;
  }

  /** Resolves when a job due at `due` is dispatched; throws the signal's reason when that is aborted first. */
  wait(due: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        due,
        order: this.#order++,
        cancelled: false,
        dispatch: () => {
          signal.removeEventListener("abort", cancel);
          resolve();
        },
      };
      const cancel = () => {
        waiting.cancelled = true;
        reject(signal.reason);
      };
      signal.addEventListener("abort", cancel, { once: true });
      push(this.#heap, waiting);
      this.#arm();
    });
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#heap.length = 0;
  }

  #gap(): number {
    return Math.min(longestGap, this.#interval / (paceOverEven * Math.max(1, this.#mostJobs)));
  }

  /** The next that still waits; those given up before it are taken out. */
  #next(): Waiting | undefined {
    while (this.#heap[0]?.cancelled) pop(this.#heap);
    return this.#heap[0];
  }

  #arm(): void {
    const first = this.#next();
    if (!first) return;
    const at = Math.max(first.due, this.#lastDispatch + this.#gap(), this.#lastRound + betweenRounds);
    if (this.#timer && this.#timerAt <= at) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    const wait = Math.max(0, Math.ceil(at - this.#now()));
    // Where nothing is due yet, the next timer is set.
    this.#timer = setTimeout(() => this.#round(), Math.min(wait, longestTimer));
  }

  #round(): void {
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
    const now = this.#now();
    this.#lastRound = now;
    for (let first = this.#next(); first && first.due <= now; first = this.#next()) {
      const earliest = this.#lastDispatch + this.#gap();
      if (earliest > now) break;
      this.#lastDispatch = Math.max(earliest, now - madeUp);
      first.dispatch();
      pop(this.#heap);
    }
    if ((this.#next()?.due ?? Number.POSITIVE_INFINITY) > now) this.#mostJobs = this.#jobs;
    this.#arm();
  }
}

const before = (one: Waiting, other: Waiting) =>
  one.due < other.due || (one.due === other.due && one.order < other.order);

function push(heap: Waiting[], waiting: Waiting): void {
  let at = heap.length;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent] as Waiting;
    if (!before(waiting, above)) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = waiting;
}

function pop(heap: Waiting[]): void {
  const last = heap.pop();
  if (!last || heap.length === 0) return;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1] as Waiting, heap[child] as Waiting)) child += 1;
    if (!before(heap[child] as Waiting, last)) break;
    heap[at] = heap[child] as Waiting;
    at = child;
  }
  heap[at] = last;
}
