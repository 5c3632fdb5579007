import type { Node, NodeAPI, NodeMessage } from "node-red";
import { nextTurn } from "../event-loop";
import type { ClipMessage } from "../runtime/message";
import { text } from "../runtime/text";

/**
 * Whether a message tells the node to stop waiting: `msg.reset` does so by its presence. But a message that start has
 * given a job means that job, where its template happens to have a `reset` of false or null.
 */
export function isReset(msg: NodeMessage): boolean {
  if (!Object.hasOwn(msg, "reset")) return false;
  const { reset, roboflow } = msg as Partial<ClipMessage>;
  const bringsJob = typeof roboflow?.jobId === "string" && roboflow.jobId !== "";
  return !(bringsJob && (reset === false || reset === null));
}

/** Jobs named in one line, and characters of each: a line stays readable, and a job that was paid for can be found. */
const jobsInLine = 20;
const longestJobId = 40;

/** Logs the jobs that a node has stopped waiting for; they may be thousands at a time. */
export class StoppedJobsLog {
  readonly #jobIds: string[] = [];

  constructor(
    private readonly RED: NodeAPI,
    private readonly node: Node,
  ) {}

  add(jobId: string): void {
    this.#jobIds.push(jobId.length > longestJobId ? `${jobId.slice(0, longestJobId - 1)}…` : jobId);
    if (this.#jobIds.length === 1) void nextTurn().then(() => this.#log());
  }

  #log(): void {
    while (this.#jobIds.length > 0) {
      const jobs = this.#jobIds.splice(0, jobsInLine);
      const values = { count: jobs.length, jobs: jobs.join(", ") };
      this.node.log(text(this.RED, "logs.stoppedWaiting", values));
    }
  }
}
