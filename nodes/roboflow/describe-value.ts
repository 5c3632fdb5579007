import { searchedPart } from "./redact";

/** What was found where something else was expected. Data, since only the runtime knows the user's language. */
export type ValueDescription =
  /** Said as it is in every language: `undefined`, `7`, `{…}`. */
  | { found: "bare"; text: string }
  | { found: "text"; text: string }
  /** Too long to be what was expected; `text` is its beginning, `length` its characters. */
  | { found: "longText"; text: string; length: number }
  /** Bytes that somebody has read as a text: a clip, most likely. */
  | { found: "binaryText"; length: number }
  /** `length` in bytes. */
  | { found: "buffer"; length: number };

/** Characters up to which a text is shown in full. */
const longestShown = 80;
/** Characters at the beginning of a long text that tell what it is. */
const judged = 4096;

/** Describes a value for an error's `values`: in a few words, however large it is. */
export function describeValue(value: unknown): ValueDescription {
  if (typeof value === "string") return describeText(value);
  if (Buffer.isBuffer(value)) return { found: "buffer", length: value.length };
  if (value === null || ["undefined", "number", "boolean", "bigint"].includes(typeof value))
    return { found: "bare", text: String(value) };
  return { found: "bare", text: Array.isArray(value) ? "[…]" : "{…}" };
}

function describeText(text: string): ValueDescription {
  const { length } = text;
  if (length <= longestShown) return { found: "text", text };
  return isBinary(text)
    ? { found: "binaryText", length }
    : { found: "longText", text: searchedPart(text), length };
}

/** Whether a text has what no written text has: control characters, or the sign for bytes that are no UTF-8. */
function isBinary(text: string): boolean {
  for (let at = 0; at < Math.min(text.length, judged); at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === 0xfffd || (unit < 0x20 && !writtenControls.has(unit))) return true;
  }
  return false;
}

/** Tab, line feed, form feed, carriage return and escape (of coloured logs). */
const writtenControls = new Set([0x09, 0x0a, 0x0c, 0x0d, 0x1b]);
