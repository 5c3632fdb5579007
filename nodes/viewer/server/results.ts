import { randomUUID } from "node:crypto";
import { open, rm, stat } from "node:fs/promises";
import path from "node:path";
import { EventLoopYield } from "../../event-loop";
import { openResult, type ResultFile, saveText, VideoError } from "../../roboflow";
import { makeFolder } from "../../runtime/folders";
import { detectionsIn } from "./detections";
import { type ClipFacts, clipTime, imageOf } from "./reading";
import type { Recording } from "./recording";
import type { StoredClip } from "./stored-clip";

/** A whole result: as one value, or in a file. */
export type ResultSource = { value: Record<string, unknown> } | { file: string };

/** Bytes looked at to tell a result as downloaded from a table or a list of lines. */
const headBytes = 64;

/**
 * Reads a whole result into a clip, in small stretches. A clip that another message has given a newer result meanwhile
 * keeps that one.
 *
 * @throws VideoError RESULT when it is damaged, INPUT when the file is none, ABORTED; the file system's error
 */
export async function recordResult(
  clip: StoredClip,
  options: { source: ResultSource; facts: ClipFacts; spool: string; signal: AbortSignal },
): Promise<void> {
  const { signal } = options;
  try {
    await readResult(clip, options);
  } catch (error) {
    throw signal.aborted ? new VideoError("ABORTED", "aborted") : error;
  }
}

async function readResult(
  clip: StoredClip,
  { source, facts, spool, signal }: Parameters<typeof recordResult>[1],
): Promise<void> {
  if ("file" in source) {
    if (!(await isResultFile(source.file))) {
      // A table or lines: there is nothing to draw, and the clip is done.
      clip.reach("finished");
      return clip.save();
    }
    return withResult(source.file);
  }
  const copy = path.join(spool, `${randomUUID()}.json`);
  await makeFolder(spool, 0o700);
  try {
    // The reader of results reads files, and knows all of their kinds.
    await saveText(copy, jsonOf(source.value), signal);
    await withResult(copy);
  } finally {
    await rm(copy, { force: true }).catch(() => {});
  }

  async function withResult(file: string): Promise<void> {
    const result = await openResult(file, { signal, models: facts.models });
    try {
      clip.file.resultFrames = result.summary.frames;
      const recording = clip.record(JSON.stringify(["result", facts.jobId ?? "", randomUUID()]), "frames");
      if (recording) await record(clip, recording, result, signal);
    } finally {
      await result.close();
    }
  }
}

async function record(
  clip: StoredClip,
  recording: Recording,
  result: ResultFile,
  signal: AbortSignal,
): Promise<void> {
  const { models } = result;
  for await (const rows of result.rows()) {
    signal.throwIfAborted();
    if (!clip.isCurrent(recording)) return;
    for (const { index, frame, time, entries } of rows) {
      const detections = new Map(entries.map((entry, at) => [models[at] as string, detectionsIn(entry)]));
      const image = entries
        .map((entry) => imageOf((entry as { image?: unknown } | null)?.image))
        .find(Boolean);
      recording.addFrame(index, { frame, time: clipTime(time), image: image ?? null, detections });
    }
    clip.touch();
    clip.saveIfDue();
  }
  if (clip.isCurrent(recording)) clip.complete();
}

/**
 * Whether a file holds a result as downloaded, by its beginning.
 *
 * @throws VideoError INPUT when it is no regular file: a pipe would hold the reader for ever.
 */
async function isResultFile(file: string): Promise<boolean> {
  const stats = await stat(file).catch((cause) => {
    throw new VideoError("INPUT", "noSuchFile", { values: { path: file }, cause });
  });
  if (!stats.isFile()) throw new VideoError("INPUT", "notRegularFile", { values: { path: file } });
  const handle = await open(file, "r").catch((cause) => {
    throw new VideoError("INPUT", "fileNotReadable", { values: { path: file }, cause });
  });
  try {
    const head = Buffer.alloc(headBytes);
    const { bytesRead } = await handle.read(head, 0, headBytes, 0);
    // A line of frames begins with the frame's number.
    const text = head
      .toString("utf8", 0, bytesRead)
      .replace(/^\ufeff/, "")
      .trimStart();
    return text.startsWith("{") && !text.startsWith('{"frame":');
  } finally {
    await handle.close();
  }
}

/** A value as JSON text, an entry of its lists at a time: the whole as one text may be more than memory holds. */
async function* jsonOf(value: Record<string, unknown>): AsyncGenerator<string, void, undefined> {
  const loop = new EventLoopYield();
  let separator = "{";
  for (const [key, member] of Object.entries(value)) {
    yield `${separator}${JSON.stringify(key)}:`;
    separator = ",";
    if (!Array.isArray(member)) {
      yield JSON.stringify(member) ?? "null";
      continue;
    }
    let text = "[";
    for (const [index, entry] of member.entries()) {
      text += `${index > 0 ? "," : ""}${JSON.stringify(entry) ?? "null"}`;
      if (!loop.isDue) continue;
      yield text;
      text = "";
      await loop.yield();
    }
    yield `${text}]`;
  }
  yield separator === "{" ? "{}" : "}";
}
