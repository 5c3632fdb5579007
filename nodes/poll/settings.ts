import { pollRateLimiter } from "../roboflow";
import { PollSchedule } from "../roboflow/polling/schedule";
import { numberSetting, type TypedValue } from "../runtime/values";
import { type PollOptions, pollDefaults } from "./options";

/** What a poll node works with. */
export interface PollSettings {
  account: string;
  jobId: TypedValue;
  /** Milliseconds from one answer to the next poll. */
  interval: number;
  /** Milliseconds of waiting after which a job ends in JOB_TIMEOUT; infinite for never. */
  limit: number;
  /** When each of the jobs is polled. */
  schedule: PollSchedule;
}

/** Milliseconds: a shorter interval would only wait for the minimum interval between two polls. */
const shortestInterval = 100;
const hour = 3_600_000;

/** @throws VideoError CONFIG */
export function readSettings(saved: PollOptions): PollSettings {
  const seconds = numberSetting(saved.interval, pollDefaults.interval, {
    reason: "interval",
    min: Number.MIN_VALUE,
  });
  const hours = numberSetting(saved.timeout, pollDefaults.timeout, { reason: "timeout", min: 0 });
  const interval = Math.max(shortestInterval, 1000 * seconds);
  return {
    account: saved.account,
    jobId: { value: saved.jobId, type: saved.jobIdType },
    interval,
    limit: hours > 0 ? hours * hour : Number.POSITIVE_INFINITY,
    schedule: new PollSchedule(interval, pollRateLimiter.now),
  };
}
