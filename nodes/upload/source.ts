import { stat } from "node:fs/promises";
import {
  type ByteSource,
  bufferSource,
  type ClipFacts,
  type Container,
  largestTransportStream,
  lookInto,
  NotAClip,
  RewriteFailed,
  rewriteClip,
  rewrittenAs,
  withFileSource,
} from "../media";
import { fileError, Semaphore, type Video, VideoError, videoBuffer, videoFile } from "../roboflow";
import { cannotWrite } from "../runtime/folders";
import type { ClipPlace } from "./clip-store";

/** A clip as it is when its turn comes, ready to be sent. */
export interface Source {
  video: Video;
  /** The path of the file that is sent; missing where it is a Buffer. */
  file?: string;
  /** Of the name that it is sent under. */
  extension: string;
  facts: VideoFacts;
  /** What is worth a warning. */
  note?: "clipUnreadable" | "soundLeftOut";
}

/** `msg.roboflow.video`: what is known of the clip that is sent; what cannot be read is left out. */
export interface VideoFacts {
  container: Container;
  codec?: string;
  /** Pixels, as shown. */
  width?: number;
  height?: number;
  /** Seconds from the first frame to the end. */
  duration?: number;
  /** Frames per second. */
  fps?: number;
}

export interface OpenOptions {
  /** What an error calls the clip. */
  shown: string;
  /** False leaves the sound out, or fails. */
  keepSound: boolean;
  /** Where a rewritten clip goes. */
  place: ClipPlace;
  signal: AbortSignal;
  /** Called before the clip is rewritten. */
  rewriting(): void;
}

/** Clips that are looked into or rewritten at a time in this process: each takes a thread, and memory of its own. */
const threads = new Semaphore(2);

/** Containers that become an mp4. */
const rewritten: readonly Container[] = ["mov", "m4v", "3gp", "mpegts"];

/** What a clip's name ends in; what begins as a QuickTime file and cannot be read is an mp4 as far as anybody can tell. */
const extensions: Record<Container, string> = {
  mp4: "mp4",
  mov: "mp4",
  m4v: "mp4",
  "3gp": "mp4",
  mkv: "mkv",
  webm: "webm",
  avi: "avi",
  mpegts: "ts",
};

/**
 * Looks into a clip, and rewrites it where it cannot be sent as it is.
 *
 * @param clip its bytes, or the path of a file.
 * @throws VideoError INPUT when it is no clip, is not finished, or cannot be sent; STORAGE when this computer cannot open
 *   it now, or cannot write the rewritten one; the signal's reason.
 */
export async function openSource(clip: Buffer | string, options: OpenOptions): Promise<Source> {
  const { signal, shown, keepSound } = options;
  // In this order: what changes from here on is noticed when it has been sent.
  const video = Buffer.isBuffer(clip) ? videoBuffer(clip, shown) : await videoFile(clip);
  const facts = await withBytes(clip, options, (bytes) =>
    threads.run(() => lookInto(bytes, signal), signal).catch(notAClip(shown)),
  );
  const asItIs = {
    video,
    ...(typeof clip === "string" ? { file: clip } : {}),
    extension: extensions[facts.container],
    facts: factsOf(facts),
  };
  if (!keepSound && !canBeSilenced(facts))
    throw new VideoError("INPUT", "soundStays", { values: { path: shown } });
  const hasSoundToLeaveOut = !keepSound && facts.tracks?.hasSound === true;
  if (!rewritten.includes(facts.container) && !hasSoundToLeaveOut)
    return facts.tracks ? asItIs : { ...asItIs, note: "clipUnreadable" };
  if (!facts.tracks) return { ...asItIs, note: "clipUnreadable" };
  try {
    return await rewrite(clip, facts, options);
  } catch (error) {
    if (!(error instanceof RewriteFailed)) throw error;
    // Our reader must not stand between a clip and Roboflow, unless it is to keep the sound back.
    if (error.reason === "unreadable" && keepSound) return { ...asItIs, note: "clipUnreadable" };
    throw cannotRewrite(error, facts, shown);
  }
}

/** Whether a clip has no sound, or can be rewritten without. */
const canBeSilenced = ({ container, tracks }: ClipFacts): boolean =>
  tracks !== undefined && (!tracks.hasSound || container !== "avi");

async function rewrite(clip: Buffer | string, facts: ClipFacts, options: OpenOptions): Promise<Source> {
  const { signal, keepSound, place, shown } = options;
  const container = rewrittenAs(facts.container);
  options.rewriting();
  let soundLeftOut = false;
  const before = await stateOf(clip);
  const file = await place.write(
    async (target) => {
      const rewriting = (bytes: ByteSource) =>
        threads.run(
          () => rewriteClip(bytes, target, { container: facts.container, keepSound }, { signal }),
          signal,
        );
      const report = await withBytes(clip, options, (bytes) =>
        rewriting(bytes).catch((error) => {
          signal.throwIfAborted();
          if (error instanceof RewriteFailed) throw error;
          return cannotWrite(target)(error);
        }),
      );
      soundLeftOut = report.soundLeftOut;
    },
    () => `rewritten.${container}`,
  );
  if ((await stateOf(clip)) !== before)
    throw new VideoError("INPUT", "videoChanged", { values: { path: shown } });
  return {
    video: await videoFile(file),
    file,
    extension: container,
    facts: { ...factsOf(facts), container },
    ...(soundLeftOut ? { note: "soundLeftOut" } : {}),
  };
}

/** What tells whether a file has changed; a Buffer does not. */
async function stateOf(clip: Buffer | string): Promise<string> {
  if (Buffer.isBuffer(clip)) return "";
  const { size, mtimeMs } = await stat(clip).catch((error) => {
    throw fileError(clip, error);
  });
  return `${size} ${mtimeMs}`;
}

async function withBytes<T>(
  clip: Buffer | string,
  { signal }: OpenOptions,
  use: (bytes: ByteSource) => Promise<T>,
): Promise<T> {
  if (Buffer.isBuffer(clip)) return use(bufferSource(clip));
  try {
    return await withFileSource(clip, use);
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof RewriteFailed ? error : fileError(clip, error);
  }
}

const notAClip =
  (shown: string) =>
  (error: unknown): never => {
    if (!(error instanceof NotAClip)) throw error;
    const values = { path: shown };
    if (error.reason === "unfinished") throw new VideoError("INPUT", "videoUnfinished", { values });
    if (error.reason === "noVideoTrack") throw new VideoError("INPUT", "noVideoTrack", { values });
    if (error.seems === "empty") throw new VideoError("INPUT", "videoEmpty", { values });
    throw new VideoError("INPUT", "videoContent", { values: { ...values, seems: { term: error.seems } } });
  };

function cannotRewrite(
  { reason, codec }: RewriteFailed,
  { container }: ClipFacts,
  shown: string,
): VideoError {
  const values = { path: shown, codec, container: rewrittenAs(container) };
  switch (reason) {
    case "codec":
      return new VideoError("INPUT", "videoCodec", { values });
    case "noVideoTrack":
      return new VideoError("INPUT", "noVideoTrack", { values });
    case "tooLarge":
      return transportStreamTooLarge(shown);
    case "unreadable":
      return new VideoError("INPUT", "soundStays", { values });
  }
}

/** The error of a transport stream that has more bytes than can be rewritten. */
export const transportStreamTooLarge = (shown: string): VideoError =>
  new VideoError("INPUT", "transportStreamTooLarge", {
    values: { path: shown, megabytes: largestTransportStream / 1e6 },
  });

function factsOf({ container, tracks }: ClipFacts): VideoFacts {
  const { codec, width, height, duration, fps } = tracks?.video ?? {};
  const known = Object.entries({ codec, width, height, duration, fps }).filter(
    ([, value]) => value !== undefined && value !== "unknown",
  );
  return { container, ...Object.fromEntries(known) };
}
