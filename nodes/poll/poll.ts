import type { NodeAPI, NodeDef, NodeMessage } from "node-red";
import { describeValue, type JobStatus, pollRateLimiter, VideoError } from "../roboflow";
import { PollSchedule } from "../roboflow/polling/schedule";
import { watchJob } from "../roboflow/polling/watch";
import { checkConfig, requireAccount } from "../runtime/accounts";
import { copierWithoutPayload, withAnswer } from "../runtime/message";
import { Runner } from "../runtime/runner/runner";
import type { Outcome, Task } from "../runtime/runner/step";
import { numberSetting, readInput, settingsOf } from "../runtime/values";
import { registerPendingJobsRoutes } from "./admin";
import { type PollOptions, pollDefaults } from "./options";
import type { PendingJob, PollNode } from "./pending";

const hour = 3_600_000;

/** Seconds: shorter intervals would only wait for the minimum interval between two polls. */
const shortestInterval = 0.1;

/** Waits for jobs to finish. */
export default function poll(RED: NodeAPI): void {
  registerPendingJobsRoutes(RED);

  function Poll(this: PollNode, saved: NodeDef & Partial<PollOptions>): void {
    RED.nodes.createNode(this, saved);
    const options = { ...pollDefaults, ...saved };
    const settings = settingsOf(saved, () => {
      const { interval, limit } = readTimes(saved);
      const schedule = new PollSchedule(interval, pollRateLimiter.now);
      this.on("close", () => schedule.close());
      return { interval, limit, schedule };
    });
    const pending = new Map<string, PendingJob>();
    const jobIdOf = (msg: NodeMessage) =>
      readInput(RED, this, { value: options.jobId, type: options.jobIdType }, msg, "text");

    const runner = new Runner(RED, this, {
      name: "poll",
      account: options.account,
      resume: options.resume !== false,
      command: (msg) => (Object.hasOwn(msg, "reset") ? reset(msg) : undefined),
      work,
    });
    checkConfig(runner, settings, () => requireAccount(RED, options.account).client());
    this.pendingJobs = () => [...pending.values()];
    this.forget = (entry) => runner.drop(({ id }) => id === entry);

    async function reset(msg: NodeMessage): Promise<void> {
      // An expression made for jobs may fail on such a message: then it names none.
      const named = await jobIdOf(msg).catch(() => undefined);
      const jobId = typeof named === "string" ? named : "";
      runner.drop(({ id }) => !jobId || pending.get(id)?.jobId === jobId);
    }

    async function work(task: Task): Promise<Outcome> {
      const { msg, signal } = task;
      const { interval, limit, schedule } = settings();
      const client = requireAccount(RED, options.account).client();
      const value = await jobIdOf(msg);
      const jobId = typeof value === "string" ? value : "";
      if (!jobId) throw new VideoError("INPUT", "noJobId", { values: { value: describeValue(value) } });

      const since = task.acceptedAt.toISOString();
      const waited = Math.max(0, Date.now() - task.acceptedAt.getTime());
      const job: PendingJob = { entry: task.id, jobId, fileName: msg.roboflow.fileName, since, polls: 0 };
      pending.set(task.id, job);
      Object.assign(msg.roboflow, { jobId });
      const note = ({ status }: Pick<JobStatus, "status">) => {
        msg.roboflow.polls = job.polls;
        if (status !== undefined) msg.roboflow.status = status;
      };
      try {
        const finished = await watchJob(
          { jobId, limit: Math.max(0, limit - waited), takenUp: task.resumed },
          {
            baseUrl: client.baseUrl,
            account: client.identity,
            schedule,
            limiter: pollRateLimiter,
            inFlight: client.polls,
            interval,
            signal,
            ask: async (signal) => {
              job.polls += 1;
              const status = await client.jobStatus(jobId, { signal });
              note(status);
              return status;
            },
            stillRunning: ({ answer }) => {
              const copy = copierWithoutPayload(RED, msg)();
              task.send([null, { ...copy, payload: answer }]);
            },
            waiting: (wait, trouble) => {
              job.nextPoll = new Date(Date.now() + wait).toISOString();
              const minutes = Math.floor((Date.now() - task.acceptedAt.getTime()) / 60_000);
              task.working(
                trouble ? "jobTrouble" : "jobRunning",
                { minutes },
                { trouble: trouble !== undefined },
              );
            },
          },
        );
        const { answer, outputUrl } = finished;
        const found = { finishedAt: new Date().toISOString(), outputUrl };
        return { msg: withAnswer(msg, { payload: answer }, found), done: "finished" };
      } finally {
        pending.delete(task.id);
      }
    }
  }
  RED.nodes.registerType("roboflow-video-poll", Poll as never);
}

/** @throws VideoError CONFIG */
function readTimes(saved: Partial<PollOptions>): { interval: number; limit: number } {
  const seconds = numberSetting(saved.interval, pollDefaults.interval, {
    reason: "interval",
    min: Number.MIN_VALUE,
  });
  const hours = numberSetting(saved.timeout, pollDefaults.timeout, { reason: "timeout", min: 0 });
  return {
    interval: 1000 * Math.max(shortestInterval, seconds),
    limit: hours > 0 ? hours * hour : Number.POSITIVE_INFINITY,
  };
}
