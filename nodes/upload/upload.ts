import path from "node:path";
import type { Node, NodeAPI, NodeDef, NodeMessage } from "node-red";
import {
  canBePath,
  expiryOf,
  isHttpUrl,
  looksLikeUrl,
  Network,
  notAVideo,
  retries,
  Semaphore,
  withRetries,
} from "../roboflow";
import { type AccountNode, requireAccount } from "../runtime/accounts";
import { tlsOptions } from "../runtime/core-nodes";
import { type Clip, withAnswer } from "../runtime/message";
import { resolvePath } from "../runtime/paths";
import { playableClips } from "../runtime/playable";
import { Runner } from "../runtime/runner/runner";
import type { Outcome, Task } from "../runtime/runner/step";
import { checkConfig, flagSetting, settingsOf } from "../runtime/settings";
import { queued } from "../runtime/status";
import { render } from "../runtime/templates";
import { text } from "../runtime/text";
import { readInput } from "../runtime/typed-input";
import { registerUploadRoutes } from "./admin";
import { type ClipPlace, type ClipStore, clipStoreOf } from "./clip-store";
import { shownUrl, withoutLogin } from "./fetch/fetch-clip";
import { fetchHere } from "./fetch/fetch-here";
import { isFetched, loginFor, nameInUrl } from "./fetch/remote";
import { lastPart, nameless, uploadNameOf } from "./names";
import { type UploadCredentials, type UploadOptions, uploadDefaults } from "./options";
import { readSettings, type UploadSettings } from "./settings";
import { openSource, type Source } from "./source";

/** Tries to fetch a clip that one node makes at a time: a camera is a small machine. */
const fetchesAtOnce = 4;

/** Uploads a video and passes its input URL on. */
export default function upload(RED: NodeAPI): void {
  registerUploadRoutes(RED);

  function Upload(this: Node, saved: NodeDef & Partial<UploadOptions>): void {
    RED.nodes.createNode(this, saved);
    const options = { ...uploadDefaults, ...saved };
    const credentials = (this.credentials ?? {}) as UploadCredentials;
    const settings = settingsOf(saved, () => readSettings(options, credentials));
    const resume = flagSetting(options.resume, uploadDefaults.resume);
    const limit = new Semaphore(fetchesAtOnce);
    const store = clipStoreOf(RED);
    let fetching: Network | undefined;
    const network = () => {
      fetching ??= new Network({ tls: tlsOptions(RED, options.tls) });
      return fetching;
    };
    const runner = new Runner(RED, this, {
      name: "upload",
      account: options.account,
      resume,
      // As large as it may be, it is not written to disk as well.
      worksInMemory: (msg) => Buffer.isBuffer(propertyOf(RED, msg, options)),
      work: (task) => work({ RED, node: this, settings: settings(), resume, network, limit, store, task }),
    });

    const keepClips = () => {
      const keeper = {
        keepMs: settings().keepMs,
        filesInJournal: () => runner.filesInJournal(),
        idsInHand: () => runner.idsInHand(),
      };
      store.join(this.id, keeper);
      this.on("close", () => store.leave(this.id, keeper));
      void runner.restored.then(() => store.sweep());
    };
    checkConfig(runner, keepClips, network, () => requireAccount(RED, options.account).client());
    this.on("close", () => fetching?.close());
  }
  RED.nodes.registerType("roboflow-video-upload", Upload as never, {
    credentials: { user: { type: "text" }, password: { type: "password" } },
  });
}

/** The property of the message that the video is taken from, if it is one. */
function propertyOf(RED: NodeAPI, msg: NodeMessage, { video, videoType }: UploadOptions): unknown {
  try {
    return videoType === "msg" ? RED.util.getMessageProperty(msg, video) : undefined;
  } catch {
    return undefined;
  }
}

/** What the work on a message needs of its node. */
interface Work {
  RED: NodeAPI;
  node: Node;
  settings: UploadSettings;
  resume: boolean;
  /** For fetching clips; throws a VideoError CONFIG when its TLS settings cannot be used. */
  network: () => Network;
  limit: Semaphore;
  store: ClipStore;
  task: Task;
}

async function work(use: Work): Promise<Outcome> {
  const { RED, node, settings, resume, store, task } = use;
  const account = requireAccount(RED, settings.account);
  account.client();
  const video = await readInput(RED, node, settings.video, task.msg, "video");
  if (isHttpUrl(video) && !isFetched(video, settings)) {
    const fileName = await nameOf(use, video);
    const found = {
      ...withoutFactsOfFile(task.msg.roboflow),
      ...(fileName ? { fileName } : {}),
      inputUrl: video,
    };
    return { msg: withAnswer(task.msg, { payload: video }, found), done: "passedOn" };
  }
  if (!Buffer.isBuffer(video) && !isHttpUrl(video) && !isPath(video)) throw notAVideo(video);

  const place = store.place(node.id, task.id);
  try {
    const { sent, file } = await fetchAndSend(video, { ...use, account, place });
    const isOurs = file !== undefined && place.has(file);
    const stays = isOurs && settings.keepMs > 0;
    if (stays) await place.keep(file);
    else await place.remove();

    const videoPath = isOurs && !stays ? undefined : file;
    if (videoPath) playableClips(RED).remember(videoPath);

    const now = new Date();
    const found = {
      ...withoutFactsOfFile(task.msg.roboflow),
      ...sent,
      ...(videoPath ? { videoPath } : {}),
      uploadedAt: now.toISOString(),
      expiresAt: expiryOf(sent.inputUrl, now).toISOString(),
    };
    return { msg: withAnswer(task.msg, { payload: sent.inputUrl }, found), done: "uploaded" };
  } catch (error) {
    // Cut off by a deploy: whoever goes on with the message goes on with what was fetched.
    if (task.signal.aborted && resume) place.leave();
    else await place.remove();
    throw error;
  }
}

const isPath = (video: unknown): video is string =>
  typeof video === "string" && canBePath(video) && !looksLikeUrl(video);

/** What `msg.roboflow` says of a file that was sent. */
const factsOfFile = ["uploadName", "fileSize", "videoPath", "video", "uploadedAt", "expiresAt"] as const;

/** Takes out what a message that has been here before says of another file. */
function withoutFactsOfFile(clip: Clip): Partial<Clip> {
  const said = factsOfFile.filter((name) => clip[name] !== undefined);
  return Object.fromEntries(said.map((name) => [name, undefined]));
}

interface Sending extends Work {
  account: AccountNode;
  place: ClipPlace;
}

/** @param video a Buffer, a path, or a URL of a clip that is fetched. */
async function fetchAndSend(video: Buffer | string, use: Sending) {
  const { RED, node, settings, network, limit, place, task, account } = use;
  const { signal } = task;
  const name = await nameOf(use, video);
  const isUrl = isHttpUrl(video);
  let clip = video;
  let shown = name || nameless;
  if (isUrl) {
    shown = shownUrl(withoutLogin({ url: video }));
    const remote = { url: video, login: loginFor(video, settings), waitMs: settings.waitMs };
    clip = await fetchHere(remote, { network: network(), limit, place, task });
  } else if (typeof video === "string") {
    clip = path.resolve(resolvePath(RED, video));
    shown = clip;
  }

  const uploads = account.uploads();
  if (uploads.full) task.working(queued);
  const pause = () => task.working("retrying", {}, { trouble: true });
  const { source, ...sent } = await uploads.run(
    () => withRetries(retries.video, signal, () => lookAndSend(clip, { ...use, name, shown, pause }), pause),
    signal,
  );
  if (source.note) node.warn(text(RED, `warnings.${source.note}`, { path: shown }, account.secrets()));
  return { sent, file: source.file };
}

/** Looks into a clip as it is now, and sends that. */
async function lookAndSend(
  clip: Buffer | string,
  {
    settings,
    task,
    account,
    place,
    name,
    shown,
    pause,
  }: Sending & { name: string; shown: string; pause: () => void },
) {
  const { signal } = task;
  task.working("uploading", { percent: 0 });
  const source: Source = await openSource(clip, {
    shown,
    keepSound: settings.keepSound,
    place,
    signal,
    rewriting: () => task.working("converting"),
  });
  const { size } = source.video;
  const fileName = name || `${nameless}.${source.extension}`;
  const uploadName = uploadNameOf(fileName, task.id, source.extension);
  const inputUrl = await account.client().upload(uploadName, source.video, {
    signal,
    progress: (bytes) =>
      task.working("uploading", { percent: Math.min(100, Math.floor((100 * bytes) / size)) }),
    pause,
  });
  return { source, fileName, uploadName, fileSize: size, video: source.facts, inputUrl };
}

/** The clip's own name: the node's, the message's or the path's or URL's last part; empty where nothing gives one. */
async function nameOf({ RED, node, settings, task }: Work, video: Buffer | string): Promise<string> {
  const { msg } = task;
  const own = lastPart((await render(RED, node, settings.fileName, msg, "path")).trim());
  const { filename } = msg as { filename?: unknown };
  const given = typeof filename === "string" ? lastPart(filename.trim()) : "";
  if (own || given || Buffer.isBuffer(video)) return own || given;
  return lastPart(isHttpUrl(video) ? nameInUrl(video) : video);
}
