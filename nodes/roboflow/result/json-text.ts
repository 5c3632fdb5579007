import { isUtf8 } from "node:buffer";
import { damaged, maxResultBytes } from "./damage";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const CAPITAL_I = 0x49;
const CAPITAL_N = 0x4e;

const NULL = Buffer.from("null");
/** What Python's json module writes where JSON has no number. */
const NON_NUMBERS = ["-Infinity", "Infinity", "NaN"].map((word) => Buffer.from(word));

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

/**
 * Measured: a latin1 copy of what is all ASCII saves 1 % of the parse for a batch, and makes the parse of a
 * long text an eighth slower, since V8 keeps such a string outside its heap.
 */
function decode(bytes: Buffer, position: number): string {
  if (bytes.length > maxResultBytes) throw damaged("one entry is longer than can be read", position);
  if (!isUtf8(bytes)) throw damaged("not UTF-8", position);
  return bytes.toString("utf8");
}

/**
 * A copy in which each `NaN`, `Infinity` and `-Infinity` outside strings is `null`; undefined when there is
 * none. Replaced wherever they stand: glued to other characters, `null` is no more JSON than they were.
 */
function withoutNonNumbers(bytes: Buffer): Buffer | undefined {
  if (!NON_NUMBERS.some((word) => bytes.includes(word))) return undefined;
  const parts: Buffer[] = [];
  let copied = 0;
  for (let i = 0; i < bytes.length; ) {
    const c = bytes[i] as number;
    if (c === QUOTE) i = afterString(bytes, i);
    else if (c === CAPITAL_N || c === CAPITAL_I || c === MINUS) {
      const word = NON_NUMBERS.find((candidate) => startsWith(bytes, i, candidate));
      if (word) {
        parts.push(bytes.subarray(copied, i), NULL);
        copied = i + word.length;
      }
      i += word?.length ?? 1;
    } else i++;
  }
  if (parts.length === 0) return undefined;
  parts.push(bytes.subarray(copied));
  return Buffer.concat(parts);
}

/** Offset behind the string that opens at `start`; the end of the bytes when it is never closed. */
function afterString(bytes: Buffer, start: number): number {
  let i = start + 1;
  while (i < bytes.length) {
    const c = bytes[i];
    if (c === QUOTE) return i + 1;
    i += c === BACKSLASH ? 2 : 1;
  }
  return bytes.length;
}

function startsWith(bytes: Buffer, at: number, word: Buffer): boolean {
  if (at + word.length > bytes.length) return false;
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word[i]) return false;
  return true;
}
