import type { Node, NodeAPI } from "node-red";
import {
  isExcepted,
  Network,
  type NetworkOptions,
  RoboflowClient,
  readProxy,
  VideoError,
  withoutSecrets,
} from "../roboflow";
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
  if (!isPlain) throw new VideoError("CONFIG", "baseUrl", { values: { url: shownAddress(baseUrl) } });
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}

/** An address as it may be shown: whatever stands before an @ may be a password, also where it is no URL. */
export const shownAddress = (baseUrl: string): string =>
  withoutSecrets(baseUrl.replace(/^(\s*[a-z]+:\/\/)?.*@/is, "$1…@"));

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

function proxyChooser({
  url = "",
  noproxy,
  credentials,
}: ProxyConfig): NonNullable<NetworkOptions["proxyFor"]> {
  const proxy = readProxy(url.trim());
  // Its address is not repeated: a password may stand in it, in a place where nobody expects one.
  if (!proxy || !/^https?:$/.test(proxy.protocol ?? "") || /\$[{(]/.test(url))
    throw new VideoError("CONFIG", "proxyAddress");
  const own = (credentials ?? {}) as { username?: string; password?: string };
  const username = own.username || proxy.auth?.username;
  const password = own.password || proxy.auth?.password || "";
  const config = username ? { ...proxy, auth: { username, password } } : proxy;
  const excepted = (noproxy ?? []).map((entry) => entry.trim());
  return (target) => (isExcepted(target, excepted) ? false : config);
}
