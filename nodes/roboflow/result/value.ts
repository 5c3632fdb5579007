import { EventLoopYield } from "../../event-loop";
import { Column, type Ranges } from "./columns";
import { RangeReader } from "./range-reader";
import { parseAll, type Scanned } from "./rows";
import { setKey } from "./safe-keys";

/**
 * Puts a result together as one value, equal to `JSON.parse` of the file (Python's NaN and Infinity are null), and
 * yields to the event loop every few milliseconds.
 * @throws VideoError RESULT when the file is no JSON
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
      await eventLoop.yieldIfDue();
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
