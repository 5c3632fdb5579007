import { type JobStatus, jobFailure } from "../api/job-status";
import type { RoboflowClient } from "../client";
import { VideoError } from "../errors";
import { endedAfter } from "./deadline";
import type { PollRateLimiter } from "./rate-limiter";
import { Refusals } from "./refusals";
import type { PollSchedule } from "./schedule";

/** A job that is being waited for. */
export interface WatchedJob {
  jobId: string;
  /** Milliseconds of waiting after which it is given up; infinite for never. */
  limit: number;
  /**
   * Whether it may have been polled by a process that was cut off. Then one minimum interval passes first, and it is
   * polled however little is left of the limit: it may have ended long ago.
   */
  takenUp: boolean;
}

/** What of an account's client decides when it may poll: its server, whose it is, and its polls in flight. */
export type PollingClient = Pick<RoboflowClient, "baseUrl" | "identity" | "polls">;

/** What a watch works with, and whom it tells. */
export interface WatchContext {
  client: PollingClient;
  schedule: PollSchedule;
  limiter: PollRateLimiter;
  /** Milliseconds between two polls. */
  interval: number;
  signal: AbortSignal;
  ask(signal: AbortSignal): Promise<JobStatus>;
  /** A poll found the job not finished. */
  stillRunning(status: JobStatus): void;
  /** When the next poll is due, in milliseconds from now, and whether it follows trouble. */
  waiting(wait: number, trouble: VideoError | undefined): void;
}

/** Polls of a job taken up that may fail before its limit counts: after a restart the network takes its time to come up. */
const pollsBeforeLimit = 3;

/** Milliseconds after an answer that says there is no such job, unless the minimum interval asks for more. */
const unknownWait = 1000;

/**
 * Polls a job until its status leaves 1 (docs/api.md, call 4), never sooner than the rate limiter allows.
 *
 * Network errors and 5xx are waited out until the limit; a 429 slows every poll of the account. What the API itself
 * refuses ends the waiting at once, what others refuse (a firewall, a gateway) after three times in a row.
 *
 * @throws VideoError JOB_FAILED, JOB_TIMEOUT, AUTH, PLAN, NOT_FOUND, REJECTED.
 */
export async function watchJob(job: WatchedJob, context: WatchContext): Promise<JobStatus> {
  const { client, schedule, limiter, interval, signal } = context;
  const { baseUrl, identity: account } = client;
  const { now } = limiter;
  const { jobId } = job;
  const limitAt = now() + job.limit;
  let pollsLeft = job.takenUp ? pollsBeforeLimit : 0;
  const deadline = () => (pollsLeft > 0 ? Number.POSITIVE_INFINITY : limitAt);
  const timedOut = () => new VideoError("JOB_TIMEOUT", "jobTimeout", { jobId });
  const refusals = new Refusals();
  let due =
    limiter.allowedAt(baseUrl, jobId) ?? (job.takenUp ? now() + limiter.minimumInterval(baseUrl) : now());
  let trouble: VideoError | undefined;

  /** Polls, unless it is too early by then: another node may have polled this job, or the account been told to back off. */
  const poll = async (ending: AbortSignal): Promise<JobStatus | undefined> => {
    due = Math.max(limiter.allowedAt(baseUrl, jobId) ?? 0, limiter.backoffUntil(account));
    return due > now() ? undefined : limiter.poll({ baseUrl, account, jobId }, () => context.ask(ending));
  };
  schedule.join();
  try {
    for (;;) {
      context.waiting(Math.max(0, due - now()), trouble);
      await schedule.wait(Math.min(due, deadline()), signal);
      if (now() >= deadline()) throw timedOut();
      try {
        // However long the server takes, the limit holds.
        const status = await endedAfter(deadline() - now(), timedOut, signal, (ending) =>
          client.polls.run(() => poll(ending), ending),
        );
        if (!status) continue;
        if (status.state === "failed") throw jobFailure(jobId, status);
        if (status.state === "done") return status;
        context.stillRunning(status);
        refusals.reset();
        trouble = undefined;
        pollsLeft = 0;
        due = now() + interval;
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof VideoError) || refusals.endWaiting(error)) throw error;
        trouble = error;
        pollsLeft -= 1;
        due = now() + (error.code === "NOT_FOUND" ? Math.min(interval, unknownWait) : interval);
        if (error.code === "RATE_LIMIT") due = limiter.backoffUntil(account);
      }
      due = Math.max(due, limiter.allowedAt(baseUrl, jobId) ?? 0);
    }
  } finally {
    schedule.leave();
  }
}
