import { readFileSync } from "node:fs";

/** The longest time in which the event loop of this process had no turn, in milliseconds. */
export interface LoopDelay {
  /** By the clock: what else runs on the machine counts as well. */
  byClock: number;
  /** At work: the loop's own thread had a processor. */
  atWork: number;
  /** Blocked: it had none and wanted none, as in a call that waits for a file or for another thread. */
  blocked: number;
}

/** Milliseconds between two looks. */
const tick = 5;

/** Milliseconds for which the main thread of this process has had a processor, and has waited for its turn on one. */
function threadTimes(): { worked: number; queued: number } {
  try {
    const [worked = 0, queued = 0] = readFileSync("/proc/self/schedstat", "utf8").split(" ").map(Number);
    return { worked: worked / 1e6, queued: queued / 1e6 };
  } catch {
    // Only Linux says it of a thread.
    return { worked: process.cpuUsage().user / 1000, queued: 0 };
  }
}

/** Watches the event loop of the main thread. @returns what ends that, and says how long it was held up at the longest */
export function watchLoop(): () => LoopDelay {
  const longest: LoopDelay = { byClock: 0, atWork: 0, blocked: 0 };
  let lookedAt = performance.now();
  let before = threadTimes();
  const look = () => {
    const now = performance.now();
    const after = threadTimes();
    const gap = now - lookedAt - tick;
    const worked = Math.min(gap, after.worked - before.worked);
    longest.byClock = Math.max(longest.byClock, gap);
    longest.atWork = Math.max(longest.atWork, worked);
    longest.blocked = Math.max(longest.blocked, gap - worked - (after.queued - before.queued));
    lookedAt = now;
    before = after;
  };
  const timer = setInterval(look, tick);
  return () => {
    look();
    clearInterval(timer);
    return longest;
  };
}
