/** A text, and for each of its characters (and its end) the offset in the text that it was unpacked from. */
export interface DecodedText {
  text: string;
  offsets: Int32Array;
}

/** A text as it stands. */
export const plainLayer = (text: string): DecodedText => ({
  text,
  offsets: Int32Array.from({ length: text.length + 1 }, (_, at) => at),
});

/** One escape sequence at an offset: what it stands for, and its length. */
interface Escape {
  char: string;
  length: number;
}

/**
 * Takes one layer of escapes off: `%2F` of URLs, `\u002f` and `\/` of JSON, `&#47;` and `&amp;` of HTML, all of them at
 * once, since a text may mix them. What is no escape stays. Takes time in proportion to the text.
 */
export function decodeLayer({ text, offsets }: DecodedText): DecodedText {
  if (!/[%\\&]/.test(text)) return { text, offsets };
  const parts: string[] = [];
  const decoded = new Int32Array(text.length + 1);
  let length = 0;
  for (let at = 0; at < text.length; ) {
    const { char, length: taken } = escapeAt(text, at) ?? { char: text.charAt(at), length: 1 };
    parts.push(char);
    decoded.fill(offsets[at] as number, length, length + char.length);
    length += char.length;
    at += taken;
  }
  decoded[length] = offsets[text.length] as number;
  return { text: parts.join(""), offsets: decoded.subarray(0, length + 1) };
}

function escapeAt(text: string, at: number): Escape | undefined {
  switch (text.charAt(at)) {
    case "%":
      return percentAt(text, at);
    case "\\":
      return backslashAt(text, at);
    case "&":
      return entityAt(text, at);
    default:
      return undefined;
  }
}

/** A character of UTF-8, of one to four bytes; a byte that begins none stands for itself. */
function percentAt(text: string, at: number): Escape | undefined {
  const first = byteAt(text, at);
  if (first === undefined) return undefined;
  const bytes = [first];
  const expected = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
  while (bytes.length < expected) {
    const next = byteAt(text, at + 3 * bytes.length);
    if (next === undefined || next >> 6 !== 0b10) break;
    bytes.push(next);
  }
  const char = bytes.length === expected ? Buffer.from(bytes).toString("utf8") : String.fromCharCode(first);
  return { char, length: bytes.length === expected ? 3 * expected : 3 };
}

function byteAt(text: string, at: number): number | undefined {
  const hex = text.slice(at + 1, at + 3);
  return text.charAt(at) === "%" && /^[\da-f]{2}$/i.test(hex) ? Number.parseInt(hex, 16) : undefined;
}

const controls: Record<string, string> = { n: "\n", r: "\r", t: "\t", b: "\b", f: "\f" };

/** JSON's escapes, and a backslash before any other character. */
function backslashAt(text: string, at: number): Escape | undefined {
  const next = text.charAt(at + 1);
  const hex = text.slice(at + 2, at + 6);
  if (next === "u" && /^[\da-f]{4}$/i.test(hex))
    return { char: String.fromCharCode(Number.parseInt(hex, 16)), length: 6 };
  return next ? { char: controls[next] ?? next, length: 2 } : undefined;
}

const entities = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
]);
/** Characters of the longest entity that is looked at, leading zeros included. */
const longestEntity = 16;

function entityAt(text: string, at: number): Escape | undefined {
  const end = text.slice(at, at + longestEntity).indexOf(";");
  if (end < 0) return undefined;
  const name = text.slice(at + 1, at + end).toLowerCase();
  const char = entities.get(name) ?? numbered(name);
  return char === undefined ? undefined : { char, length: end + 1 };
}

/** The character of `#47` or `#x2f`. */
function numbered(name: string): string | undefined {
  const [, hex, decimal] = /^#(?:x([\da-f]+)|(\d+))$/.exec(name) ?? [];
  const code = hex ? Number.parseInt(hex, 16) : Number(decimal ?? Number.NaN);
  return code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
}
