import { VideoError } from "../errors";
import { ConnectionError } from "./connection-error";

/** How often and how long something is tried again. */
export interface RetryPolicy {
  /** Attempts in all. */
  tries: number;
  /** Milliseconds from the first failure after which no further attempt begins: a long transfer does not count. */
  total: number;
  /** Milliseconds before the second attempt; doubles from there. */
  first: number;
  /** Longest wait in milliseconds, unless the server names a longer one with Retry-After. */
  longest: number;
  /** Whether a failure is worth another attempt. */
  again: (error: VideoError) => boolean;
}

const passing = new Set([408, 425, 429]);
const isPassingStatus = (status: number | undefined) =>
  status !== undefined && (passing.has(status) || status >= 500);

/** Failures that may pass when nothing is lost by asking again: network, 408, 425, 429 (not about the plan), 5xx. */
export const isPassing = (error: VideoError) =>
  error instanceof ConnectionError || (error.code !== "PLAN" && isPassingStatus(error.statusCode));

/**
 * Failures after which the server cannot have taken a request: no connection stood, or the API itself said 429. A
 * gateway that answers 429 of its own says when to come again (`Retry-After`); what does not may stand for anything.
 */
export const wasNotAccepted = (error: VideoError): boolean =>
  error instanceof ConnectionError
    ? error.neverConnected
    : error.code === "RATE_LIMIT" && (error.fromApi || error.retryAfter !== undefined);

const isVideoPassing = ({ reason }: VideoError) => reason === "videoChanged" || reason === "tooManyOpenFiles";

/** The policies, by kind of request. */
export const retries = {
  /** Signed URL, result, and the upload: free to repeat. */
  repeatable: { tries: 5, total: 300_000, first: 1000, longest: 30_000, again: isPassing },
  /** A video that changes while it is sent, or cannot be opened while too many files are: looked at and sent again. */
  video: { tries: 4, total: Number.POSITIVE_INFINITY, first: 1000, longest: 10_000, again: isVideoPassing },
  /** Starting a job costs money: only what certainly was not accepted. */
  start: { tries: 5, total: 300_000, first: 1000, longest: 30_000, again: wasNotAccepted },
  /** Key test and list of models: a person is waiting in front of a dialog. */
  dialog: { tries: 3, total: 10_000, first: 500, longest: 2000, again: isPassing },
} satisfies Record<string, RetryPolicy>;

/**
 * Runs `attempt` until it succeeds or the policy says to stop; then throws its last error. Once the signal is aborted
 * no attempt begins, not even the first.
 *
 * @param pause called before each wait, with the error and the milliseconds to wait.
 */
export async function withRetries<T>(
  policy: RetryPolicy,
  signal: AbortSignal,
  attempt: () => Promise<T>,
  pause: (error: VideoError, wait: number) => void = () => {},
): Promise<T> {
  let firstFailure: number | undefined;
  for (let tried = 1; ; tried += 1) {
    signal.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof VideoError) || tried >= policy.tries || !policy.again(error)) throw error;
      const wait = Math.max(backoff(policy, tried), error.retryAfter ?? 0);
      firstFailure ??= performance.now();
      if (performance.now() - firstFailure + wait > policy.total) throw error;
      pause(error, wait);
      await sleep(wait, signal);
    }
  }
}

/** Exponential backoff with jitter, in milliseconds: between half and the whole of the doubled wait. */
export function backoff({ first, longest }: Pick<RetryPolicy, "first" | "longest">, tried: number): number {
  const whole = Math.min(longest, first * 2 ** (tried - 1));
  return whole * (0.5 + Math.random() / 2);
}

/** Waits `ms` milliseconds; throws the signal's reason as soon as it is aborted. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal.addEventListener("abort", abort, { once: true });
  });
}
