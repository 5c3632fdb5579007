import type { NodeMessage } from "node-red";
import type { ClipMessage } from "../message";
import type { StatusValues } from "../status";
import type { StatusKey, StepName } from "../text";

/** One message in hand, as a step's work sees it. */
export interface Task {
  /** Stays the same when the work is taken up again. */
  readonly id: string;
  /**
   * Milliseconds since the message was taken, in this process and in those before it. Time in which Node-RED did not run
   * does not count, and neither does a wall clock that was set.
   */
  age(): number;
  /** Whether this is work taken up again after a deploy or a restart. */
  readonly resumed: boolean;
  readonly msg: ClipMessage;
  /** Aborted by a deploy or a reset; every wait and request takes it. */
  readonly signal: AbortSignal;
  /** Aborted a moment later: for a request whose answer is worth waiting for during a deploy. */
  readonly graceSignal: AbortSignal;
  working(key: StatusKey, values?: StatusValues, options?: { trouble?: boolean }): void;
  /** Sends a message that is not the outcome. */
  send(msg: NodeMessage | (NodeMessage | null)[]): void;
  /** Resolves when no deploy is under way, or this node closes: what is sent in one may reach a node that is gone. */
  flowsRunning(): Promise<void>;
  /**
   * Says that a paid request is about to be sent; on the disk itself when this resolves.
   *
   * @throws VideoError STORAGE, or the signal's reason: then it must not be sent.
   */
  intend(): Promise<void>;
  /** Takes the intention back: the request was certainly not accepted. */
  withdraw(): void;
}

/** How a message's work ended well. */
export interface Outcome {
  /** Goes out by the first output; without one, the work has sent what there was. */
  msg?: ClipMessage;
  done: StatusKey;
  values?: StatusValues;
}

/** What one of the flow nodes does with a message; the rest is the same for all of them. */
export interface Step {
  readonly name: StepName;
  /** Id of the account as configured, for the secrets never to be shown. */
  readonly account: string;
  /** Whether accepted work goes on after a deploy and a restart. */
  readonly resume: boolean;
  /** Whether the work needs what no file of the journal can hold: then only its outcome is written down. */
  worksInMemory?(msg: ClipMessage): boolean;
  /** Whether the work costs money, so that it never begins without the journal. */
  readonly paid?: boolean;
  /** Whether a message that comes again after a restart is made anew instead of kept: results can be huge. */
  readonly outcomeIsRemade?: boolean;
  /** A message that is a command to the node; resolves when it has been carried out. */
  command?(msg: NodeMessage): Promise<void> | undefined;
  work(task: Task): Promise<Outcome>;
  /** A message was dropped on purpose. */
  dropped?(msg: ClipMessage): void;
}
