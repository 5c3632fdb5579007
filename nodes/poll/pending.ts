import type { Node } from "node-red";

/** A job that a poll node waits for, as its dialog lists it. */
export interface PendingJob {
  entry: string;
  jobId: string;
  fileName?: string;
  /** ISO 8601. */
  since: string;
  polls: number;
  /** ISO 8601. */
  nextPoll?: string;
}

/** What the admin side may ask of a running poll node. */
export interface PollNode extends Node {
  pendingJobs(): PendingJob[];
  forget(entry: string): void;
}
