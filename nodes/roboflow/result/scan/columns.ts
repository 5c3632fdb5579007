import { FrameBits } from "./frame-bits";
import { grownTo } from "./growable";

/** What a top-level list is for. */
export type ColumnKind = "frames" | "times" | "entries";

/** The kind of a top-level list by its key; both spellings of the offsets (docs/api.md, the result file). */
export function columnKind(key: string): ColumnKind {
  if (key === "frame_offset" || key === "frame_offsets") return "frames";
  if (key === "time_offset" || key === "time_offsets") return "times";
  return "entries";
}

/** Bytes `start` to `end` of the file, which hold `count` values with commas between them. */
export interface Range {
  start: number;
  end: number;
  count: number;
}

/** Ranges of a file in the order of the file, 20 bytes each. */
export class Ranges {
  length = 0;
  #starts = new Float64Array(4);
  #ends = new Float64Array(4);
  #counts = new Uint32Array(4);

  add(start: number, end: number, count: number): void {
    const at = this.length++;
    this.#starts = grownTo(this.#starts, at);
    this.#ends = grownTo(this.#ends, at);
    this.#counts = grownTo(this.#counts, at);
    this.#starts[at] = start;
    this.#ends[at] = end;
    this.#counts[at] = count;
  }

  at(index: number): Range {
    return {
      start: this.#starts[index] as number,
      end: this.#ends[index] as number,
      count: this.#counts[index] as number,
    };
  }
}

/** A top-level list as the scan found it, with what it counted in it. */
export class Column {
  /** Number of elements. */
  length = 0;
  /** Where its elements can be cut into batches that `JSON.parse` takes as they are. */
  readonly batches = new Ranges();
  /** Whether one of its elements is `{…}`. */
  holdsObject = false;
  /** Predictions in all entries. */
  detections = 0;
  /** Predictions by the id of their class. */
  readonly classes = new Map<number, number>();
  /** Frames for which there is an answer, other than null. */
  readonly answered = new FrameBits();
  /** Offset of the closing bracket. */
  end = 0;

  constructor(
    readonly key: string,
    readonly kind: ColumnKind,
  ) {}

  /** Adds the elements from `start` up to the comma or bracket at `end`. */
  add(start: number, end: number, count: number): void {
    this.batches.add(start, end, count);
    this.length += count;
  }

  addClass(id: number, count: number): void {
    this.classes.set(id, (this.classes.get(id) ?? 0) + count);
  }
}
