import type { AxiosProxyConfig } from "axios";
import { VideoError } from "../errors";
import { decodePart } from "./urls";

/**
 * The proxy that the environment names for a URL: `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, in
 * either case, as curl and Node-RED's own nodes read them.
 *
 * @throws VideoError CONFIG when it is none that can be used: the request would go out directly.
 */
export function environmentProxy(url: URL, environment = process.env): AxiosProxyConfig | false {
  const variable = (name: string) => (environment[name] || environment[name.toUpperCase()] || "").trim();
  const found = variable(`${url.protocol.slice(0, -1)}_proxy`) || variable("all_proxy");
  if (!found || isExcepted(url, variable("no_proxy").split(/[\s,]+/))) return false;
  return readProxy(found);
}

/**
 * A proxy's address as people write it, user and password included, in axios' words.
 *
 * @throws VideoError CONFIG when it is none of http or https.
 */
export function readProxy(address: string): AxiosProxyConfig {
  if (/^socks/i.test(address)) throw new VideoError("CONFIG", "proxySocks");
  const whole = address.includes("://") ? address : `http://${address}`;
  const url = URL.canParse(whole) ? new URL(whole) : undefined;
  // A variable that is not set stays as it was written, and would pass for a host's name.
  if (!url || !/^https?:$/.test(url.protocol) || /\$[{(]/.test(address))
    throw new VideoError("CONFIG", "proxyAddress");
  const { protocol, hostname, port, username, password } = url;
  return {
    protocol,
    host: hostname,
    port: Number(port) || (protocol === "https:" ? 443 : 80),
    ...(username ? { auth: { username: decodePart(username), password: decodePart(password) } } : {}),
  };
}

/** Whether one of the entries (`example.com`, `.example.com`, `*.example.com`, `10.0.0.1:8080`, `*`) names a URL's host. */
export function isExcepted({ hostname, port, protocol }: URL, entries: readonly string[]): boolean {
  const host = bare(hostname);
  const usedPort = port || (protocol === "https:" ? "443" : "80");
  return entries.some((entry) => {
    if (entry === "*") return true;
    const { name, port: entryPort } = splitPort(entry.toLowerCase());
    const suffix = bare(name).replace(/^\*?\./, "");
    if (!suffix || (entryPort && entryPort !== usedPort)) return false;
    return host === suffix || host.endsWith(`.${suffix}`);
  });
}

/** A host and its port; an IPv6 address has one only behind brackets. */
function splitPort(entry: string): { name: string; port?: string } {
  const at = entry.lastIndexOf(":");
  const hasPort = entry.startsWith("[") ? entry.charAt(at - 1) === "]" : at >= 0 && entry.indexOf(":") === at;
  return hasPort ? { name: entry.slice(0, at), port: entry.slice(at + 1) } : { name: entry };
}

/** An IPv6 address without its brackets; any other host as it is. */
const bare = (host: string) => host.replace(/^\[|\]$/g, "");
