import type { TestContext } from "node:test";

const { setTimeout: realTimeout, clearTimeout: realClear } = globalThis;

/** Time that passes only when a test says so. */
export interface FakeClock {
  /** Milliseconds since the test began; what `performance.now` tells meanwhile. */
  now(): number;
  /** Lets time pass: every timer fires at its own moment, and all that it sets off happens before the next. */
  pass(milliseconds: number): Promise<void>;
  /** Lets everything happen that needs no time. */
  settle(): Promise<void>;
}

interface Timer {
  at: number;
  run: () => void;
}

/**
 * Takes the place of `setTimeout`, `Date.now` and `performance.now` for one test.
 *
 * @param network real milliseconds given to what a timer sets off, for its way through a socket
 */
export function fakeClock(t: TestContext, { network = 0 } = {}): FakeClock {
  const began = Date.now();
  const timers = new Map<object, Timer>();
  let now = 0;
  t.mock.method(performance, "now", () => now);
  t.mock.method(Date, "now", () => began + now);
  t.mock.method(
    globalThis,
    "setTimeout",
    (act: (...values: unknown[]) => void, delay = 0, ...values: unknown[]) => {
      const handle = { ref: () => handle, unref: () => handle, hasRef: () => true };
      // As in Node: what is too long for a timer fires at once.
      const wait = delay > 2 ** 31 - 1 ? 1 : Math.max(0, delay);
      timers.set(handle, { at: now + wait, run: () => act(...values) });
      return handle;
    },
  );
  t.mock.method(globalThis, "clearTimeout", (handle: NodeJS.Timeout) => {
    if (!timers.delete(handle)) realClear(handle);
  });

  const settle = async () => {
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    if (network > 0) await new Promise((resolve) => realTimeout(resolve, network));
  };
  const next = () => {
    let first: [object, Timer] | undefined;
    for (const entry of timers) if (!first || entry[1].at < first[1].at) first = entry;
    return first;
  };
  return {
    now: () => now,
    settle,
    pass: async (milliseconds) => {
      const end = now + milliseconds;
      await settle();
      for (let first = next(); first && first[1].at <= end; first = next()) {
        const [handle, { at, run }] = first;
        timers.delete(handle);
        now = Math.max(now, at);
        run();
        await settle();
      }
      now = end;
    },
  };
}
