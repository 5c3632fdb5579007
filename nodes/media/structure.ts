import type { ByteSource } from "./byte-source";
import type { Container } from "./identify";

/**
 * What the outermost layer of a clip says, read without its contents.
 *
 * - `whole`: everything that the file announces is there.
 * - `cut`: it announces more bytes than it has.
 * - `noIndex`: an mp4 or mov without `moov`: its recorder has not finished it.
 * - `unreadable`: no index is where one could be found, so that there is nothing to be read.
 * - `unclear`: it cannot be followed, or its kind does not say.
 */
export type Structure = "whole" | "cut" | "noIndex" | "unreadable" | "unclear";

/** Looks at the outermost layer of a clip. */
export async function structureOf(source: ByteSource, container: Container): Promise<Structure> {
  switch (container) {
    case "mp4":
    case "mov":
    case "m4v":
    case "3gp":
      return boxes(source);
    case "mkv":
    case "webm":
      return segment(source);
    case "avi":
      return chunks(source);
    case "mpegts":
      return "unclear";
  }
}

/** Outermost boxes looked at: more than a day's fragments of a second each, and an end for a file made to have none. */
const mostBoxes = 200_000;

/** ISO base media file format: boxes of a 32-bit size and a type; size 1: a 64-bit one follows, 0: to the end. */
async function boxes({ size, read }: ByteSource): Promise<Structure> {
  let hasIndex = false;
  let hasMedia = false;
  let at = 0;
  for (let count = 0; at + 8 <= size; count += 1) {
    if (count === mostBoxes) return "unclear";
    const head = await read(at, 16);
    const type = head.toString("latin1", 4, 8);
    // Some recorders add bytes of their own behind the last box.
    if (!/^[\x20-\x7e\xa9]{4}$/.test(type)) break;
    let length = head.readUInt32BE(0);
    if (length === 1 && head.length === 16) length = Number(head.readBigUInt64BE(8));
    else if (length === 0) length = size - at;
    if (length < 8) break;
    if (at + length > size) return "cut";
    hasIndex ||= type === "moov";
    hasMedia ||= type === "mdat";
    at += length;
  }
  if (hasIndex) return hasMedia ? "whole" : "unclear";
  // Followed to its end, as a recording of which only the beginning is there: then there is none for sure.
  const isFollowed = size - at < 8;
  return hasMedia || isFollowed ? "noIndex" : "unreadable";
}

/** Matroska and WebM: the EBML header, then the segment, whose size is known once its writer has finished. */
async function segment({ size, read }: ByteSource): Promise<Structure> {
  const head = await read(0, 1024);
  const header = element(head, 0);
  const body = header?.size === undefined ? undefined : element(head, header.start + header.size);
  if (body?.id !== 0x18538067 || body.size === undefined) return "unclear";
  return body.start + body.size > size ? "cut" : "whole";
}

/** An EBML element: where its content starts and its size in bytes; undefined where the writer left that open. */
function element(bytes: Buffer, at: number): { id: number; start: number; size?: number } | undefined {
  const idLength = vintLength(bytes[at]);
  const sizeAt = at + idLength;
  const sizeLength = vintLength(bytes[sizeAt]);
  if (idLength === 0 || idLength > 4 || sizeLength === 0 || sizeAt + sizeLength > bytes.length)
    return undefined;
  let size = (bytes[sizeAt] as number) & (0xff >> sizeLength);
  let isOpen = size === 0xff >> sizeLength;
  for (let index = 1; index < sizeLength; index += 1) {
    const byte = bytes[sizeAt + index] as number;
    isOpen &&= byte === 0xff;
    size = size * 256 + byte;
  }
  const start = sizeAt + sizeLength;
  return { id: bytes.readUIntBE(at, idLength), start, ...(isOpen ? {} : { size }) };
}

/** Bytes of a number that tells its length by its leading zeros; 0 where that cannot be. */
const vintLength = (first: number | undefined) => (first ? Math.clz32(first) - 23 : 0);

/** AVI: RIFF chunks, the first with everything, further ones in files over a gigabyte. */
async function chunks({ size, read }: ByteSource): Promise<Structure> {
  const most = 1000;
  let at = 0;
  for (let count = 0; count < most && at + 12 <= size; count += 1) {
    const head = await read(at, 12);
    if (head.toString("latin1", 0, 4) !== "RIFF") break;
    const length = head.readUInt32LE(4);
    // A writer that has not come back to fill it in.
    if (length === 0 || length === 0xffffffff) return "unclear";
    if (at + 8 + length > size) return "cut";
    at += 8 + length + (length % 2);
  }
  return at > 0 ? "whole" : "unclear";
}
