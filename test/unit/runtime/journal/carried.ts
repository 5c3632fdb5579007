const nothing = Symbol("cannot be carried");

/**
 * What a message is to be after a restart, worked out without regard to how it is written: a copy of all that is plain
 * data or a date. What cannot be carried is absent, in a list it is undefined.
 *
 * @param left gets the names of what is absent, in order.
 */
export function carried(msg: Record<string, unknown>, left: string[]): Record<string, unknown> {
  const { req: _req, res: _res, ...written } = msg;
  return copy(written, "msg") as Record<string, unknown>;

  function copy(value: unknown, name: string): unknown {
    if (value === null || ["string", "number", "boolean", "undefined"].includes(typeof value)) return value;
    if (value instanceof Date) return new Date(value.getTime());
    if (Array.isArray(value)) {
      const list: unknown[] = new Array(value.length);
      for (const index of Object.keys(value)) {
        const item = copy(value[Number(index)], `${name}[${index}]`);
        list[Number(index)] = item === nothing ? undefined : item;
      }
      return list;
    }
    const entries = entriesOf(value);
    if (!entries) {
      left.push(name.length > 80 ? `${name.slice(0, 79)}…` : name);
      return nothing;
    }
    return Object.fromEntries(
      entries
        .map(([key, item]) => [
          key,
          copy(item, `${name}${/^[\w$]+$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`}`),
        ])
        .filter(([, item]) => item !== nothing),
    );
  }
}

/** The entries of a plain object; undefined for anything else. */
function entriesOf(value: unknown): [string, unknown][] | undefined {
  try {
    const prototype = typeof value === "object" && Object.getPrototypeOf(value);
    return prototype === Object.prototype || prototype === null ? Object.entries(value as object) : undefined;
  } catch {
    return undefined;
  }
}
