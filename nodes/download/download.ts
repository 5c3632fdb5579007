import type { Node, NodeAPI, NodeDef } from "node-red";
import { describeValue, isHttpUrl, Network, Semaphore, VideoError, withoutSecrets } from "../roboflow";
import { requireAccount } from "../runtime/accounts";
import { describeFailure } from "../runtime/failure";
import { clipNames } from "../runtime/message";
import { resultsUnderWay } from "../runtime/results-under-way";
import { Runner } from "../runtime/runner/runner";
import type { Outcome, Task } from "../runtime/runner/step";
import { checkConfig, flagSetting, settingsOf } from "../runtime/settings";
import { queued } from "../runtime/status";
import { text } from "../runtime/text";
import { readInput } from "../runtime/typed-input";
import { type DownloadNode, registerPreviewRoutes } from "./admin";
import { sendEvents } from "./events";
import { fetchResult } from "./fetch";
import { checkFilename, writeFile } from "./file";
import { sendFrames } from "./frames";
import { type DownloadOptions, downloadDefaults, type Output, outputOf } from "./options";
import type { ResultRequest } from "./result-request";
import { sendResult } from "./results";
import { type DownloadSettings, readSettings } from "./settings";
import { sendSummary } from "./summary";

/** Downloads of one node at a time: after a restart there may be many to take up again. */
const downloadsAtOnce = 4;
/** Characters of a clip's name in the preview. */
const longestName = 200;

const outputs: Record<Output, (request: ResultRequest) => Promise<Outcome>> = {
  results: sendResult,
  frames: sendFrames,
  events: sendEvents,
  summary: sendSummary,
  file: writeFile,
};

/** Fetches the result of a job and passes it on as the output that is chosen. */
export default function download(RED: NodeAPI): void {
  registerPreviewRoutes(RED);

  function Download(this: DownloadNode, saved: NodeDef & Partial<DownloadOptions>): void {
    RED.nodes.createNode(this, saved);
    const options = { ...downloadDefaults, ...saved };
    const settings = settingsOf(saved, () => readSettings(options));
    const network = new Network();
    const downloads = new Semaphore(downloadsAtOnce);
    const runner = new Runner(RED, this, {
      name: "download",
      account: options.account,
      resume: flagSetting(options.resume, downloadDefaults.resume),
      outcomeIsRemade: true,
      work: (task) => {
        if (downloads.full) task.working(queued);
        const ended = resultsUnderWay(RED).begin(task.msg.roboflow.id);
        return downloads.run(() => work(RED, this, settings(), network, task), task.signal).finally(ended);
      },
    });
    checkConfig(runner, settings, () => {
      if (options.account) requireAccount(RED, options.account).client();
    });
    if (outputOf(options) === "file")
      checkFilename(RED, options.filename).catch((error) => runner.reportConfigError(error));
    this.on("close", () => network.close());
  }
  RED.nodes.registerType("roboflow-video-download", Download as never);
}

async function work(
  RED: NodeAPI,
  node: DownloadNode,
  settings: DownloadSettings,
  ownNetwork: Network,
  task: Task,
): Promise<Outcome> {
  const account = settings.account ? requireAccount(RED, settings.account) : undefined;
  const url = await resultUrl(RED, node, settings, task);
  const source = { url, network: account?.client().network ?? ownNetwork, account };
  const secrets = account?.secrets() ?? [];
  const names = clipNames(task.msg);
  task.working("downloading", { megabytes: 0 });
  return outputs[settings.output]({
    RED,
    node,
    settings,
    task,
    fetch: (take) => fetchResult(source, task, take),
    warn: (key, values) => node.warn(text(RED, `warnings.${key}`, values, secrets)),
    describe: (error) => describeFailure(RED, "download", error, { secrets, ...names }).message,
    keepPreview: (rows) => {
      node.preview = {
        ...rows,
        clip: withoutSecrets(names.fileName, secrets, longestName),
        at: new Date().toISOString(),
      };
    },
  });
}

async function resultUrl(
  RED: NodeAPI,
  node: Node,
  { url }: DownloadSettings,
  { msg }: Task,
): Promise<string> {
  let found = await readInput(RED, node, url, msg, "url");
  const isDefault = url.value === downloadDefaults.url && url.type === downloadDefaults.urlType;
  if (isDefault && !isHttpUrl(found)) found = msg.roboflow.outputUrl ?? found;
  if (!isHttpUrl(found))
    throw new VideoError("INPUT", "resultUrl", { values: { value: describeValue(found) } });
  return found;
}
