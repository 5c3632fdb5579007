import type { FileHandle } from "node:fs/promises";
import { damaged } from "../damage";
import type { Ranges } from "../scan/columns";
import { jsonBytes } from "../scan/json-bytes";
import { parseJson } from "./json-text";
import { readAt } from "./read-at";

const { CLOSE_ARRAY, OPEN_ARRAY } = jsonBytes;

/** Bytes, and values, from which on a parse is worth a return to the caller. */
const ENOUGH = 1024;

/** Hands out the values in ranges of a file in order, parsed one range at a time. */
export class RangeReader {
  readonly #file: FileHandle;
  readonly #ranges: Ranges;
  readonly #chunkBytes: number;
  /** The next range to parse, and the first that is not in `#bytes`. */
  #range = 0;
  #rangeAfterBytes = 0;
  #bytes: Buffer = Buffer.alloc(0);
  #chunk: Buffer | undefined;
  /** Offset of `#bytes` in the file. */
  #base = 0;
  #bytesParsed = 0;
  #values: unknown[] = [];
  #taken = 0;

  /**
   * @param ranges each with a byte on either side that is no part of a value
   * @param chunkBytes about how much to read from the file at a time
   */
  constructor(file: FileHandle, ranges: Ranges, chunkBytes: number) {
    this.#file = file;
    this.#ranges = ranges;
    this.#chunkBytes = chunkBytes;
  }

  /** How many values can be taken before `next`. */
  get ready(): number {
    return this.#values.length - this.#taken;
  }

  /** Offset of the range that is being taken, in bytes. */
  get position(): number {
    return this.#ranges.at(this.#range - 1).start;
  }

  take(): unknown {
    return this.#values[this.#taken++];
  }

  /**
   * Parses the next range, and those behind it while they are short; for when none is ready.
   * @returns their values, undefined when there are no more ranges
   * @throws VideoError RESULT when they are damaged
   */
  async next(): Promise<unknown[] | undefined> {
    if (this.#range === this.#ranges.length) return undefined;
    if (this.#range === this.#rangeAfterBytes) await this.#read();
    const values = this.#parse();
    while (values.length < ENOUGH && this.#bytesParsed < ENOUGH && this.#range < this.#rangeAfterBytes)
      for (const value of this.#parse()) values.push(value);
    this.#bytesParsed = 0;
    this.#values = values;
    this.#taken = 0;
    return values;
  }

  #parse(): unknown[] {
    const { start, end, count } = this.#ranges.at(this.#range++);
    // The commas around it make way for brackets: no copy for that.
    const bytes = this.#bytes.subarray(start - 1 - this.#base, end + 1 - this.#base);
    bytes[0] = OPEN_ARRAY;
    bytes[bytes.length - 1] = CLOSE_ARRAY;
    this.#bytesParsed += bytes.length;
    const values = parseJson(bytes, start) as unknown[];
    if (values.length !== count) throw damaged(`${values.length} elements where ${count} were`, start);
    return values;
  }

  /** Reads as many whole ranges as fit a chunk, one at least, with the byte on either side. */
  async #read(): Promise<void> {
    const { start, end: firstEnd } = this.#ranges.at(this.#range);
    let after = this.#range + 1;
    let end = firstEnd;
    for (; after < this.#ranges.length; after++) {
      const next = this.#ranges.at(after);
      if (next.end + 1 - start >= this.#chunkBytes) break;
      end = next.end;
    }
    this.#base = start - 1;
    // Taken anew for each read, chunks would pile up until the next full garbage collection.
    this.#chunk ??= Buffer.allocUnsafeSlow(this.#chunkBytes);
    this.#bytes = await readAt(this.#file, this.#base, end + 1, this.#chunk);
    this.#rangeAfterBytes = after;
  }
}
