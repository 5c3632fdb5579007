import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { isSuccess, readAnswer, refusal } from "./answers";
import { VideoError } from "./errors";
import { ConnectionError, type HttpResponse, type Network } from "./http";
import { checkResultSize } from "./result";
import { retries, withRetries } from "./retry";
import { secretsOfUrl } from "./secrets";
import type { Video } from "./video";

/** Milliseconds between two reports of progress. */
const reportEvery = 500;

/**
 * Uploads a video to a signed URL (API page, call 2), opened anew for every try.
 *
 * @param hooks `progress` is called with the bytes sent so far, about twice a second.
 */
export async function putVideo(
  network: Network,
  signedUrl: string,
  video: Video,
  hooks: {
    signal: AbortSignal;
    pause?: (error: VideoError, wait: number) => void;
    progress?: (bytes: number) => void;
  },
): Promise<void> {
  await withRetries(
    retries.repeatable,
    hooks.signal,
    async () => {
      const { stream, sent } = video.open();
      let readError: Error | undefined;
      stream.on("error", (error) => {
        readError = error;
      });
      const report = setInterval(() => hooks.progress?.(sent()), reportEvery);
      try {
        const response = await network.request({
          method: "PUT",
          url: signedUrl,
          headers: { "Content-Type": "application/octet-stream", "Content-Length": video.size },
          body: stream,
          sent,
          signal: hooks.signal,
          fresh: true,
        });
        const answer = await readAnswer(response, secretsOfUrl(signedUrl));
        if (!isSuccess(answer.status)) throw refusal(answer, "storage");
      } catch (error) {
        hooks.signal.throwIfAborted();
        if (readError) throw new VideoError("INPUT", "videoReadFailed", { cause: readError });
        // A file that became shorter than its announced length ends as a broken connection.
        await video.verify();
        throw error;
      } finally {
        clearInterval(report);
        stream.destroy();
      }
    },
    hooks.pause,
  );
  await video.verify();
}

/** A result on its way: its length where the server told one, and its bytes. */
export interface Incoming {
  /** Bytes, as they come out of `body`; undefined where unknown. */
  length: number | undefined;
  body: AsyncIterable<Buffer>;
}

/**
 * Fetches a result from its signed URL (API page, call 5), again from the start when it is cut.
 *
 * @param take reads the bytes; called once for every try.
 * @throws VideoError AUTH, REJECTED or NOT_FOUND when the link has expired; RESULT when it stays cut.
 */
export async function getResult<T>(
  network: Network,
  url: string,
  hooks: { signal: AbortSignal; pause?: (error: VideoError, wait: number) => void },
  take: (incoming: Incoming) => Promise<T>,
): Promise<T> {
  let begun = false;
  const attempt = async () => {
    begun = false;
    const response = await network.request({ method: "GET", url, signal: hooks.signal, fresh: true });
    if (!isSuccess(response.status)) throw refusal(await readAnswer(response, secretsOfUrl(url)), "storage");
    begun = true;
    try {
      return await take({ length: lengthOf(response), body: response.body });
    } finally {
      response.discard();
    }
  };
  try {
    return await withRetries(retries.repeatable, hooks.signal, attempt, hooks.pause);
  } catch (error) {
    const wasCut = begun && error instanceof ConnectionError && error.code === "NETWORK";
    throw wasCut ? new VideoError("RESULT", "resultCut", { cause: error.cause }) : error;
  }
}

function lengthOf({ headers }: HttpResponse): number | undefined {
  const length = Number(headers["content-length"] ?? Number.NaN);
  return Number.isFinite(length) ? length : undefined;
}

/**
 * Writes an incoming result to a new file.
 *
 * @param progress called with the bytes of every piece.
 * @throws VideoError STORAGE when the disk refuses.
 */
export async function saveTo(
  file: string,
  { body }: Incoming,
  progress: (bytes: number) => void,
): Promise<void> {
  const target = createWriteStream(file, { flags: "w", mode: 0o600, highWaterMark: 1024 * 1024 });
  let diskError: Error | undefined;
  target.on("error", (error) => {
    diskError = error;
  });
  try {
    await pipeline(counted(body, progress), target);
  } catch (error) {
    throw diskError
      ? new VideoError("STORAGE", "cannotWrite", { values: { path: file }, cause: diskError })
      : error;
  }
}

async function* counted(
  body: AsyncIterable<Buffer>,
  progress: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  for await (const piece of body) {
    progress(piece.length);
    yield piece;
  }
}

/**
 * Collects an incoming result in memory.
 *
 * @param progress called with the bytes of every piece.
 * @throws VideoError RESULT_TOO_LARGE past what can be one value: at once where the server tells the length.
 */
export async function collect(
  { length, body }: Incoming,
  progress: (bytes: number) => void,
): Promise<Buffer> {
  if (length !== undefined) checkResultSize(length);
  const pieces: Buffer[] = [];
  let received = 0;
  for await (const piece of counted(body, progress)) {
    received += piece.length;
    checkResultSize(received);
    pieces.push(piece);
  }
  return Buffer.concat(pieces, received);
}
