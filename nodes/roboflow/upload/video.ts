import { open, stat } from "node:fs/promises";
import { describeValue } from "../describe-value";
import { type ErrorReason, VideoError } from "../errors";
import { Fingerprint } from "./fingerprint";

/** A video that can be read again for every try of its upload. */
export interface Video {
  /** Bytes. */
  readonly size: number;
  /** Reads it from its start. A chunk is good until the next one is asked for: its memory is used again. */
  chunks(): AsyncIterable<Buffer>;
  /** Fails with INPUT when what was read last is no longer what is there. */
  verify(): Promise<void>;
}

/** Bytes read and sent at a time. */
const chunkSize = 512 * 1024;

/**
 * A video file as it is now: there, and not empty. Whether it can be read shows when it is.
 *
 * @throws VideoError INPUT or STORAGE, see `fileError`.
 */
export async function videoFile(file: string): Promise<Video> {
  const { size, modified } = await lookAt(file);
  if (size === 0) throw new VideoError("INPUT", "videoEmpty", { values: { path: file } });
  let sent: Fingerprint | undefined;
  return {
    size,
    async *chunks() {
      const fingerprint = new Fingerprint(size);
      sent = fingerprint;
      for await (const chunk of readChunks(file, size)) {
        fingerprint.update(chunk);
        yield chunk;
      }
    },
    verify: async () => {
      const now = await lookAt(file);
      if (now.size !== size) throw videoChanged(file);
      // A copy, a backup or an FTP client may set the time of change and nothing else.
      if (now.modified !== modified && (await fingerprintOf(file, size)) !== sent?.digest())
        throw videoChanged(file);
    },
  };
}

/**
 * A video in memory; it is sent in slices, without a copy.
 *
 * @param name shown in an error.
 * @throws VideoError INPUT
 */
export function videoBuffer(buffer: Buffer, name: string): Video {
  if (buffer.length === 0) throw new VideoError("INPUT", "videoEmpty", { values: { path: name } });
  return {
    size: buffer.length,
    async *chunks() {
      for (let at = 0; at < buffer.length; at += chunkSize) yield buffer.subarray(at, at + chunkSize);
    },
    verify: async () => {},
  };
}

/** Characters; no system takes more. */
const longestPath = 4096;

/**
 * Whether a text can be the path of a file. A video that somebody has read as a text is longer, or has bytes in it that
 * are no text.
 */
export const canBePath = (text: string): boolean =>
  text !== "" && text.length <= longestPath && !text.includes("\0") && !text.includes("\ufffd");

/** Whether a text is meant as a URL, of whatever kind and whether it can be read or not: as a path it makes no sense. */
export const looksLikeUrl = (text: string): boolean => /^[a-z][a-z\d+.-]{1,20}:\/\//i.test(text);

/** The error for a value that is neither a path, nor a Buffer, nor a URL. */
export function notAVideo(value: unknown): VideoError {
  const description = describeValue(value);
  const reason = description.found === "longText" ? "textNotPath" : "notAVideo";
  return new VideoError("INPUT", reason, { values: { value: description } });
}

const fileReasons: Record<string, ErrorReason> = {
  ENOENT: "noSuchFile",
  ENOTDIR: "noSuchFile",
  ENAMETOOLONG: "noSuchFile",
  EACCES: "fileNotReadable",
  EPERM: "fileNotReadable",
};
const tooManyOpenFiles = new Set(["EMFILE", "ENFILE"]);

/** What to say of a failure of the file system when a video is opened or read. */
export function fileError(file: string, cause: unknown, reason: ErrorReason = "fileTrouble"): VideoError {
  if (cause instanceof VideoError) return cause;
  const { code = "" } = cause as NodeJS.ErrnoException;
  const values = { path: file };
  // Of this computer, and passing; the video may be as good as any.
  if (tooManyOpenFiles.has(code)) return new VideoError("STORAGE", "tooManyOpenFiles", { values, cause });
  return new VideoError("INPUT", fileReasons[code] ?? reason, { values, cause });
}

async function lookAt(file: string): Promise<{ size: number; modified: number }> {
  const refuse = (reason: ErrorReason): never => {
    throw new VideoError("INPUT", reason, { values: { path: file } });
  };
  // Opening a pipe would wait until somebody writes into it.
  const stats = await stat(file).catch((error) => {
    throw fileError(file, error);
  });
  if (stats.isDirectory()) refuse("isFolder");
  if (!stats.isFile()) refuse("notRegularFile");
  return { size: stats.size, modified: stats.mtimeMs };
}

const videoChanged = (file: string) => new VideoError("INPUT", "videoChanged", { values: { path: file } });

/**
 * A file's first `size` bytes. They go round in two buffers: with a new one for each chunk, as `createReadStream` makes
 * them, garbage collection takes longer than the sending: 1 GiB inside a Node-RED took 1.4 to 8 times as long as curl on
 * a busy machine. With these it takes about as long as curl in a process of its own.
 */
async function* readChunks(file: string, size: number): AsyncGenerator<Buffer> {
  const bufferSize = Math.min(chunkSize, size);
  let [free, used] = [Buffer.allocUnsafeSlow(bufferSize), Buffer.allocUnsafeSlow(bufferSize)];
  try {
    const handle = await open(file, "r");
    const read = (position: number) => {
      const reading = handle.read(free, 0, Math.min(bufferSize, size - position), position);
      // It may fail before anybody waits for it.
      reading.catch(() => {});
      [free, used] = [used, free];
      return reading;
    };
    let ahead = read(0);
    try {
      for (let position = 0; position < size; ) {
        const { buffer, bytesRead } = await ahead;
        if (bytesRead === 0) throw videoChanged(file);
        position += bytesRead;
        if (position < size) ahead = read(position);
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await ahead.catch(() => {});
      await handle.close();
    }
  } catch (error) {
    throw fileError(file, error, "videoReadFailed");
  }
}

async function fingerprintOf(file: string, size: number): Promise<string> {
  const fingerprint = new Fingerprint(size);
  for await (const chunk of readChunks(file, size)) fingerprint.update(chunk);
  return fingerprint.digest();
}
