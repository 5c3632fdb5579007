import type { RoboflowClient } from "../client";
import { VideoError } from "../errors";
import { retries, sleep, withRetries } from "../http/retry";
import { type PollRateLimiter, pollRateLimiter } from "./rate-limiter";
import { Refusals } from "./refusals";
import type { PollingClient } from "./watch";

/**
 * Polls a job that is done for a new link to its result, by the same rules as any poll of it.
 *
 * @param hooks `takenUp`: whether it may have been polled by a process that was cut off, so that one minimum interval
 *   passes first.
 * @returns undefined when the answer has no link.
 * @throws VideoError as a poll that is answered with an error for good.
 */
export async function renewedLink(
  client: PollingClient & Pick<RoboflowClient, "jobStatus">,
  jobId: string,
  { signal, takenUp }: { signal: AbortSignal; takenUp: boolean },
  limiter: PollRateLimiter = pollRateLimiter,
): Promise<string | undefined> {
  const { baseUrl, identity: account } = client;
  const { now } = limiter;
  const first = takenUp ? now() + limiter.minimumInterval(baseUrl) : 0;
  const wait = () =>
    Math.max(limiter.allowedAt(baseUrl, jobId) ?? first, limiter.backoffUntil(account)) - now();
  const poll = async () =>
    wait() > 0
      ? undefined
      : limiter.poll({ baseUrl, account, jobId }, () => client.jobStatus(jobId, { signal }));
  const refusals = new Refusals();
  const policy = { ...retries.repeatable, again: (error: VideoError) => !refusals.endWaiting(error) };
  const { outputUrl } = await withRetries(policy, signal, async () => {
    for (;;) {
      // The account may have been told to back off for a day: nobody waits for a link that long.
      if (wait() > policy.total) throw new VideoError("RATE_LIMIT", "rateLimit", { retryAfter: wait() });
      while (wait() > 0) await sleep(wait(), signal);
      const status = await client.polls.run(poll, signal);
      if (status) return status;
    }
  });
  return outputUrl;
}
