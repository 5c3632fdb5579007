/** Milliseconds that a timer can hold; a longer one would fire at once. */
export const longestTimer = 2 ** 31 - 1;

/**
 * Runs work under a signal that is aborted with another one, or after so many milliseconds.
 *
 * @param ms infinite for no such end.
 * @param reason makes what the signal is aborted with by then.
 */
export async function endedAfter<T>(
  ms: number,
  reason: () => Error,
  signal: AbortSignal,
  work: (ending: AbortSignal) => Promise<T>,
): Promise<T> {
  if (ms === Number.POSITIVE_INFINITY) return work(signal);
  const controller = new AbortController();
  const abort = () => controller.abort(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  const timer = setTimeout(() => controller.abort(reason()), Math.min(ms, longestTimer));
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}
