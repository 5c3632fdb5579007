import { type FileHandle, open } from "node:fs/promises";
import { maxEntryBytes } from "./damage";
import { FrameBuilder } from "./outputs/frames";
import { layoutOf, summaryOf } from "./read/layout";
import { type ReadSizes, type Row, readRows, type Scanned } from "./read/rows";
import { readValue } from "./read/value";
import { Scan, type ScanOptions } from "./scan/scan";
import { type Growing, scanFile } from "./scan/scan-file";
import type { Frame, FrameFilter, ResultSummary } from "./types";

/** Sizes that only tests change. */
export type Sizes = ScanOptions & ReadSizes;

/**
 * Measured in CPU time: chunks of 256 KiB to 1 MiB cost the same, of 64 KiB a tenth to a quarter more; batches
 * of 8 to 64 KiB differ by less than a tenth, and 256 KiB cost a sixth more. Whatever is at hand when the young
 * generation is collected grows old, so the smaller batch keeps the heap smaller.
 */
const SIZES: Sizes = {
  chunkBytes: 512 * 1024,
  batchBytes: 8 * 1024,
  batchElements: 4096,
  batchRows: 256,
  tokenBytes: 4096,
  entryBytes: maxEntryBytes,
};

export interface OpenOptions {
  signal?: AbortSignal | undefined;
  /** When the result is still being written: it is then read along. */
  growing?: Growing;
  /** Names of the models that ran, where they are known: which lists have to be whole, see {@link layoutOf}. */
  models?: readonly string[] | undefined;
}

/** What events and tables are made of. */
export interface ResultRows {
  /** Ids of the models that gave answers, in the order of their columns. */
  readonly models: string[];
  /** What all columns say, frame by frame, with the throws of {@link ResultFile.batches}. */
  rows(): AsyncGenerator<Row[], void, undefined>;
}

/** A result on disk that has been checked and counted. */
export interface ResultFile extends ResultRows {
  /** Counts over the whole, whatever the filter. */
  readonly summary: ResultSummary;
  /**
   * The frames in order, some at a time, as the filter leaves them. Yields to the event loop every few milliseconds.
   * @param options.skipEmpty leave out frames without a prediction
   * @throws VideoError RESULT when damage inside an entry is reached
   * @throws the reason of the signal given to {@link openResult}, an error of the file system
   */
  batches(filter: FrameFilter, options: { skipEmpty: boolean }): AsyncGenerator<Frame[], void, undefined>;
  /**
   * The whole as one value, equal to `JSON.parse` of the file, put together without blocking the event loop.
   * @throws as `batches`
   */
  value(): Promise<Record<string, unknown>>;
  /** Lets go of the file. */
  close(): Promise<void>;
}

/**
 * Reads a result of any size once, checks its structure and counts what is in it; memory stays flat, apart
 * from some bytes for each 8 KiB of file.
 * @param path of the downloaded result, which has to stay as it is until `close()`
 * @throws VideoError RESULT when the result is cut, broken, no result, or beyond what is read
 * @throws the signal's reason, an error of the file system
 */
export function openResult(path: string, options: OpenOptions = {}): Promise<ResultFile> {
  return openWithSizes(path, SIZES, options);
}

/** {@link openResult}, with the sizes in the caller's hand. */
export async function openWithSizes(
  path: string,
  sizes: Sizes,
  options: OpenOptions = {},
): Promise<ResultFile> {
  const { signal, growing, models } = options;
  // Before its first byte it may not even be there.
  await growing?.longerThan(0);
  const file = await open(path, "r");
  try {
    const scan = new Scan(sizes);
    await scanFile(file, scan, { chunkBytes: sizes.chunkBytes, signal, growing });
    const layout = layoutOf(scan.top, models);
    const summary = summaryOf(layout, scan.counter.names.names);
    return new OpenedResult({ file, top: scan.top, layout, sizes, signal }, summary);
  } catch (error) {
    await file.close();
    throw error;
  }
}

class OpenedResult implements ResultFile {
  readonly models: string[];
  readonly #file: FileHandle;
  readonly #scanned: Scanned;

  constructor(
    scanned: Scanned,
    readonly summary: ResultSummary,
  ) {
    this.#file = scanned.file;
    this.#scanned = scanned;
    this.models = scanned.layout.entries.map(({ key }) => key);
  }

  rows(): AsyncGenerator<Row[], void, undefined> {
    return readRows(this.#scanned);
  }

  async *batches(
    filter: FrameFilter,
    { skipEmpty }: { skipEmpty: boolean },
  ): AsyncGenerator<Frame[], void, undefined> {
    const builder = new FrameBuilder(this.models, filter);
    for await (const rows of this.rows()) {
      const frames = rows.map((row) => builder.build(row));
      const wanted = skipEmpty ? frames.filter(({ predictions }) => predictions.length > 0) : frames;
      if (wanted.length > 0) yield wanted;
    }
  }

  value(): Promise<Record<string, unknown>> {
    return readValue(this.#scanned);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
