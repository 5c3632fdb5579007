import type { IncomingMessage } from "node:http";
import type { OnReadOpts, Socket } from "node:net";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";

/**
 * Linux takes bigger pages for its cache from 256 KiB a write; on a virtual machine they can cost eight times as much
 * (700 MB in 1.1 seconds instead of 0.14).
 */
const bufferSize = 192 * 1024;
const lineFeed = 10;

/**
 * The body of one long answer, read from its socket past Node's HTTP parser, which still reads the head.
 *
 * The usual way makes two new buffers of every piece that arrives. On a long body they keep the garbage collector
 * busier than all the rest, up to three times the time of a download; here a few buffers go round. Only a body of
 * known length, sent as it is, comes this way; any other goes to the parser.
 */
export class DirectBody {
  /** For the connection of the request; `tls.connect` ignores it inside a tunnel. */
  readonly onread = {
    buffer: () => this.#buffer.subarray(this.#filled),
    callback: (length: number) => this.#take(length),
  } as OnReadOpts;

  #socket: Socket | undefined;
  /** The answer whose head has been read, when its body comes this way. */
  #answer: IncomingMessage | undefined;
  #goesToParser = false;
  /** Bytes of the body that are still to come. */
  #left = 0;
  #received = 0;
  #buffer: Buffer = Buffer.allocUnsafeSlow(bufferSize);
  /** Where the bytes in the buffer that were not passed on begin and end. */
  #start = 0;
  #filled = 0;
  /** Full buffers that nobody has asked for yet. */
  #ready: Buffer[] = [];
  readonly #free: Buffer[] = [];
  #target: Writable | undefined;

  /** Bytes that have come so far, of the head and the body. */
  get received(): number {
    return this.#received;
  }

  /** To be called with the socket of the request, before anything is read from it. */
  attach(socket: Socket): void {
    this.#socket = socket;
  }

  /** To be called as soon as the parser has read the head of the answer. */
  begin(answer: IncomingMessage): void {
    const {
      "content-length": length,
      "transfer-encoding": transfer,
      "content-encoding": coding,
    } = answer.headers;
    const isPlain = Number(length) > 0 && transfer === undefined && (coding ?? "identity") === "identity";
    // In a tunnel nothing has come through here.
    if (this.#received === 0 || answer.statusCode !== 200 || !isPlain) this.#goesToParser = true;
    if (this.#goesToParser) return;
    this.#answer = answer;
    this.#left = Number(length);
  }

  /** Whether this is the answer, and its body comes this way. */
  isBodyOf(answer: unknown): boolean {
    return answer === this.#answer;
  }

  /**
   * Leads the body into a stream and ends both.
   *
   * @throws the stream's error, or that of the connection when the body is cut.
   */
  async pipeTo(target: Writable): Promise<void> {
    const answer = this.#answer as IncomingMessage;
    const cut = (error?: Error) => {
      if (this.#left > 0) target.destroy(error ?? new Error("the body was cut"));
    };
    answer.on("error", cut).on("close", cut);
    // It may have been cut before anyone listened.
    if (answer.destroyed) cut(answer.errored ?? undefined);
    target.on("drain", () => this.#socket?.resume());
    try {
      const done = finished(target);
      this.#target = target;
      this.#passOn();
      this.#socket?.resume();
      await done;
    } finally {
      answer.destroy();
    }
  }

  /** @returns whether to read on at once */
  #take(length: number): boolean {
    this.#received += length;
    this.#filled += length;
    const parserReadsOn = this.#answer !== undefined || this.#readHead();
    if (!this.#answer) return parserReadsOn;
    const isFull = this.#filled === bufferSize;
    if (isFull || this.#filled - this.#start >= this.#left) this.#turnOver();
    this.#passOn();
    return this.#target !== undefined && this.#left > 0 && !this.#target.writableNeedDrain;
  }

  /**
   * Hands the parser one line after the other, so that nothing of the body is gone to it when it knows the answer.
   * It gets copies: what it says of them may outlast the buffer.
   *
   * @returns whether it takes more at once
   */
  #readHead(): boolean {
    let readsOn = true;
    while (this.#start < this.#filled && !this.#answer) {
      const unread = this.#buffer.subarray(this.#start, this.#filled);
      const line = this.#goesToParser
        ? unread
        : unread.subarray(0, unread.indexOf(lineFeed) + 1 || unread.length);
      this.#start += line.length;
      readsOn = this.#socket?.push(Buffer.from(line)) ?? true;
      // A parser that cannot be told at once cannot stop us at the end of the head.
      if ((this.#socket?.readableLength ?? 0) > 0) this.#goesToParser = true;
    }
    if (!this.#answer) {
      this.#start = 0;
      this.#filled = 0;
    }
    return readsOn;
  }

  /** Goes on with another buffer. */
  #turnOver(): void {
    // What a server sends beyond the length it told is no part of the body.
    const end = Math.min(this.#filled, this.#start + this.#left);
    this.#left -= end - this.#start;
    if (end > this.#start) this.#ready.push(this.#buffer.subarray(this.#start, end));
    this.#buffer = this.#free.pop() ?? Buffer.allocUnsafeSlow(bufferSize);
    this.#start = 0;
    this.#filled = 0;
  }

  #passOn(): void {
    const target = this.#target;
    if (!target || target.destroyed || target.writableEnded) return;
    for (const piece of this.#ready.splice(0))
      target.write(piece, () => this.#free.push(Buffer.from(piece.buffer as ArrayBuffer)));
    if (this.#left === 0) target.end();
  }
}
