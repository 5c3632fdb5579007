import { damaged } from "../damage";
import { jsonBytes, tables } from "./json-bytes";

const { BACKSLASH, QUOTE } = jsonBytes;
const { endsRun, endsScalar } = tables;

/** A string, number or word that is too long to be held until it is whole: passed over as it comes. */
export class LongToken {
  #escapes = false;
  readonly #kept: Uint8Array[] = [];

  /** @param keeps whether its bytes are wanted in the end */
  constructor(
    readonly isKey: boolean,
    readonly isString: boolean,
    readonly keeps: boolean,
  ) {}

  /**
   * Reads on, behind the opening quote at first.
   * @param bytes with a zero byte at `end`
   * @param base offset of `bytes` in the file
   * @returns the offset behind the token, undefined when it goes on behind `end`
   */
  read(bytes: Uint8Array, from: number, end: number, base: number): number | undefined {
    // Nothing new: what a backslash escapes is still to come.
    if (from >= end) return undefined;
    const stop = this.isString ? this.#quote(bytes, from, end, base) : scalarEnd(bytes, from);
    const isOver = stop < end;
    if (this.keeps) this.#kept.push(Uint8Array.from(bytes.subarray(from, isOver ? stop : end)));
    if (!isOver) return undefined;
    return this.isString ? stop + 1 : stop;
  }

  get bytes(): Uint8Array {
    return Buffer.concat(this.#kept);
  }

  #quote(bytes: Uint8Array, from: number, end: number, base: number): number {
    let i = this.#escapes ? from + 1 : from;
    this.#escapes = false;
    for (;;) {
      while (endsRun[bytes[i] as number] === 0) i++;
      if (i >= end || bytes[i] === QUOTE) return i;
      if (bytes[i] !== BACKSLASH) throw damaged("control character in a string", base + i);
      i += 2;
      // The escaped character comes with the next bytes.
      this.#escapes = i > end;
      if (this.#escapes) return end;
    }
  }
}

function scalarEnd(bytes: Uint8Array, from: number): number {
  let i = from;
  while (endsScalar[bytes[i] as number] === 0) i++;
  return i;
}
