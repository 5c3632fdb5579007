import { pipeline } from "node:stream/promises";
import { isSuccess, readAnswer, refusal } from "../api/answers";
import { VideoError } from "../errors";
import { ConnectionError } from "../http/connection-error";
import type { HttpResponse } from "../http/exchange";
import type { Network } from "../http/network";
import { retries, withRetries } from "../http/retry";
import { secretsOfUrl } from "../redact";
import { FileSink } from "./file-sink";
import { openResult, type ResultFile } from "./open";

/** Milliseconds between two reports of progress. */
const reportEvery = 500;

/** A result on its way: its length where the server told one, and its bytes. */
export interface Incoming extends Pick<HttpResponse, "pipeTo"> {
  /** Bytes, as they arrive; undefined where unknown. */
  length: number | undefined;
}

/**
 * Fetches a result from its signed URL (docs/api.md, call 5), again from the start when it is cut.
 *
 * @param take reads the bytes; called once for every attempt.
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
    const response = await network.request({
      method: "GET",
      url,
      signal: hooks.signal,
      fresh: true,
    });
    if (!isSuccess(response.status)) throw refusal(await readAnswer(response, secretsOfUrl(url)), "storage");
    begun = true;
    try {
      return await take({ length: lengthOf(response), pipeTo: (target) => response.pipeTo(target) });
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
 * @param progress called with the bytes received so far, about twice a second.
 * @throws VideoError STORAGE when the disk refuses.
 */
export const saveTo = (file: string, incoming: Incoming, progress: (bytes: number) => void): Promise<void> =>
  receive(incoming, new FileSink(file), progress);

/**
 * Writes text to a new file, as it comes.
 *
 * @throws VideoError STORAGE when the disk refuses; the error that the text ends in, or that of an aborted signal.
 */
export const saveText = (file: string, text: AsyncIterable<string>, signal: AbortSignal): Promise<void> =>
  pipeline(text, new FileSink(file), { signal });

/**
 * Writes an incoming result to a new file and reads it along, so that it stands open when its last byte is there.
 *
 * @param options.progress as for {@link saveTo}.
 * @param options.models as for {@link openResult}.
 * @param options.checkSize throws when a result may not have that many bytes: called with its length, where the server
 *   tells one, and with the bytes received so far.
 * @throws VideoError STORAGE; RESULT when the result is damaged, as soon as that is seen.
 */
export async function saveAndOpen(
  file: string,
  incoming: Incoming,
  options: {
    signal: AbortSignal;
    progress: (bytes: number) => void;
    models?: readonly string[];
    checkSize?: (bytes: number) => void;
  },
): Promise<ResultFile> {
  const { signal, progress, models, checkSize } = options;
  if (incoming.length !== undefined) checkSize?.(incoming.length);
  const sink = new FileSink(file, checkSize);
  const opening = openResult(file, { signal, growing: sink, models });
  opening.catch((error) => sink.destroy(error));
  try {
    await receive(incoming, sink, progress);
  } catch (error) {
    await opening.then(
      (result) => result.close(),
      () => {},
    );
    throw error;
  }
  return opening;
}

/** Leads what comes into a file, which is closed when this resolves or rejects. */
async function receive(
  { pipeTo }: Incoming,
  target: FileSink,
  progress: (bytes: number) => void,
): Promise<void> {
  const report = setInterval(() => progress(target.length), reportEvery);
  const closed = new Promise((resolve) => target.once("close", resolve));
  try {
    await pipeTo(target);
  } catch (error) {
    target.destroy();
    throw error;
  } finally {
    clearInterval(report);
    await closed;
  }
}
