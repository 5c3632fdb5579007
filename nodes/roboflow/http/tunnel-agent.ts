import { X509Certificate } from "node:crypto";
import type https from "node:https";
import { isIPv6 } from "node:net";
import type { Duplex } from "node:stream";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { HttpsProxyAgent } from "hpagent";

/** Node.js 22.23 takes an IPv6 address for a name here, and refuses every certificate; OpenSSL's own check knows it. */
function checkAddress(host: string, certificate: PeerCertificate): Error | undefined {
  const names = new X509Certificate(certificate.raw).checkIP(host);
  return names === undefined ? checkServerIdentity(host, certificate) : undefined;
}

/** Puts an IPv6 address into brackets where it asks a proxy for a tunnel: `host:port` has to be written so there. */
export class TunnelAgent extends HttpsProxyAgent {
  override createConnection(
    options: https.RequestOptions,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    const { host } = options;
    if (!host || !isIPv6(host)) return super.createConnection(options, callback);
    const check = options.checkServerIdentity ?? checkAddress;
    const written = {
      ...options,
      host: `[${host}]`,
      // A certificate names the address without them.
      checkServerIdentity: (_written: string, certificate: PeerCertificate) => check(host, certificate),
    };
    return super.createConnection(written, callback);
  }
}
