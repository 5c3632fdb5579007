/** One bit a frame: grows by an eighth of a byte each. */
export class FrameBits {
  #bits = new Uint8Array(1024);

  set(frame: number): void {
    const at = frame >>> 3;
    if (at >= this.#bits.length) {
      const larger = new Uint8Array(Math.max(this.#bits.length * 2, at + 1));
      larger.set(this.#bits);
      this.#bits = larger;
    }
    this.#bits[at] = (this.#bits[at] as number) | (1 << (frame & 7));
  }

  /** How many frames are set. */
  count(): number {
    let count = 0;
    for (let bits of this.#bits) for (; bits !== 0; bits &= bits - 1) count++;
    return count;
  }
}
