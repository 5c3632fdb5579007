import { open, stat } from "node:fs/promises";
import path from "node:path";
import type { NodeAPI } from "node-red";
import {
  csvOf,
  jsonLinesOf,
  openResult,
  projectSlugs,
  type ResultSummary,
  saveText,
  saveTo,
  VideoError,
} from "../roboflow";
import { checkName } from "../runtime/folders";
import { clipNames } from "../runtime/message";
import { resolvePath } from "../runtime/paths";
import type { Outcome, Task } from "../runtime/runner/step";
import { textOr } from "../runtime/settings";
import { hasTag, render } from "../runtime/templates";
import { UserFile } from "../runtime/user-file";
import { megabytes, noteCounts, type ResultRequest } from "./result-request";
import { withFilteredResult } from "./spool";

/** Bytes up to which a written file is read through once more, for the counts in `msg.roboflow`. */
const countedFile = 32 * 1024 * 1024;

/** Output `file`: the result as it came, a frame per line or a prediction per row. */
export async function writeFile(request: ResultRequest): Promise<Outcome> {
  const { RED, settings, task } = request;
  const { msg, signal } = task;
  const target = await targetPath(request);
  const file = await UserFile.begin(RED, target);
  try {
    const damage =
      settings.format === "json"
        ? await writeAsDownloaded(request, file.unfinished)
        : await writeAsText(request, file.unfinished);
    signal.throwIfAborted();
    await file.finish();
    msg.payload = target;
    msg.filename = target;
    delete msg.roboflow.damaged;
    if (damage) {
      msg.roboflow.damaged = true;
      request.warn("damagedResultKept", { problem: request.describe(damage), path: target });
    }
    return { msg, done: "fileWritten" };
  } finally {
    await file.discard();
  }
}

/** @returns how the result is damaged: what was paid for is kept all the same. */
async function writeAsDownloaded(
  { task, fetch }: ResultRequest,
  file: string,
): Promise<VideoError | undefined> {
  await fetch((incoming) => saveTo(file, incoming, megabytes(task)));
  try {
    const summary = await checkFile(file, task);
    if (summary) noteCounts(task, summary);
    return undefined;
  } catch (error) {
    if (error instanceof VideoError && error.code === "RESULT") return error;
    throw error;
  }
}

async function writeAsText(request: ResultRequest, file: string): Promise<undefined> {
  const { settings, task } = request;
  const { filter, skipEmpty, format } = settings;
  const { fileName: clip, jobId: job } = clipNames(task.msg);
  await withFilteredResult(request, (result) => {
    const text =
      format === "csv" ? csvOf(result, filter, { clip, job }) : jsonLinesOf(result, filter, { skipEmpty });
    return saveText(file, text, task.signal);
  });
}

async function targetPath({ RED, node, settings, task }: ResultRequest): Promise<string> {
  const name = (await render(RED, node, settings.filename, task.msg, "path")).trim();
  if (!name) throw new VideoError("INPUT", "noFilename");
  return path.resolve(resolvePath(RED, name));
}

/**
 * Checks what can be known of a file name without a message: at deploy time, before a job is paid for.
 *
 * @throws VideoError CONFIG when there is none, or one without tags that the disk does not take.
 */
export async function checkFilename(RED: NodeAPI, filename: unknown): Promise<void> {
  const name = textOr(filename, "").trim();
  if (!name) throw new VideoError("CONFIG", "noFilename");
  if (hasTag(name)) return;
  await checkName(path.resolve(resolvePath(RED, name))).catch(({ reason, values, cause }: VideoError) => {
    throw new VideoError("CONFIG", reason, { values, cause });
  });
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
    // UTF-8, without the byte order mark that may stand first.
    const [first, last] = [start, end].map((bytes) => bytes.toString("utf8").trim());
    const isWhole = first?.startsWith("{") && last?.endsWith("}");
    if (!isWhole) throw new VideoError("RESULT", "resultCut");
    return undefined;
  } finally {
    await handle.close();
  }
}
