import {
  getResult,
  type Incoming,
  type Network,
  pollRateLimiter,
  type RoboflowClient,
  retries,
  sleep,
  VideoError,
  withRetries,
} from "../roboflow";
import type { AccountNode } from "../runtime/accounts";
import type { Task } from "../runtime/runner/step";

/** Where a result comes from, and who may be asked for a new link to it. */
export interface ResultSource {
  url: string;
  /** The account's network, or a plain one where the node has no account. */
  network: Network;
  account?: AccountNode;
}

/** Answers of the storage that an expired link gets. */
const expired = new Set([400, 401, 403, 404, 410]);

/**
 * Fetches a result; when its link has expired, the job is polled once for a new one, if the account is set.
 *
 * @param take reads the bytes; called once for every try.
 */
export async function fetchResult<T>(
  { url, network, account }: ResultSource,
  task: Task,
  take: (incoming: Incoming) => Promise<T>,
): Promise<T> {
  const hooks = { signal: task.signal, pause: () => task.working("retrying", {}, { trouble: true }) };
  try {
    return await getResult(network, url, hooks, take);
  } catch (error) {
    const { jobId } = task.msg.roboflow;
    const isExpired = error instanceof VideoError && expired.has(error.statusCode ?? 0);
    if (!isExpired || !account || !jobId) throw error;
    const fresh = await renewedLink(account.client(), jobId, task);
    if (!fresh) throw error;
    task.msg.roboflow.outputUrl = fresh;
    return getResult(network, fresh, hooks, take);
  }
}

/** Asks for a job's link, never sooner than the floor between two polls of that job allows. */
async function renewedLink(client: RoboflowClient, jobId: string, task: Task): Promise<string | undefined> {
  const { signal } = task;
  const { baseUrl, identity } = client;
  const { now } = pollRateLimiter;
  const unknown = task.resumed ? now() + pollRateLimiter.minimumInterval(baseUrl) : 0;
  task.working("renewingLink", {}, { trouble: true });
  const ask = async () => {
    const allowed = () =>
      Math.max(pollRateLimiter.allowedAt(baseUrl, jobId) ?? unknown, pollRateLimiter.backoffUntil(identity));
    while (allowed() > now()) await sleep(allowed() - now(), signal);
    pollRateLimiter.note(baseUrl, jobId);
    try {
      return await client.jobStatus(jobId, { signal });
    } catch (error) {
      if (error instanceof VideoError && error.code === "RATE_LIMIT")
        pollRateLimiter.backOff(identity, baseUrl, error.retryAfter);
      throw error;
    } finally {
      pollRateLimiter.note(baseUrl, jobId);
    }
  };
  return (await withRetries(retries.repeatable, signal, ask)).outputUrl;
}
