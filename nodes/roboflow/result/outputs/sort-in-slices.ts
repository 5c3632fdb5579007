import { EventLoopYield } from "../../../event-loop";

/** Numbers put in place between two looks at the clock. */
const SLICE = 4096;

/**
 * Sorts numbers without blocking the event loop (merge sort, from the bottom up): equals keep their order, and what is in
 * order already takes two comparisons each.
 * @returns the sorted numbers; the array given is used for scratch
 */
export async function sortInSlices(
  items: Uint32Array,
  compare: (a: number, b: number) => number,
): Promise<Uint32Array> {
  const eventLoop = new EventLoopYield();
  let from: Uint32Array = items;
  let to: Uint32Array = new Uint32Array(items.length);
  let placed = 0;
  for (let width = 1; width < items.length; width *= 2) {
    for (let start = 0; start < items.length; start += 2 * width) {
      const middle = Math.min(start + width, items.length);
      const end = Math.min(start + 2 * width, items.length);
      let left = start;
      let right = middle;
      const isInOrder = right === end || compare(from[right - 1] as number, from[right] as number) <= 0;
      if (isInOrder) to.set(from.subarray(start, end), start);
      for (let at = isInOrder ? end : start; at < end; at++) {
        const takesLeft =
          right === end || (left < middle && compare(from[left] as number, from[right] as number) <= 0);
        to[at] = from[takesLeft ? left++ : right++] as number;
        if (++placed % SLICE === 0) await eventLoop.yieldIfDue();
      }
      if (isInOrder && ++placed % SLICE === 0) await eventLoop.yieldIfDue();
    }
    [from, to] = [to, from];
  }
  return from;
}
