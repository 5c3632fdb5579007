import { grownTo } from "./growable";

/** One bit a frame: grows by an eighth of a byte each. */
export class FrameBits {
  #bits = new Uint8Array(16);

  set(frame: number): void {
    const at = frame >>> 3;
    this.#bits = grownTo(this.#bits, at);
    this.#bits[at] = (this.#bits[at] as number) | (1 << (frame & 7));
  }

  /** Sets what is set in the other, too. */
  add(other: FrameBits): void {
    for (const [at, bits] of other.#bits.entries()) {
      if (bits === 0) continue;
      this.#bits = grownTo(this.#bits, at);
      this.#bits[at] = (this.#bits[at] as number) | bits;
    }
  }

  /** How many frames are set. */
  count(): number {
    let count = 0;
    for (let bits of this.#bits) for (; bits !== 0; bits &= bits - 1) count++;
    return count;
  }
}
