import { aviTracks } from "./avi";
import { type ByteSource, withFileSource } from "./byte-source";
import { type Container, headSize, identify, type Lookalike } from "./identify";
import { videoCodecOf } from "./mpegts";
import { structureOf } from "./structure";
import { inThread, ThreadFailed } from "./thread";
import type { Tracks } from "./tracks";

/** What a clip is, by its bytes. */
export interface ClipFacts {
  container: Container;
  /** Bytes. */
  size: number;
  /** Missing where the file begins well but cannot be followed. */
  tracks?: Tracks;
}

/** A file that is no clip, or none that is finished. */
export class NotAClip extends Error {
  constructor(
    /** `seems`: it is something else; `unfinished`: it is cut or has no index yet; `noVideoTrack`: nothing to see. */
    readonly reason: "seems" | "unfinished" | "noVideoTrack",
    readonly seems: Lookalike = "unknown",
  ) {
    super(reason);
  }
}

/** Milliseconds after which a clip that is looked into counts as unreadable. */
const lookLimit = 10_000;

/**
 * Looks into a clip: its container from its first bytes, whether all of it is there, its tracks in a thread of their own.
 *
 * @throws NotAClip; the source's own error; the signal's reason.
 */
export async function lookInto(source: ByteSource, signal: AbortSignal): Promise<ClipFacts> {
  const head = await source.read(0, headSize);
  const found = identify(head);
  if ("seems" in found) throw new NotAClip("seems", found.seems);
  const { container } = found;
  const structure = await structureOf(source, container);
  if (structure === "cut" || structure === "noIndex") throw new NotAClip("unfinished");
  const tracks = structure === "unreadable" ? undefined : await tracksOf(source, container, signal);
  if (tracks && !tracks.video) throw new NotAClip("noVideoTrack");
  return { container, size: source.size, ...(tracks ? { tracks } : {}) };
}

async function tracksOf(
  source: ByteSource,
  container: Container,
  signal: AbortSignal,
): Promise<Tracks | undefined> {
  if (container === "avi") return aviTracks(source);
  const tracks = await tracksInThread(source, signal);
  if (container !== "mpegts" || tracks?.video) return tracks;
  const codec = await videoCodecOf(source);
  return codec ? { hasSound: false, ...tracks, video: { codec } } : tracks;
}

async function tracksInThread(source: ByteSource, signal: AbortSignal): Promise<Tracks | undefined> {
  try {
    const report = await inThread({ task: "look" }, source, { signal, quietMs: lookLimit });
    // No track at all is an index that the library could not follow.
    return report.kind === "tracks" && (report.tracks.video || report.tracks.hasSound)
      ? report.tracks
      : undefined;
  } catch (error) {
    if (error instanceof ThreadFailed) return undefined;
    throw error;
  }
}

/**
 * Whether a file seems to be written to its end, by the outermost layer of its container: false for an mp4 or mov without
 * an index, and for whatever announces more than is there. What is no clip is as finished as it gets.
 *
 * @throws the file system's error.
 */
export const isFinished = (file: string): Promise<boolean> =>
  withFileSource(file, async (source) => {
    const found = identify(await source.read(0, headSize));
    if ("seems" in found) return true;
    const structure = await structureOf(source, found.container);
    return structure !== "cut" && structure !== "noIndex";
  });
