import type { AxiosProxyConfig } from "axios";
import type { Node, NodeAPI } from "node-red";
import { Network, type NetworkOptions, RoboflowClient, VideoError, withoutSecrets } from "../roboflow";
import type { AccountOptions } from "./options";

/** Where the key comes from when the dialog holds none. */
const keyVariable = "ROBOFLOW_API_KEY";

/** `${NAME}`: Node-RED has replaced it already, so one that is still there names a variable that is not set. */
const variable = /^\$[{(]([^)}]+)[})]$/;

/** What of an account makes up its way to the API. */
export type Way = Pick<AccountOptions, "baseUrl" | "tls" | "proxy">;

/** A core `tls-config` node. */
interface TlsConfig extends Node {
  addTLSOptions(options: NonNullable<NetworkOptions["tls"]>): NonNullable<NetworkOptions["tls"]>;
}

/** A core `http proxy` node. */
interface ProxyConfig extends Node {
  url?: string;
  noproxy?: string[];
}

/** The key to use: the one given, else the environment's. Empty when there is neither. */
export function keyOr(RED: NodeAPI, node: Node | undefined, given: string): string {
  return given.trim() || environment(RED, node, keyVariable);
}

/** The name of the variable in `${NAME}`; undefined for any other text. */
export const variableIn = (text: string): string | undefined => variable.exec(text)?.[1];

/** An environment variable as the flow's settings or the process have it; empty when it is not set. */
export const environment = (RED: NodeAPI, node: Node | undefined, name: string): string =>
  String(RED.util.evaluateNodeProperty(name, "env", node as Node, {}) ?? "").trim();

/**
 * Connects a key with an address.
 *
 * @throws VideoError CONFIG when one of them is missing or unusable.
 */
export function connect(key: string, { baseUrl }: Pick<Way, "baseUrl">, network: Network): RoboflowClient {
  if (!key) throw new VideoError("CONFIG", "noKey", { values: { variable: keyVariable } });
  const unset = variableIn(key) ?? variableIn(baseUrl);
  if (unset) throw new VideoError("CONFIG", "unsetVariable", { values: { variable: unset } });
  return new RoboflowClient(plainAddress(baseUrl), key, network);
}

/**
 * An address without a slash at its end, or any of what could carry something else along.
 *
 * @throws VideoError CONFIG
 */
export function plainAddress(baseUrl: string): string {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  const isPlain =
    url && /^https?:$/.test(url.protocol) && !url.username && !url.password && !url.search && !url.hash;
  if (!isPlain) throw new VideoError("CONFIG", "baseUrl", { values: { url: withoutSecrets(baseUrl) } });
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}

/** Whether a key sent there could be read by anyone on the way. */
export function isInTheClear(baseUrl: string): boolean {
  if (!URL.canParse(baseUrl)) return false;
  const { protocol, hostname } = new URL(baseUrl);
  return protocol === "http:" && !/^(?:localhost|.*\.localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
}

/** The network as core's `tls-config` and `http proxy` nodes describe it; the environment's proxy without one. */
export function networkFor(RED: NodeAPI, { tls, proxy }: Pick<Way, "tls" | "proxy">): Network {
  const tlsConfig = tls ? (RED.nodes.getNode(tls) as TlsConfig | null) : null;
  const proxyConfig = proxy ? (RED.nodes.getNode(proxy) as ProxyConfig | null) : null;
  return new Network({
    ...(tlsConfig?.addTLSOptions ? { tls: tlsConfig.addTLSOptions({}) } : {}),
    ...(proxyConfig?.url ? { proxyFor: proxyChooser(proxyConfig) } : {}),
  });
}

function proxyChooser({ url, noproxy, credentials }: ProxyConfig): NonNullable<NetworkOptions["proxyFor"]> {
  const proxy = new URL(/^[a-z]+:\/\//i.test(url ?? "") ? (url as string) : `http://${url}`);
  const { username, password } = (credentials ?? {}) as { username?: string; password?: string };
  const auth = {
    username: username || decodeURIComponent(proxy.username),
    password: password || decodeURIComponent(proxy.password),
  };
  const config: AxiosProxyConfig = {
    protocol: proxy.protocol,
    host: proxy.hostname,
    port: Number(proxy.port) || (proxy.protocol === "https:" ? 443 : 80),
    ...(auth.username ? { auth } : {}),
  };
  const excepted = (noproxy ?? []).map((entry) => entry.trim().toLowerCase()).filter(Boolean);
  return (target) => (excepted.some((entry) => isExcepted(target, entry)) ? false : config);
}

/** Whether an entry such as `example.com`, `.example.com`, `*.example.com`, `10.0.0.1:8080` or `*` names a URL's host. */
function isExcepted({ hostname, port, protocol }: URL, entry: string): boolean {
  if (entry === "*") return true;
  const [, name = "", entryPort] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? [];
  if (entryPort && entryPort !== (port || (protocol === "https:" ? "443" : "80"))) return false;
  const bare = name.replace(/^\*?\./, "");
  return hostname === bare || hostname.endsWith(`.${bare}`);
}
