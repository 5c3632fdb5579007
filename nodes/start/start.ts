import type { Node, NodeAPI, NodeDef } from "node-red";
import {
  type ApiModel,
  checkModels,
  describeModels,
  describeValue,
  isHttpUrl,
  readInferFps,
  VideoError,
} from "../roboflow";
import { type AccountNode, requireAccount } from "../runtime/accounts";
import { withAnswer } from "../runtime/message";
import { Runner } from "../runtime/runner/runner";
import type { Outcome, Task } from "../runtime/runner/step";
import { checkConfig, settingsOf } from "../runtime/settings";
import { render } from "../runtime/templates";
import { readInput } from "../runtime/typed-input";
import { checkRate, expectedFrames } from "./frames";
import { type StartOptions, startDefaults } from "./options";
import { checkLiterals, readSettings, type StartSettings } from "./settings";

/** Starts a job on a video and passes the job's id on. */
export default function start(RED: NodeAPI): void {
  function Start(this: Node, saved: NodeDef & Partial<StartOptions>): void {
    RED.nodes.createNode(this, saved);
    const options = { ...startDefaults, ...saved };
    const settings = settingsOf(saved, () => readSettings(options));
    const runner = new Runner(RED, this, {
      name: "start",
      account: options.account,
      resume: true,
      paid: true,
      work: (task) => work(RED, this, settings(), task),
    });
    checkConfig(
      runner,
      () => checkLiterals(settings()),
      () => requireAccount(RED, options.account).client(),
    );
  }
  RED.nodes.registerType("roboflow-video-start", Start as never);
}

async function work(RED: NodeAPI, node: Node, settings: StartSettings, task: Task): Promise<Outcome> {
  const { msg } = task;
  const account = requireAccount(RED, settings.account);
  const client = account.client();
  const inputUrl = await readInput(RED, node, settings.inputUrl, msg, "url");
  if (!isHttpUrl(inputUrl))
    throw new VideoError("INPUT", "inputUrl", { values: { value: describeValue(inputUrl) } });
  const job = {
    input_url: inputUrl,
    infer_fps: readInferFps(await readInput(RED, node, settings.inferFps, msg, "text")),
    models: await modelsFor(RED, node, settings, task),
  };
  checkRate(job.infer_fps, msg.roboflow.video);
  const frames = expectedFrames(job.infer_fps, msg.roboflow.video);

  if (frames === undefined) task.working("starting");
  else task.working("startingFrames", { frames });
  const jobId = await startCounted(account, task.id, (take) =>
    client.startJob(job, {
      signal: task.signal,
      answerSignal: task.graceSignal,
      intend: async () => {
        await take();
        await task.intend();
      },
      withdraw: task.withdraw,
      pause: () => task.working("retrying", {}, { trouble: true }),
    }),
  );
  const found = {
    inputUrl,
    jobId,
    inferFps: job.infer_fps,
    models: job.models,
    startedAt: new Date().toISOString(),
    // That of another clip does not stay in a message that has been here before.
    ...(frames !== undefined || msg.roboflow.expectedFrames !== undefined ? { expectedFrames: frames } : {}),
  };
  return {
    msg: withAnswer(msg, { payload: jobId }, found),
    ...(frames === undefined ? { done: "started" } : { done: "startedFrames", values: { frames } }),
  };
}

/** The models as listed in the dialog; without a list, those that the message brings in the API's own form. */
async function modelsFor(
  RED: NodeAPI,
  node: Node,
  { models }: StartSettings,
  { msg }: Task,
): Promise<ApiModel[]> {
  if (models.length === 0) return checkModels(msg.models);
  const plain = (template: string) => render(RED, node, template, msg, "text");
  const named = models.map(async (model) => ({
    ...model,
    modelId: await plain(model.modelId),
    modelVersion: await plain(model.modelVersion),
  }));
  return describeModels(await Promise.all(named));
}

/**
 * Starts a job as one of those that the account may start in a day.
 *
 * @param start gets what takes a slot, to be called before the request: it throws when there is none.
 */
async function startCounted(
  account: AccountNode,
  id: string,
  start: (take: () => Promise<void>) => Promise<string>,
): Promise<string> {
  const { perDay, count } = account.jobs();
  if (perDay === 0) return start(async () => {});
  try {
    const jobId = await start(() => count.take(id, perDay));
    // Nobody waits for the disk: a job that is running has to be in the journal first.
    void count.started(id);
    return jobId;
  } catch (error) {
    // Cut off by a deploy, it keeps its slot: it goes on after that, or nobody knows whether the job runs.
    if (error instanceof VideoError)
      void (error.code === "START_UNCERTAIN" ? count.started(id) : count.release(id));
    throw error;
  }
}
