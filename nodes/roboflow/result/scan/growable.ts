type Numbers = Uint8Array | Int32Array | Uint32Array | Float64Array;

/** The array itself when index `at` is within it, otherwise a copy at least twice as long, filled up with zeros. */
export function grownTo<T extends Numbers>(array: T, at: number): T {
  if (at < array.length) return array;
  const larger = new (array.constructor as new (length: number) => T)(Math.max(2 * array.length, at + 1));
  larger.set(array);
  return larger;
}
