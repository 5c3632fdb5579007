import type { FileHandle } from "node:fs/promises";
import { EventLoopYield } from "../../../event-loop";
import { parseJson } from "../read/json-text";
import { readAt } from "../read/read-at";
import { UTF8_BOM } from "./json-bytes";
import type { Scan } from "./scan";

/** Scanned at a time: about 2 ms while V8 still interprets the scan, a twentieth of that once it is compiled. */
const SLICE_BYTES = 16 * 1024;

/** A file that is still being written. */
export interface Growing {
  /** Resolves when the file holds more than so many bytes, or will not grow any more. */
  longerThan(bytes: number): Promise<void>;
}

interface ScanFileOptions {
  /** Bytes read from the file at a time. */
  chunkBytes: number;
  signal?: AbortSignal | undefined;
  growing?: Growing | undefined;
}

/**
 * Leads the whole file through the scan, chunk by chunk, and parses the entries that the scan could not count.
 * @throws VideoError RESULT; the signal's reason; an error of the file system
 */
export async function scanFile(
  file: FileHandle,
  scan: Scan,
  { chunkBytes, signal, growing }: ScanFileOptions,
): Promise<void> {
  const eventLoop = new EventLoopYield();
  // One byte more, for the zero that ends the scan's loops.
  let bytes: Buffer = Buffer.allocUnsafeSlow(chunkBytes + 1);
  let held = 0;
  let base = await lengthOfMark(file, growing);
  for (;;) {
    signal?.throwIfAborted();
    if (held + 1 >= bytes.length) bytes = enlarged(bytes, held);
    await growing?.longerThan(base + held);
    const { bytesRead } = await file.read(bytes, held, bytes.length - 1 - held, base + held);
    if (bytesRead === 0) break;
    const end = held + bytesRead;
    bytes[end] = 0;
    let used = 0;
    for (let stop = SLICE_BYTES; ; stop += SLICE_BYTES) {
      used = scan.read(bytes, used, Math.min(stop, end), end, base);
      if (stop >= end) break;
      await eventLoop.yieldIfDue();
    }
    for (const { start, end: entryEnd, column } of scan.counter.uncounted) {
      const text =
        start >= base ? bytes.subarray(start - base, entryEnd - base) : await readAt(file, start, entryEnd);
      scan.counter.addParsed(parseJson(text, start), column);
      await eventLoop.yieldIfDue();
    }
    scan.counter.uncounted = [];
    bytes.copyWithin(0, used, end);
    held = end - used;
    base += used;
  }
  scan.finish(base + held);
}

/** How many bytes a byte order mark takes at the start of the file. */
async function lengthOfMark(file: FileHandle, growing: Growing | undefined): Promise<number> {
  const length = UTF8_BOM.length;
  await growing?.longerThan(length - 1);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0);
  return bytesRead === length && UTF8_BOM.equals(buffer) ? length : 0;
}

/** For a token that fills all there is: the scan holds short ones only. */
function enlarged(bytes: Buffer, held: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(2 * bytes.length);
  bytes.copy(larger, 0, 0, held);
  return larger;
}
