import type { FileHandle } from "node:fs/promises";
import { EventLoopYield } from "../../../event-loop";
import { damaged } from "../damage";
import type { Ranges } from "../scan/columns";
import type { TopLevel } from "../scan/top-level";
import type { Layout } from "./layout";
import { RangeReader } from "./range-reader";

/** What all columns say of one frame. */
export interface Row {
  /** Position in the columns, from 0. */
  index: number;
  /** Frame number in the video. */
  frame: number;
  /** Seconds of playback, where it is a number. */
  time: unknown;
  /** By position of the model; null where a model gave no answer. */
  entries: unknown[];
}

/** A result that has been scanned. */
export interface Scanned {
  file: FileHandle;
  top: TopLevel;
  layout: Layout;
  sizes: ReadSizes;
  signal?: AbortSignal | undefined;
}

export interface ReadSizes {
  /** Bytes read from the file at a time. */
  chunkBytes: number;
  /** Bytes parsed at a time. */
  batchBytes: number;
  /** Rows handed out at a time, at most. */
  batchRows: number;
}

/** Entries handed out at a time, at most, unless one row has more. */
const ENTRIES = 4096;

/**
 * Reads the rows in order, some at a time, and yields to the event loop every few milliseconds. What no row is made of
 * is parsed before, so that nothing comes of a text that is no JSON.
 * @throws VideoError RESULT when damage is reached
 */
export async function* readRows(result: Scanned): AsyncGenerator<Row[], void, undefined> {
  const { file, top, layout, sizes, signal } = result;
  await parseAll(result, [top.others, ...[...top.superseded, ...layout.rest].map(({ batches }) => batches)]);
  const { chunkBytes, batchBytes, batchRows } = sizes;
  // Offsets are read along slowly; the models share what one chunk takes.
  const shared = Math.max(2 * batchBytes, Math.ceil(chunkBytes / layout.entries.length));
  const frames = new RangeReader(file, layout.frames.batches, 2 * batchBytes);
  const times = new RangeReader(file, layout.times.batches, 2 * batchBytes);
  const entries = layout.entries.map(({ batches }) => new RangeReader(file, batches, shared));
  const readers = [frames, times, ...entries];
  const mostRows = Math.max(1, Math.min(batchRows, Math.floor(ENTRIES / entries.length)));
  const eventLoop = new EventLoopYield();
  for (let index = 0; index < layout.frames.length; ) {
    let ready = Math.min(mostRows, layout.frames.length - index);
    for (const reader of readers) {
      if (reader.ready === 0) {
        signal?.throwIfAborted();
        await reader.next();
        await eventLoop.yieldIfDue();
      }
      ready = Math.min(ready, reader.ready);
    }
    const rows: Row[] = [];
    for (const end = index + ready; index < end; index++) {
      const frame = frames.take();
      if (typeof frame !== "number")
        throw damaged(`${layout.frames.key}[${index}] is no number`, frames.position);
      rows.push({ index, frame, time: times.take(), entries: entries.map((reader) => reader.take()) });
    }
    yield rows;
  }
}

/** @throws VideoError RESULT when one of the values in the ranges is no JSON */
export async function parseAll(
  { file, sizes, signal }: Pick<Scanned, "file" | "sizes" | "signal">,
  lists: Iterable<Ranges>,
): Promise<void> {
  const eventLoop = new EventLoopYield();
  for (const ranges of lists) {
    const reader = new RangeReader(file, ranges, 2 * sizes.batchBytes);
    while (await reader.next()) {
      signal?.throwIfAborted();
      await eventLoop.yieldIfDue();
    }
  }
}
