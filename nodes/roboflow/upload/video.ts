import { open, stat } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { describeValue } from "../describe-value";
import { type ErrorReason, VideoError } from "../errors";
import { FileReadStream } from "./file-read-stream";

/** A video that can be read again for every try of its upload. */
export interface Video {
  /** Bytes. */
  size: number;
  /** Opens it from the start; `sent` tells the bytes read from it so far. */
  open(): { stream: Readable; sent: () => number };
  /** Fails when the video is no longer what it was at the check. */
  verify(): Promise<void>;
}

/** Bytes of a Buffer sent at a time. */
const pieceSize = 512 * 1024;

const starts = {
  mp4: (head: Buffer) =>
    ["ftyp", "moov", "mdat", "free", "skip", "wide", "styp"].includes(head.toString("latin1", 4, 8)),
  avi: (head: Buffer) =>
    head.toString("latin1", 0, 4) === "RIFF" && head.toString("latin1", 8, 12) === "AVI ",
  mkv: (head: Buffer) => head.readUInt32BE(0) === 0x1a45dfa3,
  webm: (head: Buffer) => head.readUInt32BE(0) === 0x1a45dfa3,
};
const headSize = 12;

const isAccepted = (extension: string): extension is keyof typeof starts => Object.hasOwn(starts, extension);
const acceptedExtensions = Object.keys(starts).join(", ");

/**
 * Checks that a name has an extension that the API takes (docs/api.md, "Limits"). */
function checkExtension(fileName: string): void {
  const extension = path.extname(fileName).slice(1).toLowerCase();
  if (!isAccepted(extension))
    throw new VideoError("INPUT", "videoExtension", {
      values: { name: fileName, extensions: acceptedExtensions },
    });
}

/**
 * A video file: checked to exist, be readable, not be empty, and begin as its name says.
 *
 * @throws VideoError INPUT
 */
export async function videoFile(file: string, fileName: string): Promise<Video> {
  const before = await inspect(file, fileName);
  return {
    size: before.size,
    open: () => {
      const stream = new FileReadStream(file, before.size);
      return { stream, sent: () => stream.position };
    },
    verify: async () => {
      const after = await inspect(file, fileName);
      if (after.size !== before.size || after.modified !== before.modified)
        throw new VideoError("INPUT", "videoChanged", { values: { path: file } });
    },
  };
}

/**
 * A video in memory, checked like a file; it is sent in slices, without a copy.
 *
 * @throws VideoError INPUT
 */
export function videoBuffer(buffer: Buffer, fileName: string): Video {
  checkExtension(fileName);
  if (buffer.length === 0) throw new VideoError("INPUT", "videoEmpty", { values: { path: fileName } });
  checkStart(buffer, fileName, fileName);
  return {
    size: buffer.length,
    open: () => {
      let position = 0;
      const stream = new Readable({
        highWaterMark: pieceSize,
        read() {
          const piece = buffer.subarray(position, position + pieceSize);
          position += piece.length;
          this.push(piece.length > 0 ? piece : null);
        },
      });
      return { stream, sent: () => position };
    },
    verify: async () => {},
  };
}

/** The last part of a path of either kind, Windows or POSIX. */
export const lastPart = (file: string): string => file.split(/[\\/]/).pop() ?? "";

/** What to tell of an error of the file system, by its code. */
const openFailures: Record<string, ErrorReason> = {
  ENOENT: "noSuchFile",
  ENOTDIR: "noSuchFile",
  EACCES: "fileNotReadable",
  EPERM: "fileNotReadable",
};

async function inspect(file: string, fileName: string): Promise<{ size: number; modified: number }> {
  const refused = (cause: NodeJS.ErrnoException) => {
    throw new VideoError("INPUT", openFailures[cause.code ?? ""] ?? "fileTrouble", {
      values: { path: file },
      cause,
    });
  };
  // Before it is opened: opening a pipe waits until somebody writes into it.
  const stats = await stat(file).catch(refused);
  if (stats.isDirectory()) throw new VideoError("INPUT", "isFolder", { values: { path: file } });
  if (!stats.isFile()) throw new VideoError("INPUT", "notRegularFile", { values: { path: file } });
  checkExtension(fileName);
  if (stats.size === 0) throw new VideoError("INPUT", "videoEmpty", { values: { path: file } });
  const handle = await open(file, "r").catch(refused);
  try {
    const head = Buffer.alloc(headSize);
    const { bytesRead } = await handle.read(head, 0, headSize, 0);
    checkStart(head.subarray(0, bytesRead), fileName, file);
    return { size: stats.size, modified: stats.mtimeMs };
  } finally {
    await handle.close();
  }
}

function checkStart(head: Buffer, fileName: string, shown: string): void {
  const extension = path.extname(fileName).slice(1).toLowerCase() as keyof typeof starts;
  if (head.length < headSize || !starts[extension](head))
    throw new VideoError("INPUT", "videoContent", { values: { path: shown, extension } });
}

/** The error for a value that is neither a path, nor a Buffer, nor a URL. */
export const notAVideo = (value: unknown): VideoError =>
  new VideoError("INPUT", "notAVideo", { values: { value: describeValue(value) } });
