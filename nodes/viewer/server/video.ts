import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import type { Request, Response } from "express";
import { type Container, headSize, identify } from "../../media";

/** What browsers are told; they look into the file themselves, and play mov and m4v as mp4. */
const types: Record<Container, string> = {
  mp4: "video/mp4",
  mov: "video/mp4",
  m4v: "video/mp4",
  "3gp": "video/3gpp",
  mkv: "video/x-matroska",
  webm: "video/webm",
  avi: "video/x-msvideo",
  mpegts: "video/mp2t",
};

/** A clip that stands open: everything is read from this one file, whatever its path leads to meanwhile. */
export interface OpenVideo {
  handle: FileHandle;
  type: string;
  size: number;
  modified: Date;
}

/**
 * Opens a clip for playing.
 *
 * @returns undefined where there is no regular file, or none that is a video by its bytes.
 */
export async function openVideo(file: string): Promise<OpenVideo | undefined> {
  let handle: FileHandle | undefined;
  try {
    // A pipe would keep a thread until somebody writes to it.
    handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stats = await handle.stat();
    const head = Buffer.alloc(headSize);
    const { bytesRead } = stats.isFile() ? await handle.read(head, 0, headSize, 0) : { bytesRead: 0 };
    const found = identify(head.subarray(0, bytesRead));
    if ("container" in found)
      return { handle, type: types[found.container], size: stats.size, modified: stats.mtime };
  } catch {
    // Not there, or not ours to read.
  }
  await handle?.close().catch(() => {});
  return undefined;
}

/** Sends a clip, or the part of it that a player asks for, and closes it. */
export async function sendVideo(request: Request, response: Response, video: OpenVideo): Promise<void> {
  const { handle, type, size, modified } = video;
  try {
    const tag = `"${size.toString(36)}-${modified.getTime().toString(36)}"`;
    response.set({
      "Content-Type": type,
      "Accept-Ranges": "bytes",
      "Cache-Control": "private, no-cache",
      ETag: tag,
      "Last-Modified": modified.toUTCString(),
    });
    const condition = request.get("If-Range");
    const isSame = condition === undefined || condition === tag || condition === modified.toUTCString();
    const range = isSame ? rangeOf(request.get("Range"), size) : undefined;
    if (range === "unsatisfiable") {
      response.status(416).set("Content-Range", `bytes */${size}`).end();
      return;
    }
    const { start, end } = range ?? { start: 0, end: size - 1 };
    if (range) response.status(206).set("Content-Range", `bytes ${start}-${end}/${size}`);
    response.set("Content-Length", String(end - start + 1));
    if (request.method === "HEAD" || end < start) {
      response.end();
      return;
    }
    // A player that has enough closes the connection: that is no failure.
    await pipeline(handle.createReadStream({ start, end, autoClose: false }), response).catch(() => {});
  } finally {
    await handle.close().catch(() => {});
  }
}

/** The part of a file that is asked for; undefined for the whole, as when several parts are asked for at once. */
export function rangeOf(
  header: string | undefined,
  size: number,
): { start: number; end: number } | "unsatisfiable" | undefined {
  const [, from = "", to = ""] =
    /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.replaceAll(" ", "") ?? "") ?? [];
  if (from === "" && to === "") return undefined;
  const start = from === "" ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === "" || to === "" ? size - 1 : Math.min(Number(to), size - 1);
  if (from !== "" && to !== "" && Number(to) < start) return undefined;
  return start >= size || (from === "" && Number(to) === 0) ? "unsatisfiable" : { start, end };
}
