import type https from "node:https";
import type { AxiosProxyConfig } from "axios";
import { Agents } from "./agents";
import { ConnectionError, coded } from "./connection-error";
import { Exchange, type HttpResponse, StreamedResponse } from "./exchange";
import { defaultTimings, minimumRateOver, type Timings, within } from "./limits";
import { loadOnce } from "./load-once";
import { connectionCodes } from "./never-connected";
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
  /** Chunks make the request a transfer, held to a minimum rate while it is sent; see {@link StreamedBody}. */
  body?: string | AsyncIterable<Buffer>;
  signal: AbortSignal;
  /** Uses a connection of its own, so that no stale keep-alive socket can lose the request. */
  fresh?: boolean;
}

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
    const where = new URL(url);
    const loaded = <T>(loading: Promise<T>) =>
      loading.catch(({ message }) => {
        throw new ConnectionError("NETWORK", where.host, coded(connectionCodes.notLoaded, message));
      });
    const axios = await loaded(loadAxios());
    signal.throwIfAborted();
    const streamed = typeof body === "object" ? new StreamedBody(body) : undefined;
    const exchange = new Exchange(where.host, signal, streamed);
    try {
      const options = { fresh, signal: exchange.signal };
      const route = await loaded(this.#agents.route(where, this.proxyFor(where), options));
      const answering = axios.request({
        method,
        url,
        headers,
        data: streamed?.data ?? body,
        signal: exchange.signal,
        ...route,
        ...(streamed ? { transport: streamed.transport } : {}),
      });
      const { idle, silence } = this.timings;
      const limit = streamed ? minimumRateOver(idle, () => streamed.sent()) : within(silence);
      const response = await exchange.part(limit, answering);
      return new StreamedResponse(response, exchange, this.timings);
    } catch (error) {
      exchange.end();
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
