import type { Node, NodeAPI, NodeDef } from "node-red";
import {
  type ApiModel,
  checkModels,
  describeModel,
  describeValue,
  isHttpUrl,
  readInferFps,
  VideoError,
} from "../roboflow";
import { checkAccount, requireAccount } from "../runtime/accounts";
import { Runner } from "../runtime/runner/runner";
import type { Outcome, Task } from "../runtime/runner/step";
import { render } from "../runtime/templates";
import { readInput } from "../runtime/values";
import { type StartOptions, startDefaults } from "./options";

/** Starts a job on a video and passes the job's id on. */
export default function start(RED: NodeAPI): void {
  function Start(this: Node, saved: NodeDef & Partial<StartOptions>): void {
    RED.nodes.createNode(this, saved);
    const options = { ...startDefaults, ...saved };
    const runner = new Runner(RED, this, {
      name: "start",
      account: options.account,
      resume: true,
      paid: true,
      work: (task) => work(RED, this, options, task),
    });
    checkAccount(RED, options.account, runner);
  }
  RED.nodes.registerType("roboflow-video-start", Start as never);
}

async function work(RED: NodeAPI, node: Node, options: StartOptions, task: Task): Promise<Outcome> {
  const { msg } = task;
  const client = requireAccount(RED, options.account).client();
  const inputUrl = await readInput(
    RED,
    node,
    { value: options.inputUrl, type: options.inputUrlType },
    msg,
    "url",
  );
  if (!isHttpUrl(inputUrl))
    throw new VideoError("INPUT", "inputUrl", { values: { value: describeValue(inputUrl) } });
  const rate = await readInput(
    RED,
    node,
    { value: options.inferFps, type: options.inferFpsType },
    msg,
    "text",
  );
  const job = {
    input_url: inputUrl,
    infer_fps: readInferFps(rate),
    models: await modelsFor(RED, node, options, task),
  };

  task.working("starting");
  const jobId = await client.startJob(job, {
    signal: task.signal,
    answerSignal: task.graceSignal,
    intend: task.intend,
    withdraw: task.withdraw,
    pause: () => task.working("retrying", {}, { trouble: true }),
  });
  msg.payload = jobId;
  Object.assign(msg.roboflow, {
    inputUrl,
    jobId,
    inferFps: job.infer_fps,
    models: job.models,
    startedAt: new Date().toISOString(),
  });
  return { msg, done: "started" };
}

/** The models as listed in the dialog; without a list, those that the message brings in the API's own form. */
async function modelsFor(
  RED: NodeAPI,
  node: Node,
  { models }: StartOptions,
  { msg }: Task,
): Promise<ApiModel[]> {
  if (!Array.isArray(models) || models.length === 0) return checkModels(msg.models);
  const plain = (template: unknown) => render(RED, node, String(template ?? ""), msg, "text");
  return Promise.all(
    models.map(async (model) =>
      describeModel({
        ...model,
        modelId: await plain(model.modelId),
        modelVersion: await plain(model.modelVersion),
      }),
    ),
  );
}
