import { Writable } from "node:stream";

/** Gathers a body in memory; `check` is given the bytes so far and throws a VideoError when they are too many. */
export class Collector extends Writable {
  readonly #check: (bytes: number) => void;
  #room: Buffer;
  #length = 0;

  /** @param expected bytes; more may come, at the price of a copy. */
  constructor(check: (bytes: number) => void, expected = 64 * 1024) {
    super();
    this.#check = check;
    this.#room = Buffer.allocUnsafeSlow(expected);
  }

  /** Bytes so far. */
  get length(): number {
    return this.#length;
  }

  get bytes(): Buffer {
    return this.#room.subarray(0, this.#length);
  }

  override _write(piece: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    const length = this.#length + piece.length;
    try {
      this.#check(length);
    } catch (error) {
      callback(error as Error);
      return;
    }
    if (length > this.#room.length) {
      const larger = Buffer.allocUnsafeSlow(2 * length);
      this.bytes.copy(larger);
      this.#room = larger;
    }
    // Copied at once: the network's small buffers are free again while they are young, which spares the collector.
    piece.copy(this.#room, this.#length);
    this.#length = length;
    callback();
  }
}
