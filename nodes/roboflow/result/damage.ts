import { constants } from "node:buffer";
import { VideoError } from "../errors";

/**
 * The most bytes that a result may have to be read as one value: V8 holds no longer string.
 * Past it, only {@link openResult} reads a result.
 */
export const maxResultBytes = constants.MAX_STRING_LENGTH;

/**
 * Refuses a body of `bytes` bytes that cannot become one value; for a Content-Length before the download as
 * well as for the bytes counted during one.
 * @throws VideoError RESULT_TOO_LARGE
 */
export function checkResultSize(bytes: number): void {
  if (bytes > maxResultBytes)
    throw new VideoError("RESULT_TOO_LARGE", "resultTooLarge", {
      values: { size: bytes, limit: maxResultBytes },
    });
}

/**
 * A result that is cut or broken.
 * @param detail what is wrong, in short technical English
 * @param position offset in bytes
 */
export function damaged(detail: string, position: number, cause?: unknown): VideoError {
  return new VideoError("RESULT", "resultDamaged", { values: { detail, position }, cause });
}

/** Sound JSON that is no result of the Video Inference API. */
export function notVideo(detail: string): VideoError {
  return new VideoError("RESULT", "resultNotVideo", { values: { detail } });
}
