import { isUtf8 } from "node:buffer";
import { damaged } from "../damage";
import { jsonBytes } from "../scan/json-bytes";

const { BACKSLASH, CAPITAL_I, CAPITAL_N, MINUS, QUOTE } = jsonBytes;

const NULL = Buffer.from("null");
/** What Python's json module writes where JSON has no number. */
const NON_NUMBERS = ["-Infinity", "Infinity", "NaN"].map((word) => Buffer.from(word));
/** The most that a copy with null in place of them is longer. */
const GROWTH = 4 / 3;

/**
 * Parses bytes of JSON as `JSON.parse` does, except that Python's `NaN`, `Infinity` and `-Infinity` become
 * null. Repairs are only looked for once a plain parse has failed: nearly every result has none.
 * @param position offset of `bytes` in the result, for the error
 * @throws VideoError RESULT for everything else JSON.parse refuses, and for what is not UTF-8
 */
export function parseJson(bytes: Buffer, position: number): unknown {
  try {
    return JSON.parse(decode(bytes, position));
  } catch (error) {
    const repaired = error instanceof SyntaxError ? withoutNonNumbers(bytes) : undefined;
    if (repaired) {
      try {
        return JSON.parse(decode(repaired, position));
      } catch (second) {
        throw refusal(second, position);
      }
    }
    throw refusal(error, position);
  }
}

function refusal(error: unknown, position: number): unknown {
  return error instanceof SyntaxError ? damaged("not JSON", position, error) : error;
}

function decode(bytes: Buffer, position: number): string {
  if (!isUtf8(bytes)) throw damaged("not UTF-8", position);
  return bytes.toString("utf8");
}

/**
 * A copy in which each `NaN`, `Infinity` and `-Infinity` outside strings is `null`; undefined when there is
 * none. Replaced wherever they stand: glued to other characters, `null` is no more JSON than they were.
 */
function withoutNonNumbers(bytes: Buffer): Buffer | undefined {
  if (!NON_NUMBERS.some((word) => bytes.includes(word))) return undefined;
  // Byte by byte: copies of short runs take longer, and there may be millions of them.
  const copy = Buffer.allocUnsafe(Math.ceil(bytes.length * GROWTH));
  let length = 0;
  let inString = false;
  for (let i = 0; i < bytes.length; i++) {
    const c = bytes[i] as number;
    if (c === QUOTE) inString = !inString;
    else if (c === BACKSLASH) copy[length++] = bytes[i++] as number;
    else if (!inString && (c === CAPITAL_N || c === CAPITAL_I || c === MINUS)) {
      const word = NON_NUMBERS.find((candidate) => startsWith(bytes, i, candidate));
      if (word) {
        for (const byte of NULL) copy[length++] = byte;
        i += word.length - 1;
        continue;
      }
    }
    copy[length++] = bytes[i] as number;
  }
  return copy.subarray(0, length);
}

function startsWith(bytes: Buffer, at: number, word: Buffer): boolean {
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word[i]) return false;
  return true;
}
