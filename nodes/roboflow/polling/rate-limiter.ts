import { isRoboflow } from "../http/urls";

/** Milliseconds between two polls of one job: Roboflow asks for at most one a minute (docs/api.md, call 4). */
const floorOfRoboflow = 60_000;
const floorElsewhere = 100;
/** After a 429 that names no time: the first rest, doubled with each further one. */
const firstRest = 1000;
const longestRest = 600_000;
/** Longer than a server means, and shorter than what a timer can hold. */
const longestAsked = 24 * 3_600_000;

/**
 * When a job may be polled next. Kept outside the nodes, for the whole process, since the server counts polls
 * of a job whichever node they come from and however often flows are deployed.
 */
export class PollRateLimiter {
  /** Monotonic time of the last poll, by server and job, oldest first. */
  readonly #last = new Map<string, number>();
  /** Until when an account is to be left alone after a 429, and how many came in a row. */
  readonly #rests = new Map<string, { until: number; row: number }>();

  /** @param now monotonic milliseconds. */
  constructor(readonly now: () => number = () => performance.now()) {}

  /** Milliseconds between two polls of a job at this server. */
  minimumInterval(baseUrl: string): number {
    return isRoboflow(baseUrl) ? floorOfRoboflow : floorElsewhere;
  }

  /** The earliest time at which this job may be polled; `undefined` if it was not polled lately. */
  allowedAt(baseUrl: string, jobId: string): number | undefined {
    const last = this.#last.get(`${baseUrl} ${jobId}`);
    return last === undefined ? undefined : last + this.minimumInterval(baseUrl);
  }

  /** Notes a poll: once when it is sent and once when it is answered, since its way to the server takes time. */
  note(baseUrl: string, jobId: string): void {
    const key = `${baseUrl} ${jobId}`;
    const now = this.now();
    this.#last.delete(key);
    this.#last.set(key, now);
    for (const [oldest, last] of this.#last) {
      if (now - last <= floorOfRoboflow) break;
      this.#last.delete(oldest);
    }
  }

  /** Until when no job of this account is to be polled. */
  backoffUntil(account: string): number {
    return this.#rests.get(account)?.until ?? 0;
  }

  /** A 429: every poll of the account rests for as long as the server asks, or longer each time. */
  backOff(account: string, baseUrl: string, retryAfter: number | undefined): void {
    const { row = 0, until = 0 } = this.#rests.get(account) ?? {};
    const ownRest = Math.min(longestRest, Math.max(firstRest, this.minimumInterval(baseUrl)) * 2 ** row);
    const rest = Math.min(longestAsked, retryAfter ?? ownRest);
    this.#rests.set(account, { until: Math.max(until, this.now() + rest), row: row + 1 });
  }

  /** An answer other than 429. */
  clearBackoff(account: string): void {
    if (this.#rests.size > 0 && this.backoffUntil(account) <= this.now()) this.#rests.delete(account);
  }
}

/** The one of this process. */
export const pollRateLimiter = new PollRateLimiter();
