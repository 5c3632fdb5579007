import { VideoError } from "../errors";
import { isRoboflow } from "../http/urls";

/** Milliseconds between two polls of one job: Roboflow asks for at most one a minute (docs/api.md, call 4). */
const intervalAtRoboflow = 60_000;
const intervalElsewhere = 100;
/** After a 429 that names no time: the first wait, doubled with each further one. */
const firstBackoff = 1000;
const longestBackoff = 600_000;
/** Longer than a server means, and shorter than what a timer can hold. */
const longestRetryAfter = 24 * 3_600_000;

/** A job, and who polls it. */
export interface PollTarget {
  baseUrl: string;
  /** Tells accounts apart, for the wait after a 429. */
  account: string;
  jobId: string;
}

/** What an account was told by a 429. */
interface Backoff {
  /** Until when no job of the account is to be polled. */
  until: number;
  /** When the last 429 came: polls that were on their way then say nothing new. */
  since: number;
  /** How many came in a row. */
  row: number;
}

/**
 * When a job may be polled next. Kept outside the nodes, for the whole process, since the server counts polls
 * of a job whichever node they come from and however often flows are deployed.
 */
export class PollRateLimiter {
  /** Monotonic time of the last poll, by server and job, oldest first. */
  readonly #last = new Map<string, number>();
  readonly #backoffs = new Map<string, Backoff>();

  /** @param now monotonic milliseconds. */
  constructor(readonly now: () => number = () => performance.now()) {}

  /** Milliseconds between two polls of a job at this server. */
  minimumInterval(baseUrl: string): number {
    return isRoboflow(baseUrl) ? intervalAtRoboflow : intervalElsewhere;
  }

  /** The earliest time at which this job may be polled; `undefined` if it was not polled lately. */
  allowedAt(baseUrl: string, jobId: string): number | undefined {
    const last = this.#last.get(`${baseUrl} ${jobId}`);
    return last === undefined ? undefined : last + this.minimumInterval(baseUrl);
  }

  /** Makes a poll, and notes it and what its answer says of the pace. */
  async poll<T>({ baseUrl, account, jobId }: PollTarget, ask: () => Promise<T>): Promise<T> {
    const sentAt = this.now();
    this.note(baseUrl, jobId);
    try {
      const answer = await ask();
      if (sentAt >= this.backoffUntil(account)) this.clearBackoff(account);
      return answer;
    } catch (error) {
      if (error instanceof VideoError && error.code === "RATE_LIMIT")
        this.backOff(account, baseUrl, error.retryAfter, sentAt);
      throw error;
    } finally {
      // Once more with the answer: the way to the server takes time.
      this.note(baseUrl, jobId);
    }
  }

  note(baseUrl: string, jobId: string): void {
    const key = `${baseUrl} ${jobId}`;
    const now = this.now();
    this.#last.delete(key);
    this.#last.set(key, now);
    for (const [oldest, last] of this.#last) {
      if (now - last <= intervalAtRoboflow) break;
      this.#last.delete(oldest);
    }
  }

  /** Until when no job of this account is to be polled. */
  backoffUntil(account: string): number {
    return this.#backoffs.get(account)?.until ?? 0;
  }

  /**
   * A 429: no poll of the account for as long as the server asks, or longer each time.
   *
   * @param sentAt when the poll was sent. Of several that were on their way together only the first counts.
   */
  backOff(
    account: string,
    baseUrl: string,
    retryAfter: number | undefined,
    sentAt = Number.POSITIVE_INFINITY,
  ): void {
    const now = this.now();
    const before = this.#backoffs.get(account);
    const isSame = before !== undefined && sentAt <= before.since;
    if (isSame && retryAfter === undefined) return;
    const { row = 0, until = 0 } = before ?? {};
    const own = Math.min(longestBackoff, Math.max(firstBackoff, this.minimumInterval(baseUrl)) * 2 ** row);
    const wait = Math.min(longestRetryAfter, retryAfter ?? own);
    this.#backoffs.set(account, {
      until: Math.max(until, now + wait),
      since: now,
      row: isSame ? row : row + 1,
    });
  }

  /** An answer other than 429. */
  clearBackoff(account: string): void {
    this.#backoffs.delete(account);
  }
}

/** The one of this process. */
export const pollRateLimiter = new PollRateLimiter();
