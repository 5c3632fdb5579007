import { type FileHandle, open } from "node:fs/promises";
import { EventLoopYield } from "../../event-loop";
import { ColumnReader } from "./column-reader";
import { type Column, columnName } from "./columns";
import { damaged, notVideo } from "./damage";
import { FrameBuilder } from "./frames";
import { Scan } from "./scan";
import { type Growing, scanFile } from "./scan-file";
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
 * Measured in CPU time: pieces of 256 KiB to 1 MiB cost the same, of 64 KiB a tenth to a quarter more; batches
 * of 8 to 64 KiB differ by less than a tenth, and 256 KiB cost a sixth more. Whatever is at hand when the young
 * generation is collected grows old, so the smaller batch keeps the heap smaller.
 */
const SIZES: Sizes = { pieceBytes: 512 * 1024, batchBytes: 8 * 1024, batchElements: 4096, batchFrames: 256 };

interface OpenOptions {
  signal?: AbortSignal;
  growing?: Growing;
}

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
 * from some bytes for each 8 KiB of file.
 * @param path of the downloaded result, which has to stay as it is until `close()`
 * @param options.growing when the result is still being written: it is then read along
 * @throws VideoError RESULT when the result is cut, broken or no result
 * @throws the signal's reason, an error of the file system
 */
export async function openResult(path: string, options: OpenOptions = {}): Promise<ResultFile> {
  return openInPieces(path, SIZES, options);
}

/** {@link openResult}, with the sizes in the caller's hand. */
export async function openInPieces(
  path: string,
  sizes: Sizes,
  options: OpenOptions = {},
): Promise<ResultFile> {
  const { signal, growing } = options;
  // Before its first byte it may not even be there.
  await growing?.longerThan(0);
  const file = await open(path, "r");
  try {
    const scan = new Scan(sizes);
    const tally = await scanFile(file, scan, sizes.pieceBytes, options);
    const columns = chooseColumns(scan);
    await parseUnread(file, scan, columns, sizes, signal);
    scan.classes.addTo(tally);
    const summary: ResultSummary = {
      frames: columns.frames.length,
      detections: scan.detections + tally.detections,
      classes: tally.classes(),
      nullFrames: columns.entries.length > 0 ? columns.frames.length - scan.answered.count() : 0,
    };
    return new OpenedResult(file, columns, summary, sizes, signal);
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** The columns that frames are made of. */
interface Columns {
  frames: Column;
  times: Column;
  /** One a model, in the order of the file. */
  entries: Column[];
}

/** @throws VideoError RESULT when there are no offsets, or when one column is longer than another */
function chooseColumns({ columns, lastOffsets }: Scan): Columns {
  const frames = lastOffsets.get("frame_offset") ?? lastOffsets.get("frame_offsets");
  const times = lastOffsets.get("time_offset") ?? lastOffsets.get("time_offsets");
  if (!frames || !times) throw notVideo("no frame_offset and time_offset");
  const entries = columns.filter((column) => column.kind === "entries");
  for (const column of [...entries, ...lastOffsets.values()]) {
    if (!column || column.length === frames.length) continue;
    const lengths = `${column.key} has ${column.length} elements, ${frames.key} ${frames.length}`;
    throw damaged(lengths, column.end);
  }
  return { frames, times, entries };
}

/** Offsets given twice: those that no frame is made of have to be JSON all the same. */
async function parseUnread(
  file: FileHandle,
  scan: Scan,
  { frames, times }: Columns,
  sizes: Sizes,
  signal?: AbortSignal,
): Promise<void> {
  const turns = new EventLoopYield();
  for (const column of scan.columns) {
    if (column.kind === "entries" || column === frames || column === times) continue;
    const reader = new ColumnReader(file, column, 2 * sizes.batchBytes);
    for (let batch = 0; batch < column.batches; batch++) {
      signal?.throwIfAborted();
      await reader.next();
      await turns.yieldIfDue();
    }
  }
}

class OpenedResult implements ResultFile {
  readonly models: string[];
  readonly #file: FileHandle;
  readonly #columns: Columns;
  readonly #sizes: Sizes;
  readonly #signal: AbortSignal | undefined;

  constructor(
    file: FileHandle,
    columns: Columns,
    readonly summary: ResultSummary,
    sizes: Sizes,
    signal?: AbortSignal,
  ) {
    this.#file = file;
    this.#columns = columns;
    this.#sizes = sizes;
    this.#signal = signal;
    const names = new Set<string>();
    for (const { key } of columns.entries) names.add(columnName(key, names));
    this.models = [...names];
  }

  async *batches(
    filter: FrameFilter,
    { skipEmpty }: { skipEmpty: boolean },
  ): AsyncGenerator<Frame[], void, undefined> {
    const { frames: frameColumn, times: timeColumn, entries: entryColumns } = this.#columns;
    const { pieceBytes, batchBytes } = this.#sizes;
    // Offsets are read along slowly; the models share what one piece takes.
    const shared = Math.max(2 * batchBytes, Math.ceil(pieceBytes / entryColumns.length));
    const frameNumbers = new ColumnReader(this.#file, frameColumn, 2 * batchBytes);
    const times = new ColumnReader(this.#file, timeColumn, 2 * batchBytes);
    const entries = entryColumns.map((column) => new ColumnReader(this.#file, column, shared));
    const readers = [frameNumbers, times, ...entries];
    const builder = new FrameBuilder(this.models, filter);
    const turns = new EventLoopYield();
    for (let index = 0; index < this.summary.frames; ) {
      let ready = Math.min(this.#sizes.batchFrames, this.summary.frames - index);
      for (const reader of readers) {
        if (reader.ready === 0) {
          this.#signal?.throwIfAborted();
          await reader.next();
          await turns.yieldIfDue();
        }
        ready = Math.min(ready, reader.ready);
      }
      const frames: Frame[] = [];
      for (const end = index + ready; index < end; index++) {
        const number = frameNumbers.take();
        if (typeof number !== "number")
          throw damaged(`${frameColumn.key}[${index}] is no number`, frameNumbers.position);
        const answers: unknown[] = [];
        for (const reader of entries) answers.push(reader.take());
        const frame = builder.build(number, times.take(), answers);
        if (!skipEmpty || frame.predictions.length > 0) frames.push(frame);
      }
      if (frames.length > 0) yield frames;
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
