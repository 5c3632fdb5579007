import type { Node, NodeAPI, NodeDef } from "node-red";
import {
  type ApiModel,
  checkModels,
  describeModels,
  describeValue,
  inferenceRates,
  isHttpUrl,
  type ModelDescription,
  readInferFps,
  VideoError,
} from "../roboflow";
import { type AccountNode, checkConfig, requireAccount } from "../runtime/accounts";
import { withAnswer } from "../runtime/message";
import { parseNumber } from "../runtime/numbers";
import { Runner } from "../runtime/runner/runner";
import type { Outcome, Task } from "../runtime/runner/step";
import { hasTag, render } from "../runtime/templates";
import { fractionSetting, readInput, settingsOf, type TypedValue } from "../runtime/values";
import { checkRate, expectedFrames } from "./frames";
import { emptyModelRow, type StartOptions, startDefaults } from "./options";

/** What a start node works with. */
interface StartSettings {
  account: string;
  inputUrl: TypedValue;
  /** Frames per second. */
  inferFps: TypedValue;
  /** Names and versions are templates. Empty: `msg.models`, in the API's own form. */
  models: ModelDescription[];
}

/** Starts a job on a video and passes the job's id on. */
export default function start(RED: NodeAPI): void {
  function Start(this: Node, saved: NodeDef & Partial<StartOptions>): void {
    RED.nodes.createNode(this, saved);
    const { account = startDefaults.account } = saved;
    const settings = settingsOf(saved, () => readSettings({ ...startDefaults, ...saved }));
    const runner = new Runner(RED, this, {
      name: "start",
      account,
      resume: true,
      paid: true,
      work: (task) => work(RED, this, settings(), task),
    });
    checkConfig(
      runner,
      () => checkLiterals(settings()),
      () => requireAccount(RED, account).client(),
    );
  }
  RED.nodes.registerType("roboflow-video-start", Start as never);
}

/** @throws VideoError CONFIG */
function readSettings(saved: StartOptions): StartSettings {
  const inferFps = { value: saved.inferFps, type: saved.inferFpsType };
  if (isLiteral(inferFps) && parseNumber(inferFps.value) === undefined)
    throw new VideoError("CONFIG", "inferFps", {
      values: { value: describeValue(inferFps.value), ...inferenceRates },
    });
  return {
    account: saved.account,
    inputUrl: { value: saved.inputUrl, type: saved.inputUrlType },
    inferFps,
    // A row that is none counts as one in which nothing is chosen.
    models: (Array.isArray(saved.models) ? saved.models : [])
      .map((saved) => saved ?? emptyModelRow)
      .map((row) => ({
        modelId: String(row.modelId ?? ""),
        modelVersion: String(row.modelVersion ?? ""),
        inferenceType: String(row.inferenceType ?? ""),
        inferenceParams: String(row.inferenceParams ?? ""),
        confidence: fractionSetting(row.confidence, undefined, {
          reason: "confidence",
          values: { model: String(row.modelId ?? "") },
        }),
      })),
  };
}

/** Whether a value stands in the node itself, and not in messages to come. */
const isLiteral = ({ value, type }: TypedValue) =>
  type === "num" || (type === "str" && !hasTag(String(value)));

/**
 * Looks at what stands in the node itself as each message's work will.
 *
 * @throws VideoError INPUT
 */
function checkLiterals({ inferFps, models }: StartSettings): void {
  if (isLiteral(inferFps)) readInferFps(inferFps.value);
  describeModels(models.filter(({ modelId, modelVersion }) => !hasTag(modelId + modelVersion)));
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
  { jobs: { perDay, count } }: AccountNode,
  id: string,
  start: (take: () => Promise<void>) => Promise<string>,
): Promise<string> {
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
