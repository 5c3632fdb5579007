import { createHash } from "node:crypto";

/** Bytes up to which a video is hashed as a whole. */
const hashedWhole = 64 * 1024 * 1024;
/** Of a larger one the beginning of each stretch is hashed: a whole gigabyte would take as long as sending it. */
const stretchBytes = 512 * 1024;
const hashedOfStretch = 32 * 1024;

/** Tells whether a video is still the one that was read, by a hash of its bytes as they come. */
export class Fingerprint {
  readonly #hash = createHash("sha256");
  readonly #hashed: number;
  #position = 0;

  /** @param sizeBytes of the whole video. */
  constructor(sizeBytes: number) {
    this.#hashed = sizeBytes <= hashedWhole ? stretchBytes : hashedOfStretch;
  }

  /** Takes the next bytes, in whatever portions. */
  update(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) {
      const offset = this.#position % stretchBytes;
      const length = Math.min(chunk.length - at, stretchBytes - offset);
      const hashed = Math.min(length, this.#hashed - offset);
      if (hashed > 0) this.#hash.update(chunk.subarray(at, at + hashed));
      this.#position += length;
      at += length;
    }
  }

  /** Of the bytes so far, hex. */
  digest(): string {
    return this.#hash.copy().digest("hex");
  }
}
