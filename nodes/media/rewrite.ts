import { open, rm } from "node:fs/promises";
import type { ByteSource } from "./byte-source";
import type { Container } from "./identify";
import { inThread, ThreadFailed } from "./thread";

/** A clip that could not be rewritten: `codec` names the video that an mp4 cannot hold; `failed` says why else. */
export class RewriteFailed extends Error {
  constructor(
    readonly reason: "noVideoTrack" | "codec" | "tooLarge" | "unreadable",
    readonly codec = "",
    readonly detail = "",
  ) {
    super(reason);
  }
}

/** Milliseconds without a further second of video after which rewriting counts as hung. */
const stallLimit = 20_000;

/**
 * Bytes of a transport stream that can be rewritten: the library keeps what it has read of one, 0.7 bytes of memory
 * for each of the file (measured), where an mp4 or mov of 1 GiB takes 130 MB.
 */
export const largestTransportStream = 192_000_000;

/** Containers that are sent as they are; the others become an mp4. */
const sentAsTheyAre = { mp4: "mp4", mkv: "mkv", webm: "webm" } as const;

/** What a clip becomes when it is rewritten. */
export const rewrittenAs = (container: Container): "mp4" | "mkv" | "webm" =>
  container in sentAsTheyAre ? sentAsTheyAre[container as keyof typeof sentAsTheyAre] : "mp4";

/**
 * Writes a clip anew: its pictures as they are, packet by packet, in a container that is accepted.
 *
 * @param target path of a new file; removed again when it cannot be finished.
 * @param keepSound false leaves the sound out.
 * @returns the bytes written, and whether sound was left out that the new container cannot hold.
 * @throws RewriteFailed; the file system's error where the target cannot be written; the signal's reason.
 */
export async function rewriteClip(
  source: ByteSource,
  target: string,
  { container, keepSound }: { container: Container; keepSound: boolean },
  { signal, progress }: { signal: AbortSignal; progress?: (seconds: number) => void },
): Promise<{ size: number; soundLeftOut: boolean }> {
  if (container === "mpegts" && source.size > largestTransportStream) throw new RewriteFailed("tooLarge");
  const rewriting = { container: rewrittenAs(container), keepSound };
  const handle = await open(target, "w", 0o600);
  try {
    const report = await inThread({ task: "rewrite", target: handle.fd, rewriting }, source, {
      signal,
      quietMs: stallLimit,
      progress,
    });
    if (report.kind === "cannot") throw new RewriteFailed(report.reason, report.codec);
    if (report.kind !== "rewritten") throw new RewriteFailed("unreadable");
    const { size } = await handle.stat();
    return { size, soundLeftOut: report.soundLeftOut };
  } catch (error) {
    await rm(target, { force: true });
    if (!(error instanceof ThreadFailed)) throw error;
    if (error.code) throw Object.assign(new Error(error.message), { code: error.code });
    throw new RewriteFailed("unreadable", "", error.message);
  } finally {
    await handle.close();
  }
}
