import { isUtf8 } from "node:buffer";
import { damaged } from "../damage";

/** Spellings that are recognised without decoding them. */
const SLOTS = 4096;
/** Slots that are looked at for one spelling: a spelling whose slots are taken by others is decoded each time. */
const PROBES = 8;
const CACHED_BYTES = 256;
const FREE = -1;

/**
 * Numbers the names of classes, which the scan finds as they are written. Most results have few: those are compared
 * as bytes. However many there are and however their hashes collide, a name costs no more than decoding it. Two
 * spellings of one name (`"\u0061"`, `"a"`) share an id.
 */
export class ClassNames {
  /** By id, in the order in which they were met. */
  readonly names: string[] = [];
  readonly #idOfName = new Map<string, number>();
  readonly #ids = new Int32Array(SLOTS).fill(FREE);
  readonly #hashes = new Int32Array(SLOTS);
  readonly #spellings: Uint8Array[] = [];

  /**
   * The id of the name written in `bytes` from `start` to `end`, without quotes.
   * @param hash what {@link hashOf} makes of those bytes
   * @param base offset of `bytes` in the result, for the error
   * @throws VideoError RESULT when it is no JSON string
   */
  idOf(bytes: Uint8Array, start: number, end: number, hash: number, base: number): number {
    // The low bits of the hash depend on the last bytes alone.
    let slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
    for (let probe = 0; probe < PROBES; probe++) {
      const id = this.#ids[slot] as number;
      if (id === FREE) {
        const added = this.idOfName(readString(bytes, start, end, base));
        if (end - start <= CACHED_BYTES) {
          this.#ids[slot] = added;
          this.#hashes[slot] = hash;
          // A copy: `slice` of a Buffer is a view of bytes that will be others soon.
          this.#spellings[slot] = Uint8Array.from(bytes.subarray(start, end));
        }
        return added;
      }
      if (this.#hashes[slot] === hash && sameBytes(this.#spellings[slot] as Uint8Array, bytes, start, end))
        return id;
      slot = (slot + 1) & (SLOTS - 1);
    }
    return this.idOfName(readString(bytes, start, end, base));
  }

  idOfName(name: string): number {
    let id = this.#idOfName.get(name);
    if (id === undefined) {
      id = this.names.push(name) - 1;
      this.#idOfName.set(name, id);
    }
    return id;
  }
}

/** The scan does the same while it looks for the closing quote. */
export function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0;
  for (let i = start; i < end; i++) hash = (Math.imul(31, hash) + (bytes[i] as number)) | 0;
  return hash;
}

/**
 * The text of a JSON string, given its bytes without the quotes.
 * @throws VideoError RESULT when it is none
 */
export function readString(bytes: Uint8Array, start: number, end: number, base: number): string {
  const raw = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
  if (!isUtf8(raw)) throw damaged("not UTF-8", base + start);
  const text = raw.toString("utf8");
  if (!text.includes("\\")) return text;
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch (error) {
    throw damaged("not a JSON string", base + start, error);
  }
}

function sameBytes(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let i = 0; i < known.length; i++) if (known[i] !== bytes[start + i]) return false;
  return true;
}
