/**
 * Class names and model ids come from the outside and become keys of plain objects, since that is what
 * messages hold. `__proto__` is the one key that plain assignment would not store.
 */
export function setKey(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__")
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  else target[key] = value;
}

/** Counts one more of `key`. */
export function addCount(counts: Record<string, number>, key: string): void {
  const before: unknown = Object.hasOwn(counts, key) ? counts[key] : 0;
  setKey(counts, key, (before as number) + 1);
}
