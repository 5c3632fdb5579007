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
  /**
   * Limits transfers to `maxUploads` at a time.
   *
   * @throws VideoError CONFIG when that is no number.
   */
  uploads(): Semaphore;
  /**
   * Jobs in any 24 hours, 0 = no limit; and their count.
   *
   * @throws VideoError CONFIG when that is no number.
   */
  jobs(): { perDay: number; count: DailyLimit };
  /** How it is reached, as deployed, with the values of variables. */
  connection: { baseUrl: string; tls: string; proxy: string };
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
