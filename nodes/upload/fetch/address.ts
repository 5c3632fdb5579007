import { BlockList, isIP, isIPv6 } from "node:net";

/** Addresses that the internet cannot reach (RFC 1918, 6598, 3927, 4193, 4291); their IPv4-mapped forms count too. */
const unreachable = new BlockList();
for (const [net, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
] as const)
  unreachable.addSubnet(net, bits, "ipv4");
for (const [net, bits] of [
  ["::", 127],
  ["fc00::", 7],
  ["fe80::", 10],
] as const)
  unreachable.addSubnet(net, bits, "ipv6");

/** Names that only a local network resolves, and endings of such names. */
const localEndings = [
  ".local",
  ".localhost",
  ".lan",
  ".home",
  ".internal",
  ".home.arpa",
  ".localdomain",
  ".fritz.box",
];

/**
 * Whether a URL names a server that only this network reaches, by its host alone: the name is not resolved, since a
 * name may mean another server from one moment to the next.
 */
export function isLocalAddress(url: URL): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (isIP(host)) return unreachable.check(host, isIPv6(host) ? "ipv6" : "ipv4");
  const name = host.toLowerCase().replace(/\.$/, "");
  return !name.includes(".") || localEndings.some((ending) => `.${name}`.endsWith(ending));
}
