import { type FileHandle, open } from "node:fs/promises";
import { Writable } from "node:stream";
import { VideoError } from "./errors";

const bufferSize = 1024 * 1024;

/**
 * A new file, only for its owner, that takes in the next bytes while the last ones are still being written.
 *
 * What comes is copied at once, so that the network's small buffers are free again while they are young: kept until the
 * disk has them, they made the garbage collection of a busy Node-RED take longer than all the rest of a download.
 *
 * Fails with a VideoError STORAGE.
 */
export class FileSink extends Writable {
  readonly #path: string;
  #handle: FileHandle | undefined;
  /** Bytes that went to the disk, or are on their way. */
  #position = 0;
  #filling = Buffer.allocUnsafeSlow(bufferSize);
  #filled = 0;
  #writing = Buffer.allocUnsafeSlow(bufferSize);
  #lastWrite: Promise<void> = Promise.resolve();
  /** Bytes that are on the disk. */
  #written = 0;
  #wakeReaders: () => void = () => {};

  constructor(path: string) {
    super();
    this.#path = path;
  }

  /** Bytes taken in so far. */
  get length(): number {
    return this.#position + this.#filled;
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

  override _write(piece: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    if (this.#filled + piece.length < bufferSize) {
      this.#filled += piece.copy(this.#filling, this.#filled);
      callback();
    } else this.#overflow(piece).then(() => callback(), this.#failing(callback));
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#turnOver()
      .then(() => this.#lastWrite)
      .then(() => callback(), this.#failing(callback));
    this.once("finish", () => this.#wake());
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#wake();
    // Waits for a write that is under way.
    const closed = this.#handle?.close() ?? Promise.resolve();
    closed.then(() => callback(error), error ? () => callback(error) : this.#failing(callback));
  }

  async #overflow(piece: Buffer): Promise<void> {
    for (let taken = 0; taken < piece.length; ) {
      const copied = piece.copy(this.#filling, this.#filled, taken);
      this.#filled += copied;
      taken += copied;
      if (this.#filled === bufferSize) await this.#turnOver();
    }
  }

  /** Sends one buffer to the disk and goes on with the other, once that one is there. */
  async #turnOver(): Promise<void> {
    await this.#lastWrite;
    const [full, length, start] = [this.#filling, this.#filled, this.#position];
    this.#lastWrite = writeAll(this.#handle as FileHandle, full.subarray(0, length), start).then(() => {
      this.#written = start + length;
      this.#wake();
    });
    // Told of by whoever waits for it next.
    this.#lastWrite.catch(() => {});
    this.#position += length;
    this.#filled = 0;
    [this.#filling, this.#writing] = [this.#writing, full];
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

/** A disk that is nearly full may take a part of a write. */
async function writeAll(handle: FileHandle, bytes: Buffer, start: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const left = bytes.length - written;
    written += (await handle.write(bytes, written, left, start + written)).bytesWritten;
  }
}
