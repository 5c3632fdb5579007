import { getResult, type Incoming, type Network, renewedLink, VideoError } from "../roboflow";
import type { AccountNode } from "../runtime/accounts";
import { clipNames } from "../runtime/message";
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
 * @param take reads the bytes; called once for every attempt.
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
    const { jobId } = clipNames(task.msg);
    const isExpired = error instanceof VideoError && expired.has(error.statusCode ?? 0);
    if (!isExpired || !account || !jobId) throw error;
    task.working("renewingLink", {}, { trouble: true });
    const { signal, resumed } = task;
    const fresh = await renewedLink(account.client(), jobId, { signal, takenUp: resumed });
    if (!fresh) throw error;
    task.msg.roboflow.outputUrl = fresh;
    return getResult(network, fresh, hooks, take);
  }
}
