import { isPassing, type JobStatus, jobFailure, type PollRateLimiter, VideoError } from "../../roboflow";
import type { PollSchedule } from "./schedule";

/** A job that is being waited for. */
export interface WatchedJob {
  jobId: string;
  /** Milliseconds of waiting after which it is given up; infinite for never. */
  limit: number;
  /** Whether it may have been polled by a process that was cut off, so that one floor passes first. */
  takenUp: boolean;
}

/** What the watch needs of the world. */
export interface WatchContext {
  baseUrl: string;
  /** Tells accounts apart, for the rest after a 429. */
  account: string;
  schedule: PollSchedule;
  floor: PollRateLimiter;
  /** Milliseconds between two polls. */
  interval: number;
  signal: AbortSignal;
  ask(): Promise<JobStatus>;
  /** A poll found the job not finished. */
  stillRunning(status: JobStatus): void;
  /** When the next poll is due, in milliseconds from now, and whether it follows trouble. */
  waiting(wait: number, trouble: VideoError | undefined): void;
}

/** Answers in a row that say there is no such job, before it is believed: a job just started may not show yet. */
const unknownInARow = 3;
/** Milliseconds after such an answer, unless the floor asks for more. */
const unknownWait = 1000;

/**
 * Polls a job until its status leaves 1 (docs/api.md, call 4), never sooner than the floor allows.
 *
 * Network errors and 5xx are ridden out until the limit; a 429 slows every poll of the account.
 *
 * @throws VideoError JOB_FAILED, JOB_TIMEOUT, AUTH, PLAN, NOT_FOUND, REJECTED.
 */
export async function watchJob(job: WatchedJob, context: WatchContext): Promise<JobStatus> {
  const { schedule, floor, interval, signal, baseUrl } = context;
  const { now } = floor;
  const { jobId } = job;
  const deadline = now() + job.limit;
  let unknown = 0;
  let due = floor.allowedAt(baseUrl, jobId) ?? (job.takenUp ? now() + floor.minimumInterval(baseUrl) : now());
  let trouble: VideoError | undefined;
  schedule.join();
  try {
    for (;;) {
      context.waiting(Math.max(0, due - now()), trouble);
      await schedule.turn(Math.min(due, deadline), signal);
      if (now() >= deadline) throw new VideoError("JOB_TIMEOUT", "jobTimeout", { jobId });
      // Another node may have polled this job, or the account been told to rest, since the turn was asked for.
      due = Math.max(floor.allowedAt(baseUrl, jobId) ?? 0, floor.backoffUntil(context.account));
      if (due > now()) continue;

      floor.note(baseUrl, jobId);
      const restBefore = floor.backoffUntil(context.account);
      try {
        const status = await context.ask();
        floor.clearBackoff(context.account);
        if (status.state === "failed") throw jobFailure(jobId, status);
        if (status.state === "done") return status;
        context.stillRunning(status);
        [trouble, unknown, due] = [undefined, 0, now() + interval];
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof VideoError) || error.code === "JOB_FAILED") throw error;
        trouble = error;
        due = now() + interval;
        if (error.code === "RATE_LIMIT") {
          // Of many polls that were on their way together, the first refusal counts; the others say the same.
          const isNews = error.retryAfter !== undefined || floor.backoffUntil(context.account) === restBefore;
          if (isNews) floor.backOff(context.account, baseUrl, error.retryAfter);
          due = floor.backoffUntil(context.account);
        } else if (error.code === "NOT_FOUND") {
          unknown += 1;
          if (unknown >= unknownInARow) throw error;
          due = now() + Math.min(interval, unknownWait);
        } else if (!isPassing(error) && error.code !== "SERVER") throw error;
      } finally {
        floor.note(baseUrl, jobId);
      }
      due = Math.max(due, floor.allowedAt(baseUrl, jobId) ?? 0);
    }
  } finally {
    schedule.leave();
  }
}
