/** What a top-level array holds. */
export type ColumnKind = "frames" | "times" | "entries";

/** The kind of a top-level array by its key; both spellings of the offsets (docs/api.md, "The result file"). */
export function columnKind(key: string): ColumnKind {
  if (key === "frame_offset" || key === "frame_offsets") return "frames";
  if (key === "time_offset" || key === "time_offsets") return "times";
  return "entries";
}

/**
 * The name for one more column under `key`, given those taken: a model id that occurs twice keeps both
 * columns, the second as `id#2`.
 */
export function columnName(key: string, taken: ReadonlySet<string> | ReadonlyMap<string, unknown>): string {
  if (!taken.has(key)) return key;
  let n = 2;
  while (taken.has(`${key}#${n}`)) n++;
  return `${key}#${n}`;
}

/** Some consecutive elements of a column: bytes `start` to `end` of the file, without the commas around. */
export interface Batch {
  start: number;
  end: number;
  /** Number of elements. */
  count: number;
}

/**
 * A top-level array as the scan found it: how long it is, and where its elements can be cut into batches that
 * `JSON.parse` takes as they are. Grows by 12 bytes a batch.
 */
export class Column {
  /** Number of elements. */
  length = 0;
  /** Number of batches. */
  batches = 0;
  #starts = new Float64Array(16);
  #counts = new Uint32Array(16);
  /** Offset of the comma or bracket behind the last batch. */
  end = 0;

  constructor(
    readonly key: string,
    readonly kind: ColumnKind,
  ) {}

  /** Adds the elements from `start` up to the comma or bracket at `end`. */
  add(start: number, end: number, count: number): void {
    if (this.batches === this.#starts.length) {
      const [starts, counts] = [this.#starts, this.#counts];
      this.#starts = new Float64Array(this.batches * 2);
      this.#starts.set(starts);
      this.#counts = new Uint32Array(this.batches * 2);
      this.#counts.set(counts);
    }
    this.#starts[this.batches] = start;
    this.#counts[this.batches] = count;
    this.batches++;
    this.end = end;
    this.length += count;
  }

  /** Batch `index` of `batches`. */
  batch(index: number): Batch {
    const next = index + 1;
    return {
      start: this.#starts[index] as number,
      end: next < this.batches ? (this.#starts[next] as number) - 1 : this.end,
      count: this.#counts[index] as number,
    };
  }
}
