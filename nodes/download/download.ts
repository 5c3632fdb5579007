import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import type { Node, NodeAPI, NodeDef } from "node-red";
import {
  checkResultSize,
  describeValue,
  type Incoming,
  isHttpUrl,
  Network,
  openResult,
  projectSlugs,
  type ResultFile,
  type ResultSummary,
  saveAndOpen,
  saveTo,
  VideoError,
} from "../roboflow";
import { checkAccount, checkConfig, requireAccount } from "../runtime/accounts";
import { resolvePath, spoolFolder } from "../runtime/paths";
import { Runner } from "../runtime/runner/runner";
import type { Outcome, Task } from "../runtime/runner/step";
import { Semaphore } from "../runtime/semaphore";
import { queued } from "../runtime/status";
import { render } from "../runtime/templates";
import { fractionSetting, readInput, settingsOf, textOr } from "../runtime/values";
import { emitFrames, type FrameChoice } from "./emit";
import { fetchResult } from "./fetch";
import { type DownloadOptions, downloadDefaults } from "./options";

/** Downloads of one node at a time: after a restart there may be many to take up again. */
const downloadsAtOnce = 4;
/** Bytes up to which a written file is read through once more, for the counts in `msg.roboflow`. */
const countedFile = 32 * 1024 * 1024;

/** Fetches the result of a job: as one value, one message a frame, or a file. */
export default function download(RED: NodeAPI): void {
  function Download(this: Node, saved: NodeDef & Partial<DownloadOptions>): void {
    RED.nodes.createNode(this, saved);
    const options = { ...downloadDefaults, ...saved };
    const settings = settingsOf(saved, () => frameChoice(options));
    const network = new Network();
    const turns = new Semaphore(downloadsAtOnce);

    const runner = new Runner(RED, this, {
      name: "download",
      account: options.account,
      resume: options.resume !== false,
      outcomeIsRemade: true,
      work: (task) => {
        if (turns.full) task.working(queued);
        return turns.run(() => work(task), task.signal);
      },
    });
    checkConfig(runner, settings);
    if (options.account) checkAccount(RED, options.account, runner);
    this.on("close", () => network.close());

    const work = async (task: Task): Promise<Outcome> => {
      const choice = settings();
      const account = options.account ? requireAccount(RED, options.account) : undefined;
      const source = { url: await resultUrl(task), network: account?.client().network ?? network, account };
      const fetch = <T>(take: (incoming: Incoming) => Promise<T>) => fetchResult(source, task, take);
      task.working("downloading", { megabytes: 0 });
      if (options.output === "frames") return asFrames(task, fetch, choice);
      if (options.output === "file") return asFile(task, fetch);
      return asValue(task, fetch);
    };
    type Fetch = <T>(take: (incoming: Incoming) => Promise<T>) => Promise<T>;

    async function resultUrl({ msg }: Task): Promise<string> {
      const { url, urlType } = options;
      let found = await readInput(RED, self, { value: url, type: urlType }, msg, "url");
      const isDefault = url === downloadDefaults.url && urlType === downloadDefaults.urlType;
      if (isDefault && !isHttpUrl(found)) found = msg.roboflow.outputUrl ?? found;
      if (!isHttpUrl(found))
        throw new VideoError("INPUT", "resultUrl", { values: { value: describeValue(found) } });
      return found;
    }

    async function asValue(task: Task, fetch: Fetch): Promise<Outcome> {
      const { msg } = task;
      return withSpool(task, fetch, { checkSize: checkResultSize }, async (result) => {
        msg.payload = await result.value();
        Object.assign(msg.roboflow, counts(result.summary));
        return { msg, done: "downloaded" };
      });
    }

    async function asFrames(task: Task, fetch: Fetch, choice: FrameChoice): Promise<Outcome> {
      return withSpool(task, fetch, {}, async (result) => {
        Object.assign(task.msg.roboflow, counts(result.summary));
        const sent = await emitFrames(RED, result, choice, task);
        return { done: "framesSent", values: { count: sent } };
      });
    }

    /** Has a result read from a file that is gone afterwards. */
    async function withSpool(
      task: Task,
      fetch: Fetch,
      { checkSize }: { checkSize?: (bytes: number) => void },
      use: (result: ResultFile) => Promise<Outcome>,
    ): Promise<Outcome> {
      const spool = path.join(spoolFolder(RED), `${task.id}.json`);
      await makeFolder(path.dirname(spool), 0o700);
      try {
        const { signal } = task;
        const models = projectSlugs(task.msg.roboflow.models);
        const result = await fetch((incoming) =>
          saveAndOpen(spool, incoming, { signal, progress: megabytes(task), models, checkSize }),
        );
        try {
          return await use(result);
        } finally {
          await result.close();
        }
      } finally {
        await rm(spool, { force: true });
      }
    }

    async function asFile(task: Task, fetch: Fetch): Promise<Outcome> {
      const { msg } = task;
      const file = await targetFile(task);
      // The same after a kill, so that what that has left is written over.
      const partial = `${file}.${task.id}.part`;
      await makeFolder(path.dirname(file));
      await refuseOther(file);
      try {
        await fetch((incoming) => saveTo(partial, incoming, megabytes(task)));
        const summary = await checkFile(partial, task);
        await rename(partial, file).catch(cannotWrite(file));
        msg.payload = file;
        msg.filename = file;
        if (summary) Object.assign(msg.roboflow, counts(summary));
        return { msg, done: "fileWritten" };
      } finally {
        await rm(partial, { force: true });
      }
    }

    async function targetFile({ msg }: Task): Promise<string> {
      const name = (await render(RED, self, textOr(options.filename, ""), msg, "path")).trim();
      if (!name) throw new VideoError("INPUT", "noFilename");
      return path.resolve(resolvePath(RED, name));
    }

    const self = this;
  }
  RED.nodes.registerType("roboflow-video-download", Download as never);
}

const counts = ({ frames, detections, classes, nullFrames }: ResultSummary) => ({
  frames,
  detections,
  classes,
  nullFrames,
});

/** @throws VideoError CONFIG */
const frameChoice = ({ minConfidence, classes, skipEmpty }: DownloadOptions): FrameChoice => ({
  minConfidence: fractionSetting(minConfidence, downloadDefaults.minConfidence, { reason: "minConfidence" }),
  classes: textOr(classes, "")
    .split(",")
    .map((name) => name.trim())
    .filter(Boolean),
  skipEmpty: skipEmpty === true,
});

/** Shows how far a download is, since its whole length is not always known. */
const megabytes =
  (task: Task) =>
  (bytes: number): void =>
    task.working("downloading", { megabytes: Math.floor(bytes / 1e6) });

const cannotWrite = (file: string) => (cause: unknown) => {
  throw new VideoError("STORAGE", "cannotWrite", { values: { path: file }, cause });
};

/** Step by step: Node's own `recursive` never comes back from below a place such as /proc. */
async function makeFolder(folder: string, mode?: number): Promise<void> {
  const make = () =>
    mkdir(folder, { mode }).catch(async (error) => {
      const there = await stat(folder).catch(() => undefined);
      if (!there?.isDirectory()) throw error;
    });
  await make().catch(async (cause) => {
    const parent = path.dirname(folder);
    if (cause.code !== "ENOENT" || parent === folder) return cannotWrite(folder)(cause);
    await makeFolder(parent, mode);
    await make().catch(cannotWrite(folder));
  });
}

/** A folder, a device or a pipe: renaming the written file would take the place of some of them. */
async function refuseOther(file: string): Promise<void> {
  const there = await stat(file).catch(() => undefined);
  if (there && !there.isFile()) cannotWrite(file)(new Error("something other than a file is there"));
}

/**
 * Makes sure that a file is no half of a result: a small one is read through, of a big one the two ends are
 * looked at, since reading it would take longer than fetching it.
 *
 * @returns the counts of a small one.
 */
async function checkFile(file: string, { signal, msg }: Task): Promise<ResultSummary | undefined> {
  const { size } = await stat(file);
  if (size <= countedFile) {
    const result = await openResult(file, { signal, models: projectSlugs(msg.roboflow.models) });
    await result.close();
    return result.summary;
  }
  const handle = await open(file, "r");
  try {
    const edge = 64;
    const [start, end] = [Buffer.alloc(edge), Buffer.alloc(edge)];
    await handle.read(start, 0, edge, 0);
    await handle.read(end, 0, edge, size - edge);
    const isWhole =
      start.toString("latin1").trimStart().startsWith("{") && end.toString("latin1").trimEnd().endsWith("}");
    if (!isWhole) throw new VideoError("RESULT", "resultCut");
    return undefined;
  } finally {
    await handle.close();
  }
}
