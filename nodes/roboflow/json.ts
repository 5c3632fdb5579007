/** What is written `{…}` in JSON, with anything in it. */
export type Fields = Record<string, unknown>;

/** True for what is written `{…}` in JSON. */
export function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
