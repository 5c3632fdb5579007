import { constants } from "node:buffer";
import { VideoError } from "../errors";

/** The most bytes that a result may have to become one value: V8 holds no longer string, as `JSON.parse` would need. */
export const maxResultBytes = constants.MAX_STRING_LENGTH;

/** Top-level lists that a result may have, those of one name each counted. */
export const maxColumns = 1000;

/** Bytes that one element of a column, or any other value of the top level, may have: it is parsed as a whole. */
export const maxEntryBytes = 64_000_000;

/** Brackets within each other: `JSON.parse` takes memory for each, and what walks through the value a stack. */
export const maxNesting = 500_000;

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

/** More columns than any job gives. */
export function tooManyColumns(): VideoError {
  return new VideoError("RESULT", "resultColumns", { values: { limit: maxColumns } });
}

/** @param position offset of the entry in bytes */
export function entryTooLarge(position: number): VideoError {
  return new VideoError("RESULT", "resultEntry", { values: { position, megabytes: maxEntryBytes / 1e6 } });
}

/** @param position offset of the bracket that is too many, in bytes */
export function nestedTooDeeply(position: number): VideoError {
  return new VideoError("RESULT", "resultNesting", { values: { position, limit: maxNesting } });
}
