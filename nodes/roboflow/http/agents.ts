import http from "node:http";
import https from "node:https";
import type { AxiosProxyConfig, AxiosRequestConfig } from "axios";
import { loadOnce } from "./load-once";
import type { TunnelAgent } from "./tunnel-agent";

/** What holds for every connection, to a server or to its proxy. */
export const connectionSettings = {
  /**
   * Milliseconds for each of several addresses of a host before the next is tried. Node.js gives 250: on a slow
   * line, where every host has an IPv6 address that leads nowhere, no connection would ever be made.
   */
  autoSelectFamilyAttemptTimeout: 5000,
};

/** Connections that are kept for the next call: as many as `RoboflowClient` has calls in flight. */
const keptConnections = 64;
const keptSettings: http.AgentOptions = {
  ...connectionSettings,
  keepAlive: true,
  maxSockets: keptConnections,
  maxFreeSockets: keptConnections,
  // Milliseconds without use: routers on the way forget a quiet connection without a word.
  timeout: 10_000,
};
const freshSettings: http.AgentOptions = { ...connectionSettings, keepAlive: false };

/** With it comes a library, which most networks have no use for. */
const loadTunnelAgent = loadOnce(async () => (await import("./tunnel-agent")).TunnelAgent);

/** How axios is to send a request. */
type Route = Pick<AxiosRequestConfig, "httpAgent" | "httpsAgent" | "proxy">;

/** The connections of one account: direct, or through a proxy. Patches nothing global. */
export class Agents {
  readonly #tls: https.AgentOptions;
  readonly #kept: { httpAgent: http.Agent; httpsAgent: https.Agent };
  readonly #fresh: { httpAgent: http.Agent; httpsAgent: https.Agent };
  /** The kept connections for https through a proxy, by the proxy. */
  readonly #keptTunnels = new Map<string, TunnelAgent>();

  /** @param tls options for every TLS connection, as `tls.connect` takes them. */
  constructor(tls: https.AgentOptions = {}) {
    this.#tls = tls;
    const direct = (settings: http.AgentOptions) => ({
      httpAgent: new http.Agent(settings),
      httpsAgent: new https.Agent({ ...tls, ...settings }),
    });
    this.#kept = direct(keptSettings);
    this.#fresh = direct(freshSettings);
  }

  /**
   * The way for a request.
   *
   * @param fresh whether it gets a connection of its own, which `signal` ends while it is being made.
   * @throws Error when what a proxy needs cannot be loaded.
   */
  async route(
    { protocol }: URL,
    proxy: AxiosProxyConfig | false,
    { fresh, signal }: { fresh: boolean; signal: AbortSignal },
  ): Promise<Route> {
    // Plain http is forwarded, by axios. Its tunnels for https cannot be aborted, and pass a proxy's refusal off as an answer.
    if (!proxy || protocol === "http:") return { ...(fresh ? this.#fresh : this.#kept), proxy };
    const Tunnel = await loadTunnelAgent();
    return {
      httpsAgent: fresh
        ? this.#tunnel(Tunnel, proxy, freshSettings, signal)
        : this.#keptTunnel(Tunnel, proxy),
      proxy: false,
    };
  }

  /** Ends the kept connections. One that was made for a single request goes with it. */
  close(): void {
    this.#kept.httpAgent.destroy();
    this.#kept.httpsAgent.destroy();
    for (const tunnel of this.#keptTunnels.values()) tunnel.destroy();
  }

  #keptTunnel(Tunnel: typeof TunnelAgent, proxy: AxiosProxyConfig): TunnelAgent {
    const key = JSON.stringify(proxy);
    const tunnel = this.#keptTunnels.get(key) ?? this.#tunnel(Tunnel, proxy, keptSettings);
    this.#keptTunnels.set(key, tunnel);
    return tunnel;
  }

  #tunnel(
    Tunnel: typeof TunnelAgent,
    { protocol = "http:", host, port, auth }: AxiosProxyConfig,
    settings: http.AgentOptions,
    signal?: AbortSignal,
  ): TunnelAgent {
    const { ca, rejectUnauthorized } = this.#tls;
    const proxy = {
      protocol,
      // Node.js wants an IPv6 address without the brackets that it has in a URL.
      hostname: host.replace(/^\[|\]$/g, ""),
      port: String(port),
      username: encodeURIComponent(auth?.username ?? ""),
      password: encodeURIComponent(auth?.password ?? ""),
    };
    return new Tunnel({
      ...this.#tls,
      ...settings,
      proxy: proxy as URL,
      // Options for the request to the proxy, whatever `http.request` takes.
      proxyRequestOptions: { ...connectionSettings, ca, rejectUnauthorized, signal } as object,
    });
  }
}

/** The status with which a proxy refused to open a tunnel, where that is what an error says. */
export function tunnelRefusal(error: unknown): number | undefined {
  const [, status] = /^Bad response: (\d{3})$/.exec((error as Error | undefined)?.message ?? "") ?? [];
  return status === undefined ? undefined : Number(status);
}
