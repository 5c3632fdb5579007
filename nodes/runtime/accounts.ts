import type { Node, NodeAPI } from "node-red";
import { type RoboflowClient, type Semaphore, VideoError } from "../roboflow";
import type { DailyLimit } from "./daily-limit";

/** What an account gives to the flow nodes that name it. */
export interface AccountNode extends Node {
  /**
   * The API behind this account.
   *
   * @throws VideoError CONFIG when the key or the address is missing or unusable.
   */
  client(): RoboflowClient;
  /** What must never be shown. */
  secrets(): string[];
  /** Limits transfers to `maxUploads` at a time. Only after a call of `client`, which says when that is no number. */
  readonly uploads: Semaphore;
  /** Jobs in any 24 hours, 0 = no limit; and their count. Only after a call of `client`, as above. */
  readonly jobs: { perDay: number; count: DailyLimit };
  /** The way to it as deployed, with the values of variables. */
  way: { baseUrl: string; tls: string; proxy: string };
}

/** The account with this id, if there is one. */
export function findAccount(RED: NodeAPI, id: string | undefined): AccountNode | undefined {
  const node = id ? (RED.nodes.getNode(id) as AccountNode | null) : null;
  return typeof node?.client === "function" ? node : undefined;
}

/**
 * The account with this id.
 *
 * @throws VideoError CONFIG when the node names none, or one that is not there.
 */
export function requireAccount(RED: NodeAPI, id: string | undefined): AccountNode {
  const account = findAccount(RED, id);
  if (!account) throw new VideoError("CONFIG", "noAccount");
  return account;
}

/**
 * Says at deploy time what cannot work, not only when the first message comes: as an error in the log and a red ring.
 *
 * @param checks each throws a VideoError when something is wrong.
 */
export function checkConfig(
  node: { reportConfigError(error: VideoError): void },
  ...checks: (() => unknown)[]
): void {
  for (const check of checks)
    try {
      check();
    } catch (error) {
      if (!(error instanceof VideoError)) throw error;
      node.reportConfigError(error);
    }
}

/** Checks at deploy time that an account is there and can be used. */
export const checkAccount = (
  RED: NodeAPI,
  id: string | undefined,
  node: { reportConfigError(error: VideoError): void },
): void => checkConfig(node, () => requireAccount(RED, id).client());
