import { numberSetting } from "../runtime/settings";
import type { TypedValue } from "../runtime/typed-input";
import { type PollOptions, pollDefaults } from "./options";

/** What a poll node works with. */
export interface PollSettings {
  account: string;
  jobId: TypedValue;
  /** Milliseconds from one answer to the next poll. */
  intervalMs: number;
  /** Milliseconds of waiting after which a job ends in JOB_TIMEOUT; infinite for never. */
  timeoutMs: number;
}

/** A shorter interval would only wait for the minimum interval between two polls. */
const shortestIntervalMs = 100;
const hourMs = 3_600_000;

/** @throws VideoError CONFIG */
export function readSettings(options: PollOptions): PollSettings {
  const seconds = numberSetting(options.interval, pollDefaults.interval, {
    reason: "interval",
    min: Number.MIN_VALUE,
  });
  const hours = numberSetting(options.timeout, pollDefaults.timeout, { reason: "timeout", min: 0 });
  return {
    account: options.account,
    jobId: { value: options.jobId, type: options.jobIdType },
    intervalMs: Math.max(shortestIntervalMs, 1000 * seconds),
    timeoutMs: hours > 0 ? hours * hourMs : Number.POSITIVE_INFINITY,
  };
}
