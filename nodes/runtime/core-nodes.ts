import { createSecureContext } from "node:tls";
import type { Node, NodeAPI } from "node-red";
import { isExcepted, type NetworkOptions, readProxy, VideoError } from "../roboflow";

type TlsOptions = NonNullable<NetworkOptions["tls"]>;
type ProxyFor = NonNullable<NetworkOptions["proxyFor"]>;

/** A core `tls-config` node. */
interface TlsConfig extends Node {
  /** False when a certificate or key could not be read: then it adds none, without a word. */
  valid?: boolean;
  addTLSOptions(options: TlsOptions): TlsOptions;
}

/** A core `http proxy` node. */
interface ProxyConfig extends Node {
  url?: string;
  noproxy?: string[];
}

/**
 * What a core `tls-config` node says of TLS; undefined where none is chosen.
 *
 * @throws VideoError CONFIG when it is not there, or unusable: without it, requests would go out with less than was asked for.
 */
export function tlsOptions(RED: NodeAPI, id: string): TlsOptions | undefined {
  if (!id) return undefined;
  const node = RED.nodes.getNode(id) as TlsConfig | null;
  if (node?.type !== "tls-config") throw new VideoError("CONFIG", "tlsMissing");
  if (node.valid === false) throw new VideoError("CONFIG", "tlsUnusable");
  const options = node.addTLSOptions({});
  try {
    // Otherwise a file that is no certificate would show with the first request only, as anything may there.
    createSecureContext(options);
  } catch (cause) {
    throw new VideoError("CONFIG", "tlsUnusable", { cause });
  }
  return options;
}

/**
 * The proxy for each address as a core `http proxy` node says; undefined where none is chosen.
 *
 * @throws VideoError CONFIG when it is not there, or unusable: without it, requests would go out directly.
 */
export function proxyChooser(RED: NodeAPI, id: string): ProxyFor | undefined {
  if (!id) return undefined;
  const node = RED.nodes.getNode(id) as ProxyConfig | null;
  if (node?.type !== "http proxy") throw new VideoError("CONFIG", "proxyMissing");
  const { url, noproxy, credentials } = node;
  // Its address is not repeated in an error: a password may stand in it, in a place where nobody expects one.
  const proxy = readProxy(String(url ?? "").trim());
  const own = (credentials ?? {}) as { username?: string; password?: string };
  const username = own.username || proxy.auth?.username;
  const password = own.password || proxy.auth?.password || "";
  const config = username ? { ...proxy, auth: { username, password } } : proxy;
  const excepted = (noproxy ?? []).map((entry) => entry.trim());
  return (target) => (isExcepted(target, excepted) ? false : config);
}
