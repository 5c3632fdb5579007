import type { Node } from "node-red";
import { clipNames } from "../runtime/message";
import type { Task } from "../runtime/runner/step";
import type { ListedJob } from "./listed-job";

/** A job that a poll node waits for. */
export interface PendingJob {
  jobId: string;
  task: Task;
  polls: number;
  /** When the next poll is due, monotonic milliseconds. */
  due?: number;
}

/** What the admin side may ask of a running poll node. */
export interface PollNode extends Node {
  pendingJobs(): ListedJob[];
  /** Stops waiting for the job of one entry. */
  forget(entry: string): void;
}

/** The jobs of one node. Several messages may wait for the same job. */
export class PendingJobs {
  readonly #jobs = new Set<PendingJob>();
  readonly #byJobId = new Map<string, Set<PendingJob>>();

  add(job: PendingJob): void {
    this.#jobs.add(job);
    const same = this.#byJobId.get(job.jobId) ?? new Set();
    this.#byJobId.set(job.jobId, same.add(job));
  }

  delete(job: PendingJob): void {
    this.#jobs.delete(job);
    const same = this.#byJobId.get(job.jobId);
    same?.delete(job);
    if (same?.size === 0) this.#byJobId.delete(job.jobId);
  }

  /** Ids of the entries that wait for a job. */
  entriesOf(jobId: string): string[] {
    return [...(this.#byJobId.get(jobId) ?? [])].map(({ task }) => task.id);
  }

  /** @param now monotonic milliseconds. */
  list(now: number): ListedJob[] {
    const wallClock = Date.now();
    return [...this.#jobs].map(({ jobId, task, polls, due }) => ({
      entry: task.id,
      jobId,
      fileName: clipNames(task.msg).fileName,
      // Worked out when it is asked for: the wall clock may have been set meanwhile.
      since: new Date(wallClock - task.age()).toISOString(),
      polls,
      ...(due === undefined ? {} : { nextPoll: new Date(wallClock + due - now).toISOString() }),
    }));
  }
}
