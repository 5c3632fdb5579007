import http from "node:http";
import https from "node:https";
import type { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import type { Axios, AxiosProxyConfig, AxiosRequestConfig, AxiosResponse } from "axios";
import { type ErrorCode, VideoError } from "../errors";
import { neverConnected } from "./never-connected";
import { ParsedBody } from "./parsed-body";
import {
  environmentNamesProxy,
  environmentProxy,
  proxyCodes,
  TunnelAgent,
  type TunnelRequestOptions,
} from "./proxy";

/** Limits on silence, in milliseconds. */
export interface Timings {
  /** A server that has been sent the whole request and says nothing. */
  silence: number;
  /** A transfer, either way, in which not one byte moves. */
  idle: number;
}

export const defaultTimings: Timings = { silence: 30_000, idle: 60_000 };

export interface NetworkOptions {
  /** TLS options for every request (own CA, client certificate), as `tls.connect` takes them. */
  tls?: https.AgentOptions;
  /** Proxy for a URL; `false` for none. Without this function the environment's proxy variables apply. */
  proxyFor?: (url: URL) => AxiosProxyConfig | false;
  timings?: Timings;
}

export interface HttpRequest {
  method: "GET" | "POST" | "PUT";
  url: string;
  headers?: Record<string, string | number>;
  body?: string | Readable;
  signal: AbortSignal;
  /** Uses a connection of its own, so that no stale keep-alive socket can lose the request. */
  fresh?: boolean;
  /** Bytes of the body that have moved so far; makes the request a transfer, held to `idle` while it is sent. */
  sent?: () => number;
}

export interface HttpResponse {
  status: number;
  headers: Record<string, string | undefined>;
  /** Leads the body into a stream of ours; fails with its VideoError, or a ConnectionError when the body is cut or stalls. */
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

/** Most sockets kept for API calls of one account; ten thousand waiting jobs share them. */
const pooledSockets = 64;
/** Milliseconds that one is kept without use: routers on the way forget a quiet connection without a word. */
const keptUnused = 10_000;

/** Bytes of an answer that is read as text. */
const longestText = 4 * 1024 * 1024;

interface Agents {
  http: http.Agent;
  https: https.Agent;
}

/** The connection of one request, as far as it is known. */
interface Connection {
  socket?: Socket;
}

const pooled: http.AgentOptions = {
  keepAlive: true,
  maxSockets: pooledSockets,
  maxFreeSockets: pooledSockets,
  timeout: keptUnused,
};
const fresh: http.AgentOptions = { keepAlive: false };

let loading: Promise<Axios> | undefined;
/**
 * Loaded with the first request, and once: compiled, every `import()` makes a copy of all that a module exports.
 * It has these settings and no others, whatever another node of the process does to the defaults of the library.
 */
const loadAxios = (): Promise<Axios> => {
  loading ??= import("axios").then(
    ({ Axios }) =>
      new Axios({
        adapter: "http",
        responseType: "stream",
        // The redirect follower would keep the whole body in memory; a redirect is an error here anyway.
        maxRedirects: 0,
        maxBodyLength: Number.POSITIVE_INFINITY,
        validateStatus: () => true,
      }),
  );
  return loading;
};

/** The requests of one account: its connections, proxy and TLS settings. Patches nothing global. */
export class Network {
  readonly timings: Timings;
  readonly #options: NetworkOptions;
  readonly #pooled: Agents;
  readonly #fresh: Agents;
  /** The agents for https through a proxy, by the proxy. */
  readonly #tunnels = new Map<string, Record<"pooled" | "fresh", TunnelAgent>>();

  constructor(options: NetworkOptions = {}) {
    this.#options = options;
    this.timings = options.timings ?? defaultTimings;
    const agents = (own: http.AgentOptions) => ({
      http: new http.Agent(own),
      https: new https.Agent({ ...options.tls, ...own }),
    });
    this.#pooled = agents(pooled);
    this.#fresh = agents(fresh);
  }

  /**
   * Makes one request and waits for the head of its answer. Every HTTP status is an answer here, and so is
   * a redirect, which is never followed: it would carry the key elsewhere.
   *
   * @throws ConnectionError when no answer came; the signal's reason when it was aborted.
   */
  async request(request: HttpRequest): Promise<HttpResponse> {
    const { signal } = request;
    const axios = await loadAxios();
    signal.throwIfAborted();
    const host = new URL(request.url).host;
    const canceller = new AbortController();
    const cancel = () => canceller.abort();
    signal.addEventListener("abort", cancel, { once: true });

    const connection: Connection = {};
    let stalled = false;
    const failure = (cause: unknown): Error => {
      if (signal.aborted) return signal.reason as Error;
      if (stalled) return new ConnectionError("TIMEOUT", host);
      if ((cause as NodeJS.ErrnoException)?.code === proxyCodes.passwordRefused)
        return proxyPasswordRefused();
      return new ConnectionError("NETWORK", host, cause);
    };
    const watch = (limit: number, measure: () => number) =>
      watchProgress(limit, measure, () => {
        stalled = true;
        cancel();
      });

    const { silence, idle } = this.timings;
    const { sent } = request;
    const sendWatch = sent
      ? watch(idle, () => sent() - waitingBytes(connection.socket))
      : watch(silence, () => 0);
    try {
      const response = await axios.request(this.#config(request, canceller.signal, connection));
      sendWatch.stop();
      const stream = response.data as Readable;
      const finish = () => signal.removeEventListener("abort", cancel);
      const reading = async <T>(received: () => number, body: Promise<T>): Promise<T> => {
        const idleWatch = watch(idle, received);
        try {
          return await body;
        } catch (error) {
          throw error instanceof VideoError ? error : failure(error);
        } finally {
          idleWatch.stop();
          finish();
        }
      };
      return {
        status: response.status,
        headers: headersOf(stream, response),
        pipeTo: (target) => {
          const body = new ParsedBody(stream);
          // While the target is busy, it is not the server that is silent.
          const received = () => (target.writableLength > 0 ? Number.NaN : body.received);
          // Even a body that is here already leads nowhere then.
          if (signal.aborted) target.destroy();
          return reading(received, body.pipeTo(target));
        },
        text: () => {
          const body = new ParsedBody(stream);
          return reading(() => body.received, body.text(longestText));
        },
        discard: () => {
          finish();
          stream.on("error", () => {});
          stream.destroy();
        },
      };
    } catch (error) {
      sendWatch.stop();
      signal.removeEventListener("abort", cancel);
      throw error instanceof VideoError ? error : failure(error);
    }
  }

  /**
   * The proxy for a URL, false for none.
   *
   * @throws VideoError CONFIG when the one that is set cannot be used.
   */
  proxyFor(url: URL): AxiosProxyConfig | false {
    return (this.#options.proxyFor ?? environmentProxy)(url);
  }

  /**
   * Ends the connections that are kept. One that was made for a single request goes with it: its answer may
   * still be waited for.
   */
  close(): void {
    this.#pooled.http.destroy();
    this.#pooled.https.destroy();
    for (const tunnel of this.#tunnels.values()) tunnel.pooled.destroy();
  }

  #config(request: HttpRequest, signal: AbortSignal, connection: Connection): AxiosRequestConfig {
    const url = new URL(request.url);
    const proxy = this.proxyFor(url);
    const lasting = request.fresh ? "fresh" : "pooled";
    const agents = request.fresh ? this.#fresh : this.#pooled;
    const tunnel = proxy && url.protocol === "https:" ? this.#tunnel(proxy)[lasting] : undefined;
    return {
      method: request.method,
      url: request.url,
      headers: request.headers,
      data: request.body,
      signal,
      httpAgent: agents.http,
      httpsAgent: tunnel ?? agents.https,
      // Axios forwards plain http; its tunnels cannot be aborted, and pass a proxy's refusal off as an answer.
      proxy: tunnel ? false : proxy || noProxy(),
      transport: noticingConnection(connection, signal),
    };
  }

  #tunnel(proxy: AxiosProxyConfig): Record<"pooled" | "fresh", TunnelAgent> {
    const key = JSON.stringify(proxy);
    const known = this.#tunnels.get(key);
    if (known) return known;
    const { tls } = this.#options;
    const made = {
      pooled: new TunnelAgent(proxy, { ...tls, ...pooled }),
      fresh: new TunnelAgent(proxy, { ...tls, ...fresh }),
    };
    this.#tunnels.set(key, made);
    return made;
  }
}

/** The error for a proxy that wants another user name or password. */
export const proxyPasswordRefused = (): VideoError =>
  new VideoError("REJECTED", "proxyPassword", { statusCode: 407 });

/** An answer's headers; a body that was unpacked on its way has no known length. */
function headersOf(stream: Readable, { headers }: AxiosResponse): HttpResponse["headers"] {
  // As Node made them, in lower case, where there is nothing to change.
  if (stream instanceof http.IncomingMessage) return stream.headers as HttpResponse["headers"];
  const known = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value?.toString()]);
  return { ...Object.fromEntries(known), "content-length": undefined };
}

/**
 * What tells axios to use no proxy. Its `false` costs a closure that V8 makes in its old space, where it holds all of
 * the request until a full collection, twelve kilobytes of every poll: said only where axios would look for one.
 */
const noProxy = (): false | undefined => (environmentNamesProxy() ? false : undefined);

/** Node's own transports, which tell of the socket that a request goes by. */
function noticingConnection(connection: Connection, tunnelSignal: AbortSignal) {
  return {
    request(options: TunnelRequestOptions, callback: (response: http.IncomingMessage) => void) {
      const transport = options.protocol === "https:" ? https : http;
      const request = transport.request(Object.assign(options, { tunnelSignal }), callback);
      request.once("socket", (socket) => {
        connection.socket = socket;
      });
      return request;
    },
  };
}

/**
 * Bytes handed to a socket that have not left the process. Node tells of a large piece only when all of it is
 * gone, which takes minutes on a poor line; its handle knows.
 */
function waitingBytes(socket: Socket | undefined): number {
  const { _handle } = (socket ?? {}) as { _handle?: { writeQueueSize?: number } | null };
  return _handle?.writeQueueSize ?? 0;
}

/** Calls `stall` once when `measure` has not changed for `limit` milliseconds. */
function watchProgress(limit: number, measure: () => number, stall: () => void): { stop(): void } {
  const looks = 4;
  let last = measure();
  let still = 0;
  const timer = setInterval(() => {
    const now = measure();
    still = now === last ? still + 1 : 0;
    last = now;
    if (still < looks) return;
    clearInterval(timer);
    stall();
  }, limit / looks);
  return { stop: () => clearInterval(timer) };
}
