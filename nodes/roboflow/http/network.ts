import http from "node:http";
import type https from "node:https";
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { AxiosProxyConfig, AxiosResponse } from "axios";
import { type ErrorCode, VideoError } from "../errors";
import { Agents, tunnelRefusal } from "./agents";
import { defaultTimings, type Limit, leastRateOver, type Timings, within } from "./limits";
import { loadOnce } from "./load-once";
import { connectionCodes, neverConnected } from "./never-connected";
import { environmentProxy } from "./proxy";
import { StreamedBody } from "./streamed-body";

export interface NetworkOptions {
  /** TLS options for every request (own CA, client certificate), as `tls.connect` takes them. */
  tls?: https.AgentOptions;
  /** Proxy for a URL; `false` for none. Without this function the environment's proxy variables apply. */
  proxyFor?: (url: URL) => AxiosProxyConfig | false;
  timings?: Partial<Timings>;
}

export interface HttpRequest {
  method: "GET" | "POST" | "PUT";
  url: string;
  headers?: Record<string, string | number>;
  /** Chunks make the request a transfer, held to a least rate while it is sent; see {@link StreamedBody}. */
  body?: string | AsyncIterable<Buffer>;
  signal: AbortSignal;
  /** Uses a connection of its own, so that no stale keep-alive socket can lose the request. */
  fresh?: boolean;
}

export interface HttpResponse {
  status: number;
  headers: Record<string, string | undefined>;
  /** Leads the body into a stream of ours; fails with its VideoError, or a ConnectionError when the body is cut or too slow. */
  pipeTo(target: Writable): Promise<void>;
  /** Reads the body as text, cut off past some 4 MB; fails as `pipeTo` does. */
  text(): Promise<string>;
  /** Ends the connection without reading on. */
  discard(): void;
}

/** The network failed before an answer was complete: code NETWORK or TIMEOUT. */
export class ConnectionError extends VideoError {
  /** Whether the server certainly has not seen the request; otherwise it may have. */
  readonly neverConnected: boolean;

  constructor(code: Extract<ErrorCode, "NETWORK" | "TIMEOUT">, host: string, cause?: unknown) {
    super(code, code === "TIMEOUT" ? "silentServer" : "network", { values: { host }, cause });
    this.neverConnected = neverConnected(cause);
  }
}

/** Bytes of an answer that is read as text. */
const longestText = 4 * 1024 * 1024;

/**
 * Loaded with the first request, and once: compiled, every `import()` makes a copy of all that a module exports.
 * It has these settings and no others, whatever another node of the process does to the defaults of the library.
 */
const loadAxios = loadOnce(async () => {
  const { Axios } = await import("axios");
  return new Axios({
    adapter: "http",
    responseType: "stream",
    // The redirect follower would keep the whole body in memory; a redirect is an error here anyway.
    maxRedirects: 0,
    maxBodyLength: Number.POSITIVE_INFINITY,
    validateStatus: () => true,
  });
});

/** The requests of one account: its connections, proxy and TLS settings, each within its limits of time. */
export class Network {
  readonly timings: Timings;
  /**
   * The proxy for a URL, false for none.
   *
   * @throws VideoError CONFIG when the one that is set cannot be used.
   */
  readonly proxyFor: NonNullable<NetworkOptions["proxyFor"]>;
  readonly #agents: Agents;

  constructor({ tls, proxyFor = environmentProxy, timings }: NetworkOptions = {}) {
    this.timings = { ...defaultTimings, ...timings };
    this.proxyFor = proxyFor;
    this.#agents = new Agents(tls);
  }

  /**
   * Makes one request and waits for the head of its answer. Every HTTP status is an answer here, and so is
   * a redirect, which is never followed: it would carry the key elsewhere.
   *
   * @throws ConnectionError when no answer came; the signal's reason when it was aborted.
   */
  async request({ method, url, headers, body, signal, fresh = false }: HttpRequest): Promise<HttpResponse> {
    const { silence, text, idle } = this.timings;
    const { host } = new URL(url);
    const axios = await loadAxios().catch((cause) => {
      throw new ConnectionError("NETWORK", host, coded(connectionCodes.notLoaded, cause));
    });
    signal.throwIfAborted();
    const canceller = new AbortController();
    const cancel = () => canceller.abort();
    signal.addEventListener("abort", cancel, { once: true });
    const streamed = typeof body === "object" ? new StreamedBody(body) : undefined;
    const forget = () => {
      signal.removeEventListener("abort", cancel);
      streamed?.stop();
    };

    let isTooSlow = false;
    const failure = (error: unknown): unknown => {
      if (error instanceof VideoError) return error;
      if (signal.aborted) return signal.reason;
      if (isTooSlow) return new ConnectionError("TIMEOUT", host);
      const refusal = tunnelRefusal(error);
      if (refusal === 407) return proxyPasswordRefused();
      const cause = refusal
        ? coded(connectionCodes.proxyRefused, new Error(`the proxy answered HTTP ${refusal}`))
        : error;
      return new ConnectionError("NETWORK", host, cause);
    };
    const limited = async <T>(limit: Limit, work: Promise<T>): Promise<T> => {
      const end = limit(() => {
        isTooSlow = true;
        cancel();
      });
      try {
        return await work;
      } catch (error) {
        throw failure(error);
      } finally {
        end();
      }
    };

    try {
      const answering = axios.request({
        method,
        url,
        headers,
        data: streamed?.data ?? body,
        signal: canceller.signal,
        ...this.#agents.route(new URL(url), this.proxyFor(new URL(url)), {
          fresh,
          signal: canceller.signal,
        }),
        ...(streamed ? { transport: streamed.transport } : {}),
      });
      const headLimit = streamed ? leastRateOver(idle, () => streamed.sent()) : within(silence);
      const response = await limited(headLimit, answering);
      const stream = response.data as Readable;
      return {
        status: response.status,
        headers: headersOf(stream, response),
        pipeTo: (target) => {
          let received = 0;
          stream.on("data", (chunk: Buffer) => {
            received += chunk.length;
          });
          // While the target is busy, it is not the server that is slow.
          const moved = () => (target.writableLength > 0 ? Number.NaN : received);
          // Even a body that is here already leads nowhere then.
          if (signal.aborted) target.destroy();
          const piping = pipeline(stream, target).catch((error) => {
            // Node.js 24 says of a target that had failed before only that it is closed, and leaves the source open.
            stream.on("error", () => {}).destroy();
            throw target.errored ?? error;
          });
          return limited(leastRateOver(idle, moved), piping).finally(forget);
        },
        text: () => limited(within(text), readText(stream)).finally(forget),
        discard: () => {
          forget();
          stream.on("error", () => {});
          stream.destroy();
        },
      };
    } catch (error) {
      forget();
      throw error;
    }
  }

  /**
   * Ends the connections that are kept. One that was made for a single request goes with it: its answer may
   * still be waited for.
   */
  close(): void {
    this.#agents.close();
  }
}

/** The error for a proxy that wants another user name or password. */
export const proxyPasswordRefused = (): VideoError =>
  new VideoError("REJECTED", "proxyPassword", { statusCode: 407 });

const coded = (code: string, { message }: Error) => Object.assign(new Error(message), { code });

/** An answer's headers; a body that was unpacked on its way has no known length. */
function headersOf(stream: Readable, { headers }: AxiosResponse): HttpResponse["headers"] {
  // As Node made them, in lower case, where there is nothing to change.
  if (stream instanceof http.IncomingMessage) return stream.headers as HttpResponse["headers"];
  const known = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value?.toString()]);
  return { ...Object.fromEntries(known), "content-length": undefined };
}

/** Reads a short text, at most some `longestText` bytes of it; fails with the error of the stream, or when it is cut. */
async function readText(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  // Nobody else may be listening to an error that comes later, which would end the process.
  stream.on("error", () => {});
  for await (const chunk of stream) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > longestText) break;
  }
  return Buffer.concat(chunks).toString("utf8");
}
