import { isUtf8 } from "node:buffer";
import { damaged } from "./damage";
import type { Tally } from "./entries";

/**
 * Counts by class name for the scan over the bytes, which finds the names as they are written: a name is
 * decoded when it is first seen and compared as bytes from then on. Two spellings of one name
 * (`"\u0061"`, `"a"`) share an id.
 */
export class ClassTable {
  /** How often each class was seen, by id. */
  counts = new Float64Array(64);
  readonly #names: string[] = [];
  readonly #idOfName = new Map<string, number>();
  #spellings: { bytes: Uint8Array; id: number }[] = [];
  /** Open addressing: index into `#spellings` plus 1, 0 for a free slot. Never more than half full. */
  #slots = new Int32Array(256);
  #hashes = new Int32Array(256);

  /**
   * The id of the name written in `bytes` from `start` to `end`, without quotes.
   * @param hash what {@link hashOf} makes of those bytes
   * @param base offset of `bytes` in the result, for the error
   */
  idOf(bytes: Uint8Array, start: number, end: number, hash: number, base: number): number {
    const mask = this.#slots.length - 1;
    let slot = spread(hash) & mask;
    for (;;) {
      const at = this.#slots[slot] as number;
      if (at === 0) break;
      if (this.#hashes[slot] === hash) {
        const spelling = this.#spellings[at - 1] as { bytes: Uint8Array; id: number };
        if (sameBytes(spelling.bytes, bytes, start, end)) return spelling.id;
      }
      slot = (slot + 1) & mask;
    }
    const id = this.#idOfNew(readString(bytes, start, end, base));
    // A copy: `slice` of a Buffer is a view, and the piece's bytes will be others soon.
    this.#spellings.push({ bytes: Uint8Array.from(bytes.subarray(start, end)), id });
    this.#slots[slot] = this.#spellings.length;
    this.#hashes[slot] = hash;
    if (this.#spellings.length * 2 > this.#slots.length) this.#grow();
    return id;
  }

  addTo(tally: Tally): void {
    for (const [id, name] of this.#names.entries()) {
      const count = this.counts[id] as number;
      if (count > 0) tally.addClass(name, count);
    }
  }

  #idOfNew(name: string): number {
    const known = this.#idOfName.get(name);
    if (known !== undefined) return known;
    const id = this.#names.push(name) - 1;
    this.#idOfName.set(name, id);
    if (id >= this.counts.length) {
      const larger = new Float64Array(this.counts.length * 2);
      larger.set(this.counts);
      this.counts = larger;
    }
    return id;
  }

  #grow(): void {
    const [slots, hashes] = [this.#slots, this.#hashes];
    this.#slots = new Int32Array(slots.length * 2);
    this.#hashes = new Int32Array(slots.length * 2);
    const mask = this.#slots.length - 1;
    for (let i = 0; i < slots.length; i++) {
      if (slots[i] === 0) continue;
      let slot = spread(hashes[i] as number) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = slots[i] as number;
      this.#hashes[slot] = hashes[i] as number;
    }
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
  const raw = Buffer.from(bytes.subarray(start, end));
  if (!isUtf8(raw)) throw damaged("not UTF-8", base + start);
  try {
    return JSON.parse(`"${raw.toString("utf8")}"`) as string;
  } catch (error) {
    throw damaged("not a JSON string", base + start, error);
  }
}

/** The low bits of the hash hang on the last bytes alone. */
function spread(hash: number): number {
  return hash ^ (hash >>> 15);
}

function sameBytes(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let i = 0; i < known.length; i++) if (known[i] !== bytes[start + i]) return false;
  return true;
}
