import http from "node:http";
import https from "node:https";
import { Readable } from "node:stream";

/**
 * A long body of a request, sent chunk by chunk: the next is asked for once the one before has left the process, by
 * the callback of its own write, so whoever makes the chunks may use a buffer again. Axios sets the request up and
 * ends it, and the bytes do not pass through it: what it does with a stream may change with any version.
 */
export class StreamedBody {
  /** For axios to send: nothing, and its end comes when all chunks have been sent. */
  readonly data = new Readable({ read: () => {} });
  #request: http.ClientRequest | undefined;
  #handedOver = 0;
  #isWhole = false;

  constructor(private readonly chunks: AsyncIterable<Buffer>) {
    // Whatever axios listens to: an error that nobody hears ends the process.
    this.data.on("error", () => {});
  }

  /** Node's own transports, for axios to make the request with. */
  readonly transport = {
    request: (options: https.RequestOptions, callback: (response: http.IncomingMessage) => void) => {
      const transport = options.protocol === "https:" ? https : http;
      this.#request = transport.request(options, callback);
      this.#send(this.#request).then(
        () => this.data.push(null),
        // Also the end of one that went away; axios then knows of it already.
        (error) => this.data.destroy(error),
      );
      return this.#request;
    },
  };

  /** Bytes that have left the process. */
  sent(): number {
    // Node tells of a large chunk only when all of it is gone, which takes minutes on a poor line; its handle knows.
    const { _handle } = (this.#request?.socket ?? {}) as { _handle?: { writeQueueSize?: number } | null };
    return this.#handedOver - (_handle?.writeQueueSize ?? 0);
  }

  /** Ends the sending of a body of which the server does not want the rest: it has answered already. */
  stop(): void {
    if (!this.#isWhole) this.#request?.destroy();
  }

  async #send(request: http.ClientRequest): Promise<void> {
    for await (const chunk of this.chunks) {
      this.#handedOver += chunk.length;
      await written(request, chunk);
    }
    this.#isWhole = true;
  }
}

/** Resolves when a chunk has left the process; fails when the request is gone. */
function written(request: http.ClientRequest, chunk: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    // What waits for a connection that never comes has no callback.
    const gone = () => reject(new Error("the request has ended"));
    request.once("close", gone);
    request.write(chunk, (error) => {
      request.off("close", gone);
      if (error) reject(error);
      else resolve();
    });
  });
}
