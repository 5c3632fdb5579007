import http from "node:http";
import https from "node:https";
import { Readable } from "node:stream";

/** Bytes of one write. */
const fewestBytes = 16 * 1024;
const mostBytes = 1024 * 1024;
/** Milliseconds after which a write has taken long: the next one is shorter. */
const longMs = 1000;

/**
 * A long body of a request, sent chunk by chunk: the next is asked for once the one before has left the process, by
 * the callback of its own write, so whoever makes the chunks may use a buffer again. Axios sets the request up and
 * ends it, and the bytes do not pass through it: what it does with a stream may change with any version.
 */
export class StreamedBody {
  /** For axios to send: nothing, and its end comes when all chunks have been sent. */
  readonly data = new Readable({ read: () => {} });
  #request: http.ClientRequest | undefined;
  #sent = 0;
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
    return this.#sent;
  }

  /** Ends the sending of a body of which the server does not want the rest: it has answered already. */
  stop(): void {
    if (!this.#isWhole) this.#request?.destroy();
  }

  async #send(request: http.ClientRequest): Promise<void> {
    // Node.js tells of a write only when all of it is gone. On a poor line a whole chunk would take minutes, in which
    // nobody could tell it from one that is dead: so a write is about as long as the line takes for a moment.
    let writeBytes = fewestBytes;
    for await (const chunk of this.chunks)
      for (let at = 0; at < chunk.length; ) {
        const part = chunk.subarray(at, at + writeBytes);
        const began = performance.now();
        await written(request, part);
        const tookMs = performance.now() - began;
        if (tookMs > longMs) writeBytes = Math.max(fewestBytes, writeBytes / 2);
        else if (tookMs < longMs / 4) writeBytes = Math.min(mostBytes, writeBytes * 2);
        at += part.length;
        this.#sent += part.length;
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
