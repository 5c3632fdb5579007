import type { Node, NodeAPI, NodeDef, NodeMessage } from "node-red";
import { describeValue, PollSchedule, pollRateLimiter, VideoError, watchJob } from "../roboflow";
import { requireAccount } from "../runtime/accounts";
import { copierWithoutPayload, withAnswer } from "../runtime/message";
import { Runner } from "../runtime/runner/runner";
import type { Outcome, Task } from "../runtime/runner/step";
import { checkConfig, flagSetting, settingsOf } from "../runtime/settings";
import { readInput } from "../runtime/typed-input";
import { registerPendingJobsRoutes } from "./admin";
import { type PollOptions, pollDefaults } from "./options";
import { type PendingJob, PendingJobs, type PollNode } from "./pending-jobs";
import { isReset, StoppedJobsLog } from "./reset";
import { type PollSettings, readSettings } from "./settings";

/** Waits for jobs to finish. */
export default function poll(RED: NodeAPI): void {
  registerPendingJobsRoutes(RED);

  function Poll(this: PollNode, saved: NodeDef & Partial<PollOptions>): void {
    RED.nodes.createNode(this, saved);
    const options = { ...pollDefaults, ...saved };
    const settings = settingsOf(saved, () => readSettings(options));
    const jobs = new PendingJobs();
    let schedule: PollSchedule | undefined;
    const stopped = new StoppedJobsLog(RED, this);
    const runner = new Runner(RED, this, {
      name: "poll",
      account: options.account,
      resume: flagSetting(options.resume, pollDefaults.resume),
      command: (msg) => (isReset(msg) ? reset(msg) : undefined),
      work: async (task) => {
        schedule ??= new PollSchedule(settings().intervalMs, pollRateLimiter.now);
        return work({ RED, node: this, settings: settings(), jobs, schedule, task });
      },
      dropped: ({ roboflow }) => {
        if (roboflow.jobId) stopped.add(roboflow.jobId);
      },
    });
    checkConfig(runner, settings, () => requireAccount(RED, options.account).client());
    this.on("close", () => schedule?.close());
    this.pendingJobs = () => jobs.list(pollRateLimiter.now());
    this.forget = (entry) => runner.drop(() => [entry]);

    const reset = async (msg: NodeMessage) => {
      // An expression made for jobs may fail on such a message: then it names none.
      const read = async () => readJobId(RED, this, settings(), msg);
      const jobId = await read().catch(() => undefined);
      runner.drop(() => (typeof jobId === "string" && jobId ? jobs.entriesOf(jobId) : "all"));
    };
  }
  RED.nodes.registerType("roboflow-video-poll", Poll as never);
}

const readJobId = (RED: NodeAPI, node: Node, { jobId }: PollSettings, msg: NodeMessage) =>
  readInput(RED, node, jobId, msg, "text");

/** What the work on a message needs of its node. */
interface Work {
  RED: NodeAPI;
  node: Node;
  settings: PollSettings;
  jobs: PendingJobs;
  schedule: PollSchedule;
  task: Task;
}

async function work({ RED, node, settings, jobs, schedule, task }: Work): Promise<Outcome> {
  const { msg, signal } = task;
  const client = requireAccount(RED, settings.account).client();
  const jobId = await readJobId(RED, node, settings, msg);
  if (typeof jobId !== "string" || !jobId)
    throw new VideoError("INPUT", "noJobId", { values: { value: describeValue(jobId) } });

  const job: PendingJob = { jobId, task, polls: 0 };
  jobs.add(job);
  msg.roboflow.jobId = jobId;
  try {
    const finished = await watchJob(
      { jobId, limit: Math.max(0, settings.timeoutMs - task.age()), takenUp: task.resumed },
      {
        client,
        schedule,
        limiter: pollRateLimiter,
        interval: settings.intervalMs,
        signal,
        ask: async (signal) => {
          job.polls += 1;
          const status = await client.jobStatus(jobId, { signal });
          // Whoever else holds the message may have frozen it meanwhile: that is no reason to give a job up.
          Reflect.set(msg.roboflow, "polls", job.polls);
          if (status.status !== undefined) Reflect.set(msg.roboflow, "status", status.status);
          return status;
        },
        stillRunning: ({ answer }) => {
          const copy = copierWithoutPayload(RED, msg)();
          task.send([null, { ...copy, payload: answer }]);
        },
        waiting: (wait, trouble) => {
          job.due = pollRateLimiter.now() + wait;
          if (trouble) return task.working(trouble.code, undefined, { trouble: true });
          const minutes = Math.floor(task.age() / 60_000);
          const next = new Date(Date.now() + wait);
          // "0 min" would say nothing.
          if (minutes > 0) task.working("jobRunningFor", { minutes, next });
          else task.working("jobRunning", { next });
        },
      },
    );
    const { answer, outputUrl } = finished;
    const found = { finishedAt: new Date().toISOString(), outputUrl };
    return { msg: withAnswer(msg, { payload: answer }, found), done: "finished" };
  } finally {
    jobs.delete(job);
  }
}
