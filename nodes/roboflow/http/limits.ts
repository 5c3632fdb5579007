/** Time limits, in milliseconds. Together they bound every request, whatever its server does. */
export interface Timings {
  /** From a request until the head of its answer. A request with a long body has `idle` instead. */
  silence: number;
  /** From the head of an answer that is read as text until its end. */
  text: number;
  /** The time in which a transfer, either way, moves at least `minimumRate` bytes a second on average. */
  idle: number;
}

export const defaultTimings: Timings = { silence: 30_000, text: 60_000, idle: 60_000 };

/** Bytes a second. Slower than any line that is worth waiting for, and faster than a server that only keeps a connection open. */
const minimumRate = 256;

/** How often a transfer is looked at within the time it has. */
const looks = 4;

/** Starts to watch over something, and calls `exceeded` at most once. @returns what ends the watching */
export type Limit = (exceeded: () => void) => () => void;

/** A time limit for the whole, in milliseconds. */
export const within =
  (ms: number): Limit =>
  (exceeded) => {
    const timer = setTimeout(exceeded, ms);
    return () => clearTimeout(timer);
  };

/**
 * A minimum rate of a transfer, on average over some milliseconds.
 *
 * @param moved bytes so far; not a number while it is not the other side's fault that nothing moves. Fewer than before
 *   mean that they were counted too early: the time begins anew.
 */
export const minimumRateOver =
  (ms: number, moved: () => number): Limit =>
  (exceeded) => {
    let seen = [moved()];
    const look = () => {
      const now = moved();
      const goesOn = now >= (seen.at(-1) ?? 0);
      seen = goesOn ? [...seen, now] : [now].filter(Number.isFinite);
      const isWhole = seen.length > looks;
      if (isWhole && now - (seen.shift() as number) < (minimumRate * ms) / 1000) return exceeded();
      timer = setTimeout(look, ms / looks);
    };
    let timer = setTimeout(look, ms / looks);
    return () => clearTimeout(timer);
  };
