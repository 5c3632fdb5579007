import { type FileHandle, open } from "node:fs/promises";
import { Writable } from "node:stream";
import { VideoError } from "../errors";

/** Bytes that may wait for the disk. */
const waiting = 512 * 1024;

/**
 * A new file, only for its owner, that can be read while it grows.
 *
 * Fails with a VideoError STORAGE.
 */
export class FileSink extends Writable {
  readonly #path: string;
  #handle: FileHandle | undefined;
  /** Bytes that are on the disk. */
  #written = 0;
  #wakeReaders: () => void = () => {};

  constructor(path: string) {
    super({ highWaterMark: waiting });
    this.#path = path;
  }

  /** Bytes taken in so far. */
  get length(): number {
    return this.#written + this.writableLength;
  }

  /**
   * Resolves when more than so many bytes stand in the file, or when no more will come.
   *
   * @throws the error that the writing ended in.
   */
  async longerThan(bytes: number): Promise<void> {
    while (this.#written <= bytes && !this.writableFinished) {
      if (this.destroyed) throw this.errored ?? new Error("closed");
      await new Promise<void>((resolve) => {
        const wakeOthers = this.#wakeReaders;
        this.#wakeReaders = () => {
          wakeOthers();
          resolve();
        };
      });
    }
  }

  override _construct(callback: (error?: Error | null) => void): void {
    open(this.#path, "w", 0o600).then((handle) => {
      this.#handle = handle;
      callback();
    }, this.#failing(callback));
  }

  // Piece by piece: several in one write would be more than direct-body.ts has measured to be good.
  override _write(piece: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#append(piece).then(() => callback(), this.#failing(callback));
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#wake();
    // Waits for a write that is under way.
    const closed = this.#handle?.close() ?? Promise.resolve();
    closed.then(() => callback(error), error ? () => callback(error) : this.#failing(callback));
  }

  async #append(piece: Buffer): Promise<void> {
    // A disk that is nearly full may take only a part.
    for (let left = piece; left.length > 0; ) {
      const { bytesWritten } = await (this.#handle as FileHandle).write(left, 0, left.length, this.#written);
      this.#written += bytesWritten;
      left = left.subarray(bytesWritten);
    }
    this.#wake();
  }

  #wake(): void {
    const wake = this.#wakeReaders;
    this.#wakeReaders = () => {};
    wake();
  }

  #failing(callback: (error: Error) => void): (cause: unknown) => void {
    return (cause) =>
      callback(new VideoError("STORAGE", "cannotWrite", { values: { path: this.#path }, cause }));
  }
}
