import type { FileHandle } from "node:fs/promises";
import { EventLoopYield } from "../../event-loop";
import { damaged, maxResultBytes } from "./damage";
import { Tally } from "./entries";
import { parseJson } from "./json-text";
import { readAt } from "./read-at";
import type { Scan } from "./scan";

/** Scanned at a time: about 2 ms while V8 still interprets the scan, a twentieth of that once it is compiled. */
const SLICE_BYTES = 16 * 1024;

/** A file that is still being written. */
export interface Growing {
  /** Resolves when the file holds more than so many bytes, or will not grow any more. */
  longerThan(bytes: number): Promise<void>;
}

/**
 * Leads the whole file through the scan, piece by piece, and parses what the scan asks for.
 * @returns what is in the entries that the scan could not count
 * @throws VideoError RESULT; the signal's reason; an error of the file system
 */
export async function scanFile(
  file: FileHandle,
  scan: Scan,
  pieceBytes: number,
  { signal, growing }: { signal?: AbortSignal; growing?: Growing } = {},
): Promise<Tally> {
  const tally = new Tally();
  const turns = new EventLoopYield();
  // One byte more, for the zero that ends the scan's loops.
  let bytes: Buffer = Buffer.allocUnsafeSlow(pieceBytes + 1);
  let held = 0;
  let base = 0;
  for (;;) {
    signal?.throwIfAborted();
    if (held + 1 >= bytes.length) bytes = enlarged(bytes, held, base);
    await growing?.longerThan(base + held);
    const { bytesRead } = await file.read(bytes, held, bytes.length - 1 - held, base + held);
    if (bytesRead === 0) break;
    const end = held + bytesRead;
    bytes[end] = 0;
    let used = 0;
    for (let stop = SLICE_BYTES; ; stop += SLICE_BYTES) {
      used = scan.read(bytes, used, Math.min(stop, end), end, base);
      if (stop >= end) break;
      await turns.yieldIfDue();
    }
    for (const { start, end: suspectEnd, kind } of scan.suspects) {
      const text =
        start >= base
          ? bytes.subarray(start - base, suspectEnd - base)
          : await readAt(file, start, suspectEnd);
      const value = parseJson(text, start);
      if (kind === "entry") tally.add(value);
      await turns.yieldIfDue();
    }
    scan.suspects.length = 0;
    bytes.copyWithin(0, used, end);
    held = end - used;
    base += used;
  }
  scan.finish(held, base + held);
  return tally;
}

/** Room for a string that fills all there is. */
function enlarged(bytes: Buffer, held: number, base: number): Buffer {
  if (held > maxResultBytes) throw damaged("one string is longer than can be read", base);
  const larger = Buffer.allocUnsafeSlow(2 * bytes.length);
  bytes.copy(larger, 0, 0, held);
  return larger;
}
