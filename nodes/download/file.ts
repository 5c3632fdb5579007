import { open, stat } from "node:fs/promises";
import path from "node:path";
import type { NodeAPI } from "node-red";
import { openResult, projectSlugs, type ResultSummary, saveTo, VideoError } from "../roboflow";
import { checkName } from "../runtime/folders";
import { resolvePath } from "../runtime/paths";
import type { Outcome, Task } from "../runtime/runner/step";
import { hasTag, render } from "../runtime/templates";
import { UserFile } from "../runtime/user-file";
import { textOr } from "../runtime/values";
import { megabytes, noteCounts, type ResultRequest } from "./result-request";

/** Bytes up to which a written file is read through once more, for the counts in `msg.roboflow`. */
const countedFile = 32 * 1024 * 1024;

/** Output `file`: the result as it came, on disk. */
export async function writeFile(request: ResultRequest): Promise<Outcome> {
  const { RED, task, fetch, warn } = request;
  const { msg, signal } = task;
  const target = await targetPath(request);
  const file = await UserFile.begin(RED, target);
  try {
    await fetch((incoming) => saveTo(file.unfinished, incoming, megabytes(task)));
    const { summary, damage } = await lookAt(file.unfinished, task);
    signal.throwIfAborted();
    await file.finish();
    msg.payload = target;
    msg.filename = target;
    delete msg.roboflow.damaged;
    if (summary) noteCounts(task, summary);
    if (damage) {
      msg.roboflow.damaged = true;
      warn("damagedResultKept", { problem: request.describe(damage), path: target });
    }
    return { msg, done: "fileWritten" };
  } finally {
    await file.discard();
  }
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

/** What a written result holds, and how it is damaged: what was paid for is kept all the same. */
async function lookAt(file: string, task: Task): Promise<{ summary?: ResultSummary; damage?: VideoError }> {
  try {
    return { summary: await checkFile(file, task) };
  } catch (error) {
    if (error instanceof VideoError && error.code === "RESULT") return { damage: error };
    throw error;
  }
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
