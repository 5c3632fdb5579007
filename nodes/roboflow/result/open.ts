import { type FileHandle, open } from "node:fs/promises";
import { ColumnReader } from "./column-reader";
import { type Column, columnName } from "./columns";
import { damaged, notVideo } from "./damage";
import { countEntry } from "./entries";
import { FrameBuilder } from "./frames";
import { parseJson } from "./json-text";
import { readAt } from "./read-at";
import { Scan } from "./scan";
import { Turns } from "./turns";
import type { Frame, FrameFilter, ResultSummary } from "./types";

/** Sizes that only tests change. */
export interface Sizes {
  /** Bytes read from the file at a time. */
  pieceBytes: number;
  /** Bytes parsed at a time. */
  batchBytes: number;
  /** Elements parsed at a time, at most. */
  batchElements: number;
  /** Frames handed out at a time, at most. */
  batchFrames: number;
}

/**
 * Measured: pieces of 256 KiB to 1 MiB are equally fast; batches of 32 KiB keep what is parsed in V8's young
 * generation, twice as much gains nothing.
 */
const SIZES: Sizes = { pieceBytes: 512 * 1024, batchBytes: 32 * 1024, batchElements: 4096, batchFrames: 256 };

/** A result on disk that has been checked and counted. */
export interface ResultFile {
  /** Counts over the whole, whatever the filter. */
  readonly summary: ResultSummary;
  /** Ids of the models, in the order of their columns; the second of two columns `id` is `id#2`. */
  readonly models: string[];
  /**
   * The frames in order, some at a time, as the filter leaves them. Gives other work of the process a turn
   * every few milliseconds.
   * @param options.skipEmpty leave out frames without a prediction
   * @throws VideoError RESULT when damage inside an entry is reached
   * @throws the reason of the signal given to {@link openResult}, an error of the file system
   */
  batches(filter: FrameFilter, options: { skipEmpty: boolean }): AsyncGenerator<Frame[], void, undefined>;
  /** Lets go of the file. */
  close(): Promise<void>;
}

/**
 * Reads a result of any size once, checks its structure and counts what is in it; memory stays flat, apart
 * from some bytes for each 32 KiB of file.
 * @param path of the downloaded result, which has to stay as it is until `close()`
 * @throws VideoError RESULT when the result is cut, broken or no result
 * @throws the signal's reason, an error of the file system
 */
export async function openResult(path: string, options: { signal?: AbortSignal } = {}): Promise<ResultFile> {
  return openInPieces(path, SIZES, options.signal);
}

/** {@link openResult}, with the sizes in the caller's hand. */
export async function openInPieces(path: string, sizes: Sizes, signal?: AbortSignal): Promise<ResultFile> {
  const file = await open(path, "r");
  try {
    const scan = new Scan(sizes);
    const parsed = { detections: 0, classes: {} as Record<string, number> };
    await scanFile(file, scan, sizes.pieceBytes, parsed, signal);
    return new OpenedResult(file, scan, parsed, sizes, signal);
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function scanFile(
  file: FileHandle,
  scan: Scan,
  pieceBytes: number,
  counted: Pick<ResultSummary, "detections" | "classes">,
  signal?: AbortSignal,
): Promise<void> {
  // One byte more, for the zero that ends the scan's loops.
  let bytes = Buffer.allocUnsafeSlow(pieceBytes + 1);
  let held = 0;
  let base = 0;
  for (;;) {
    signal?.throwIfAborted();
    if (held + 1 >= bytes.length) {
      // One string fills it all.
      const larger = Buffer.allocUnsafeSlow(2 * bytes.length);
      bytes.copy(larger, 0, 0, held);
      bytes = larger;
    }
    const { bytesRead } = await file.read(bytes, held, bytes.length - 1 - held, base + held);
    if (bytesRead === 0) break;
    const end = held + bytesRead;
    bytes[end] = 0;
    const used = scan.read(bytes, end, base);
    bytes.copyWithin(0, used, end);
    held = end - used;
    base += used;
    if (scan.suspects.length > 0) await parseSuspects(file, scan, counted);
  }
  scan.finish(held, base + held);
}

async function parseSuspects(
  file: FileHandle,
  scan: Scan,
  counted: Pick<ResultSummary, "detections" | "classes">,
): Promise<void> {
  const turns = new Turns();
  for (const { start, end, kind } of scan.suspects) {
    const value = parseJson(await readAt(file, start, end), start);
    if (kind === "entry") countEntry(value, counted);
    await turns.pause();
  }
  scan.suspects = [];
}

class OpenedResult implements ResultFile {
  readonly summary: ResultSummary;
  readonly models: string[];
  readonly #columns: { frames: Column; times: Column; entries: Column[] };

  constructor(
    readonly file: FileHandle,
    scan: Scan,
    counted: Pick<ResultSummary, "detections" | "classes">,
    readonly sizes: Sizes,
    readonly signal?: AbortSignal,
  ) {
    const { lastOffsets } = scan;
    const frames = lastOffsets.get("frame_offset") ?? lastOffsets.get("frame_offsets");
    const times = lastOffsets.get("time_offset") ?? lastOffsets.get("time_offsets");
    if (!frames || !times) throw notVideo("no frame_offset and time_offset");
    const entries = scan.columns.filter((column) => column.kind === "entries");
    for (const column of [...entries, ...lastOffsets.values()]) {
      if (!column || column.length === frames.length) continue;
      const lengths = `${column.key} has ${column.length} elements, ${frames.key} ${frames.length}`;
      throw damaged(lengths, Math.min(column.length, frames.length));
    }
    this.#columns = { frames, times, entries };
    const names = new Set<string>();
    for (const { key } of entries) names.add(columnName(key, names));
    this.models = [...names];
    scan.classes.addTo(counted.classes);
    this.summary = {
      frames: frames.length,
      detections: scan.detections + counted.detections,
      classes: counted.classes,
      nullFrames: entries.length > 0 ? frames.length - scan.answered.count() : 0,
    };
  }

  async *batches(
    filter: FrameFilter,
    { skipEmpty }: { skipEmpty: boolean },
  ): AsyncGenerator<Frame[], void, undefined> {
    const { frames: frameColumn, times: timeColumn, entries: entryColumns } = this.#columns;
    const readers = [frameColumn, timeColumn, ...entryColumns].map(
      (column, _, all) => new ColumnReader(this.file, column, Math.ceil(this.sizes.pieceBytes / all.length)),
    );
    const [frameNumbers, times, ...entries] = readers as [ColumnReader, ColumnReader, ...ColumnReader[]];
    const builder = new FrameBuilder(this.models, filter);
    const turns = new Turns();
    for (let index = 0; index < this.summary.frames; ) {
      let ready = Math.min(this.sizes.batchFrames, this.summary.frames - index);
      for (const reader of readers) {
        if (reader.ready === 0) {
          this.signal?.throwIfAborted();
          await reader.next();
          await turns.pause();
        }
        ready = Math.min(ready, reader.ready);
      }
      const frames: Frame[] = [];
      for (const end = index + ready; index < end; index++) {
        const number = frameNumbers.take();
        if (typeof number !== "number") throw damaged(`${frameColumn.key} holds no number`, index);
        const answers: unknown[] = [];
        for (const reader of entries) answers.push(reader.take());
        const frame = builder.build(number, times.take(), answers);
        if (!skipEmpty || frame.predictions.length > 0) frames.push(frame);
      }
      if (frames.length > 0) yield frames;
    }
  }

  close(): Promise<void> {
    return this.file.close();
  }
}
