import path from "node:path";
import type { Node, NodeAPI, NodeDef, NodeMessage } from "node-red";
import {
  canBePath,
  expiryOf,
  isHttpUrl,
  notAVideo,
  type RoboflowClient,
  retries,
  withRetries,
} from "../roboflow";
import { checkConfig, requireAccount } from "../runtime/accounts";
import { withAnswer } from "../runtime/message";
import { resolvePath } from "../runtime/paths";
import { playableClips } from "../runtime/playable";
import { Runner } from "../runtime/runner/runner";
import type { Outcome, Task } from "../runtime/runner/step";
import { queued } from "../runtime/status";
import { render } from "../runtime/templates";
import { readInput, settingsOf, type TypedValue, textOr } from "../runtime/values";
import { lastPart, nameless, uploadNameOf } from "./names";
import { type UploadOptions, uploadDefaults } from "./options";
import { openSource } from "./source";

/** What an upload node works with. */
interface UploadSettings {
  account: string;
  /** A path, a Buffer or an http(s) URL. */
  video: TypedValue;
  /** The clip's own name, a template; empty: as the message or the path calls it. */
  fileName: string;
}

/** Uploads a video and passes its input URL on. */
export default function upload(RED: NodeAPI): void {
  function Upload(this: Node, saved: NodeDef & Partial<UploadOptions>): void {
    RED.nodes.createNode(this, saved);
    const options = { ...uploadDefaults, ...saved };
    const settings = settingsOf(saved, () => readSettings(options));
    const runner = new Runner(RED, this, {
      name: "upload",
      account: options.account,
      resume: options.resume !== false,
      // As large as it may be, it is not written to disk as well.
      worksInMemory: (msg) => Buffer.isBuffer(propertyOf(RED, msg, options)),
      work: (task) => work(RED, this, settings(), task),
    });
    checkConfig(runner, settings, () => requireAccount(RED, options.account).client());
  }
  RED.nodes.registerType("roboflow-video-upload", Upload as never);
}

const readSettings = ({ account, video, videoType, fileName }: UploadOptions): UploadSettings => ({
  account,
  video: { value: video, type: videoType },
  fileName: textOr(fileName, ""),
});

/** The property of the message that the video is taken from, if it is one. */
function propertyOf(RED: NodeAPI, msg: NodeMessage, { video, videoType }: UploadOptions): unknown {
  try {
    return videoType === "msg" ? RED.util.getMessageProperty(msg, video) : undefined;
  } catch {
    return undefined;
  }
}

async function work(RED: NodeAPI, node: Node, settings: UploadSettings, task: Task): Promise<Outcome> {
  const { msg, signal } = task;
  const account = requireAccount(RED, settings.account);
  const client = account.client();
  const video = await readInput(RED, node, settings.video, msg, "video");
  if (isHttpUrl(video)) {
    return { msg: withAnswer(msg, { payload: video }, { inputUrl: video }), done: "passedOn" };
  }
  if (!Buffer.isBuffer(video) && !(typeof video === "string" && canBePath(video))) throw notAVideo(video);

  const clip = Buffer.isBuffer(video) ? video : path.resolve(resolvePath(RED, video));
  const name = await nameOf(RED, node, settings, msg, video);
  if (account.uploads.full) task.working(queued);
  const pause = () => task.working("retrying", {}, { trouble: true });
  const sent = await account.uploads.run(
    () =>
      withRetries(retries.video, signal, () => sendAsItIs(client, { clip, name }, { task, pause }), pause),
    signal,
  );

  if (sent.videoPath) playableClips(RED).remember(sent.videoPath);
  const now = new Date();
  const found = {
    // Of a message that has been here before.
    ...(msg.roboflow.videoPath === undefined ? {} : { videoPath: undefined }),
    ...sent,
    uploadedAt: now.toISOString(),
    expiresAt: expiryOf(sent.inputUrl, now).toISOString(),
  };
  return { msg: withAnswer(msg, { payload: sent.inputUrl }, found), done: "uploaded" };
}

/** Looks at a clip as it is now, and sends that. */
async function sendAsItIs(
  client: RoboflowClient,
  { clip, name }: { clip: Buffer | string; name: string },
  { task, pause }: { task: Task; pause: () => void },
) {
  task.working("uploading", { percent: 0 });
  const { video, container } = await openSource(clip, name || nameless);
  const fileName = name || `${nameless}.${container}`;
  const uploadName = uploadNameOf(fileName, task.id, container);
  const percent = (bytes: number) => Math.min(100, Math.floor((100 * bytes) / video.size));
  const inputUrl = await client.upload(uploadName, video, {
    signal: task.signal,
    progress: (bytes) => task.working("uploading", { percent: percent(bytes) }),
    pause,
  });
  return {
    fileName,
    uploadName,
    fileSize: video.size,
    inputUrl,
    ...(typeof clip === "string" ? { videoPath: clip } : {}),
  };
}

/** The clip's own name: the node's, the message's or the path's last part; empty where nothing gives one. */
async function nameOf(
  RED: NodeAPI,
  node: Node,
  { fileName }: UploadSettings,
  msg: NodeMessage,
  video: unknown,
): Promise<string> {
  const own = lastPart((await render(RED, node, fileName, msg, "path")).trim());
  const { filename } = msg as { filename?: unknown };
  const given = typeof filename === "string" ? lastPart(filename.trim()) : "";
  return own || given || (typeof video === "string" ? lastPart(video) : "");
}
