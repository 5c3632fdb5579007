import type { FileHandle } from "node:fs/promises";
import type { Column } from "./columns";
import { damaged } from "./damage";
import { parseJson } from "./json-text";
import { readAt } from "./read-at";

const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

/** Hands out the elements of one column in order, parsed a batch at a time. */
export class ColumnReader {
  readonly #file: FileHandle;
  readonly #column: Column;
  readonly #pieceBytes: number;
  /** The next batch to parse, and the first that is not in `#bytes`. */
  #batch = 0;
  #batchAfterBytes = 0;
  #bytes: Buffer = Buffer.alloc(0);
  #room: Buffer | undefined;
  /** Offset of `#bytes` in the file. */
  #base = 0;
  #elements: unknown[] = [];
  #taken = 0;

  /** @param pieceBytes about how much to read from the file at a time */
  constructor(file: FileHandle, column: Column, pieceBytes: number) {
    this.#file = file;
    this.#column = column;
    this.#pieceBytes = pieceBytes;
  }

  /** How many elements can be taken before `next`. */
  get ready(): number {
    return this.#elements.length - this.#taken;
  }

  /** Offset of the batch that is being taken, in bytes. */
  get position(): number {
    return this.#column.batch(this.#batch - 1).start;
  }

  take(): unknown {
    return this.#elements[this.#taken++];
  }

  /**
   * Parses the next batch; for when there is one and none is ready.
   * @throws VideoError RESULT when it is damaged
   */
  async next(): Promise<void> {
    if (this.#batch === this.#batchAfterBytes) await this.#read();
    const { start, end, count } = this.#column.batch(this.#batch++);
    // The commas around it make way for brackets: no copy for that.
    const bytes = this.#bytes.subarray(start - 1 - this.#base, end + 1 - this.#base);
    bytes[0] = OPEN_ARRAY;
    bytes[bytes.length - 1] = CLOSE_ARRAY;
    const elements = parseJson(bytes, start) as unknown[];
    if (elements.length !== count) throw damaged(`${elements.length} elements where ${count} were`, start);
    this.#elements = elements;
    this.#taken = 0;
  }

  /** Reads as many whole batches as fit a piece, one at least, with the comma or bracket on either side. */
  async #read(): Promise<void> {
    const { start, end: firstEnd } = this.#column.batch(this.#batch);
    let after = this.#batch + 1;
    let end = firstEnd;
    for (; after < this.#column.batches; after++) {
      const next = this.#column.batch(after);
      if (next.end + 1 - start >= this.#pieceBytes) break;
      end = next.end;
    }
    this.#base = start - 1;
    // Taken anew for each piece, pieces would pile up until the next full garbage collection.
    this.#room ??= Buffer.allocUnsafeSlow(this.#pieceBytes);
    this.#bytes = await readAt(this.#file, this.#base, end + 1, this.#room);
    this.#batchAfterBytes = after;
  }
}
