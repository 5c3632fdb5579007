import { getHeapStatistics } from "node:v8";
import { EventLoopYield } from "../../../event-loop";
import { VideoError } from "../../errors";
import { setKey } from "../safe-keys";
import { Column, type Ranges } from "../scan/columns";
import { RangeReader } from "./range-reader";
import { parseAll, type Scanned } from "./rows";

/** Bytes of the heap that V8 keeps for young objects: three semi-spaces of 16 MiB, unless told otherwise. */
const youngGeneration = 3 * 16 * 1024 * 1024;
/** Part of the rest that may be used: at the end of it, the whole process ends. */
const usable = 0.85;

/** @throws VideoError RESULT_TOO_LARGE when the heap is nearly full */
function checkHeap(): void {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  if (used > usable * (limit - youngGeneration))
    throw new VideoError("RESULT_TOO_LARGE", "resultTooLargeForHeap", {
      values: { megabytes: Math.round(limit / 1e6) },
    });
}

/**
 * Puts a result together as one value, equal to `JSON.parse` of the file (Python's NaN and Infinity are null), and
 * yields to the event loop every few milliseconds.
 * @throws VideoError RESULT when the file is no JSON; RESULT_TOO_LARGE when Node.js has no memory for the value
 */
export async function readValue(result: Scanned): Promise<Record<string, unknown>> {
  const { file, top, sizes, signal } = result;
  const { members, superseded, others } = top;
  await parseAll(
    result,
    superseded.map(({ batches }) => batches),
  );
  const eventLoop = new EventLoopYield();
  async function* valuesOf(ranges: Ranges): AsyncGenerator<unknown[]> {
    const reader = new RangeReader(file, ranges, sizes.chunkBytes);
    for (let values = await reader.next(); values; values = await reader.next()) {
      signal?.throwIfAborted();
      yield values;
      if (!eventLoop.isDue) continue;
      checkHeap();
      await eventLoop.yield();
    }
  }

  const value: Record<string, unknown> = {};
  const keyOfOther = new Map<number, string>();
  for (const [key, member] of members) {
    // A value of another key may come in between: the order of keys is made first.
    setKey(value, key, undefined);
    if (member instanceof Column) continue;
    keyOfOther.set(member, key);
    await eventLoop.yieldIfDue();
  }
  let index = 0;
  for await (const values of valuesOf(others))
    for (const other of values) {
      const key = keyOfOther.get(index++);
      if (key !== undefined) setKey(value, key, other);
    }
  for (const [key, member] of members) {
    if (!(member instanceof Column)) continue;
    const elements: unknown[] = [];
    for await (const values of valuesOf(member.batches)) for (const element of values) elements.push(element);
    setKey(value, key, elements);
  }
  return value;
}
