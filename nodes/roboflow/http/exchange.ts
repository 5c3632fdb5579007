import http from "node:http";
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { AxiosResponse } from "axios";
import { VideoError } from "../errors";
import { tunnelRefusal } from "./agents";
import { ConnectionError, coded, proxyPasswordRefused } from "./connection-error";
import { type Limit, minimumRateOver, type Timings, within } from "./limits";
import { connectionCodes } from "./never-connected";
import type { StreamedBody } from "./streamed-body";

/** Bytes of an answer that is read as text. */
const longestText = 4 * 1024 * 1024;

/**
 * Bytes of the buffer that an answer is read into as text. As external memory of the answer it counts towards V8's next
 * full garbage collection. A poll leaves some 15 kB of garbage in V8's old space, of axios and Node.js, and V8 takes its
 * time to collect it: 10,000 jobs at 60 s took 31 kB of memory each without this. 2,000 jobs at 12 s, which are as many
 * polls, took 101 MB and 6 % of a core without it, 54 MB and 12 % with it.
 */
const bufferSize = 64 * 1024;
const externalMemory = Symbol("external memory");

export interface HttpResponse {
  readonly status: number;
  readonly headers: Record<string, string | undefined>;
  /**
   * Leads the body into a stream of ours; fails with its VideoError, or a ConnectionError when the body is cut or too slow.
   *
   * @param came called with the bytes of each chunk.
   */
  pipeTo(target: Writable, came?: (bytes: number) => void): Promise<void>;
  /** Reads the body as text, cut off past some 4 MB; fails as `pipeTo` does. */
  text(): Promise<string>;
  /** Ends the connection without reading on. */
  discard(): void;
}

/** One request and its answer: what may end it before its time, and what it ends in then. */
export class Exchange {
  readonly #host: string;
  readonly #given: AbortSignal;
  readonly #controller = new AbortController();
  readonly #abort = () => this.#controller.abort();
  readonly #body: StreamedBody | undefined;
  #isTooSlow = false;

  /**
   * @param signal of whoever wants it.
   * @param body what is still being sent may end with it.
   */
  constructor(host: string, signal: AbortSignal, body?: StreamedBody) {
    this.#host = host;
    this.#given = signal;
    this.#body = body;
    signal.addEventListener("abort", this.#abort, { once: true });
  }

  /** Aborted with the signal that was given, or when a limit is exceeded. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get isGivenUp(): boolean {
    return this.#given.aborted;
  }

  /**
   * Waits for a part of it, within a limit.
   *
   * @throws VideoError as it comes, a ConnectionError for anything else; the given signal's reason when that is aborted.
   */
  async part<T>(limit: Limit, work: Promise<T>): Promise<T> {
    const end = limit(() => {
      this.#isTooSlow = true;
      this.#abort();
    });
    try {
      return await work;
    } catch (error) {
      throw this.#failure(error);
    } finally {
      end();
    }
  }

  /** Nothing more is expected of it. */
  end(): void {
    this.#given.removeEventListener("abort", this.#abort);
    this.#body?.stop();
  }

  #failure(error: unknown): unknown {
    if (error instanceof VideoError) return error;
    if (this.isGivenUp) return this.#given.reason;
    if (this.#isTooSlow) return new ConnectionError("TIMEOUT", this.#host);
    const refusal = tunnelRefusal(error);
    if (refusal === 407) return proxyPasswordRefused();
    const cause = refusal ? coded(connectionCodes.proxyRefused, `the proxy answered HTTP ${refusal}`) : error;
    return new ConnectionError("NETWORK", this.#host, cause);
  }
}

/** The answer of an exchange. */
export class StreamedResponse implements HttpResponse {
  readonly status: number;
  readonly headers: HttpResponse["headers"];
  readonly #stream: Readable;
  readonly #exchange: Exchange;
  readonly #timings: Timings;

  constructor(response: AxiosResponse, exchange: Exchange, timings: Timings) {
    this.status = response.status;
    this.#stream = response.data;
    this.headers = headersOf(this.#stream, response);
    this.#exchange = exchange;
    this.#timings = timings;
  }

  async pipeTo(target: Writable, came?: (bytes: number) => void): Promise<void> {
    let received = 0;
    this.#stream.on("data", (chunk: Buffer) => {
      received += chunk.length;
      came?.(chunk.length);
    });
    // While the target is busy, it is not the server that is slow.
    const moved = () => (target.writableLength > 0 ? Number.NaN : received);
    // Even a body that is here already leads nowhere then.
    if (this.#exchange.isGivenUp) target.destroy();
    const piping = pipeline(this.#stream, target).catch((error) => {
      // Node.js 24 says of a target that had failed before only that it is closed, and leaves the source open.
      this.#stream.on("error", () => {}).destroy();
      throw target.errored ?? error;
    });
    try {
      await this.#exchange.part(minimumRateOver(this.#timings.idle, moved), piping);
    } finally {
      this.#exchange.end();
    }
  }

  async text(): Promise<string> {
    try {
      return await this.#exchange.part(within(this.#timings.text), readText(this.#stream));
    } finally {
      this.#exchange.end();
    }
  }

  discard(): void {
    this.#exchange.end();
    this.#stream.on("error", () => {}).destroy();
  }
}

/** An answer's headers; a body that was unpacked on its way has no known length. */
function headersOf(stream: Readable, { headers }: AxiosResponse): HttpResponse["headers"] {
  // As Node made them, in lower case, where there is nothing to change.
  if (stream instanceof http.IncomingMessage) return stream.headers as HttpResponse["headers"];
  const known = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value?.toString()]);
  return { ...Object.fromEntries(known), "content-length": undefined };
}

/** Reads a short text, at most some `longestText` bytes of it; fails with the error of the stream, or when it is cut. */
async function readText(stream: Readable): Promise<string> {
  let buffer: Buffer = Buffer.allocUnsafeSlow(bufferSize);
  Object.assign(stream, { [externalMemory]: buffer });
  let length = 0;
  // Nobody else may be listening to an error that comes later, which would end the process.
  stream.on("error", () => {});
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const end = length + chunk.length;
    if (end > buffer.length) buffer = Buffer.concat([buffer], 2 * end);
    chunk.copy(buffer, length);
    length = end;
    if (length > longestText) break;
  }
  return buffer.toString("utf8", 0, length);
}
