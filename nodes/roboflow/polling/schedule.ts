/** Dispatches go at most this many times as fast as an even spread over the interval would. */
const paceOverEven = 2;
/** With few jobs there is no crowd to spread: never more than this many milliseconds between two dispatches. */
const longestGap = 100;

/**
 * Milliseconds from one round of dispatches to the next. Polls that leave together share the cost of waking up: 13
 * instead of 20 % of a core for 10,000 jobs. Rounds of 50 ms save little more and need more memory.
 */
const betweenRounds = 30;
/** Milliseconds of which a round may still give the turns; a little more than from round to round, for a late timer. */
const owed = betweenRounds + 10;

/** Milliseconds that a timer can hold; a longer one would fire at once. */
const longestTimer = 2 ** 31 - 1;

interface Turn {
  due: number;
  order: number;
  give: () => void;
  cancelled: boolean;
}

/**
 * Decides when each of the jobs waiting in one node is polled: one heap and one timer for all of them, and a
 * pace that spreads what comes together, so that ten thousand jobs are no burst.
 */
export class PollSchedule {
  readonly #heap: Turn[] = [];
  readonly #interval: number;
  readonly #now: () => number;
  #jobs = 0;
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
  }

  leave(): void {
    this.#jobs -= 1;
  }

  /** Resolves when a job due at `due` has its turn; throws the signal's reason when that is aborted first. */
  turn(due: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const turn: Turn = {
        due,
        order: this.#order++,
        cancelled: false,
        give: () => {
          signal.removeEventListener("abort", cancel);
          resolve();
        },
      };
      const cancel = () => {
        turn.cancelled = true;
        reject(signal.reason);
      };
      signal.addEventListener("abort", cancel, { once: true });
      push(this.#heap, turn);
      this.#arm();
    });
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#heap.length = 0;
  }

  #gap(): number {
    return Math.min(longestGap, this.#interval / (paceOverEven * Math.max(1, this.#jobs)));
  }

  #arm(): void {
    let [first] = this.#heap;
    while (first?.cancelled) {
      pop(this.#heap);
      [first] = this.#heap;
    }
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
    for (let [first] = this.#heap; first && first.due <= now; [first] = this.#heap) {
      if (!first.cancelled) {
        const earliest = this.#lastDispatch + this.#gap();
        if (earliest > now) break;
        this.#lastDispatch = Math.max(earliest, now - owed);
        first.give();
      }
      pop(this.#heap);
    }
    this.#arm();
  }
}

const before = (one: Turn, other: Turn) =>
  one.due < other.due || (one.due === other.due && one.order < other.order);

function push(heap: Turn[], turn: Turn): void {
  let at = heap.length;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent] as Turn;
    if (!before(turn, above)) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = turn;
}

function pop(heap: Turn[]): void {
  const last = heap.pop();
  if (!last || heap.length === 0) return;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1] as Turn, heap[child] as Turn)) child += 1;
    if (!before(heap[child] as Turn, last)) break;
    heap[at] = heap[child] as Turn;
    at = child;
  }
  heap[at] = last;
}
