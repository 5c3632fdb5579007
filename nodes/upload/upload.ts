import type { Node, NodeAPI, NodeDef, NodeMessage } from "node-red";
import { expiryOf, isHttpUrl, lastPart, notAVideo, type Video, videoBuffer, videoFile } from "../roboflow";
import { checkAccount, requireAccount } from "../runtime/accounts";
import { withAnswer } from "../runtime/message";
import { resolvePath } from "../runtime/paths";
import { Runner } from "../runtime/runner/runner";
import type { Outcome, Task } from "../runtime/runner/step";
import { queued } from "../runtime/status";
import { render } from "../runtime/templates";
import { readInput, textOr } from "../runtime/values";
import { type UploadOptions, uploadDefaults } from "./options";

/** The name sent when nothing else gives one. */
const nameless = "video.mp4";

/** Uploads a video and passes its input URL on. */
export default function upload(RED: NodeAPI): void {
  function Upload(this: Node, saved: NodeDef & Partial<UploadOptions>): void {
    RED.nodes.createNode(this, saved);
    const options = { ...uploadDefaults, ...saved };
    const runner = new Runner(RED, this, {
      name: "upload",
      account: options.account,
      resume: options.resume !== false,
      // As large as it may be, it is not written to disk as well.
      worksInMemory: (msg) => Buffer.isBuffer(propertyOf(RED, msg, options)),
      work: (task) => work(RED, this, options, task),
    });
    checkAccount(RED, options.account, runner);
  }
  RED.nodes.registerType("roboflow-video-upload", Upload as never);
}

/** The property of the message that the video is taken from, if it is one. */
function propertyOf(RED: NodeAPI, msg: NodeMessage, { video, videoType }: UploadOptions): unknown {
  try {
    return videoType === "msg" ? RED.util.getMessageProperty(msg, video) : undefined;
  } catch {
    return undefined;
  }
}

async function work(RED: NodeAPI, node: Node, options: UploadOptions, task: Task): Promise<Outcome> {
  const { msg, signal } = task;
  const account = requireAccount(RED, options.account);
  const client = account.client();
  const source = await readInput(RED, node, { value: options.video, type: options.videoType }, msg, "video");
  if (isHttpUrl(source)) {
    return { msg: withAnswer(msg, { payload: source }, { inputUrl: source }), done: "passedOn" };
  }

  const fileName = await nameFor(RED, node, options, msg, source);
  const video = await openVideo(RED, source, fileName);
  const percent = (sent: number) => Math.min(100, Math.floor((100 * sent) / video.size));
  if (account.uploads.full) task.working(queued);
  const inputUrl = await account.uploads.run(() => {
    task.working("uploading", { percent: 0 });
    return client.upload(fileName, video, {
      signal,
      progress: (sent) => task.working("uploading", { percent: percent(sent) }),
      pause: () => task.working("retrying", {}, { trouble: true }),
    });
  }, signal);

  const now = new Date();
  const found = {
    fileName,
    fileSize: video.size,
    inputUrl,
    uploadedAt: now.toISOString(),
    expiresAt: expiryOf(inputUrl, now).toISOString(),
  };
  return { msg: withAnswer(msg, { payload: inputUrl }, found), done: "uploaded" };
}

/** The bare name to send: the node's own, the message's, the path's, or a plain one. */
async function nameFor(
  RED: NodeAPI,
  node: Node,
  { fileName }: UploadOptions,
  msg: NodeMessage,
  source: unknown,
) {
  const own = lastPart((await render(RED, node, textOr(fileName, ""), msg, "path")).trim());
  const { filename } = msg as { filename?: unknown };
  const given = typeof filename === "string" ? lastPart(filename.trim()) : "";
  return own || given || (typeof source === "string" ? lastPart(source) : "") || nameless;
}

async function openVideo(RED: NodeAPI, source: unknown, fileName: string): Promise<Video> {
  if (!Buffer.isBuffer(source) && (typeof source !== "string" || !source)) throw notAVideo(source);
  return Buffer.isBuffer(source)
    ? videoBuffer(source, fileName)
    : videoFile(resolvePath(RED, source), fileName);
}
