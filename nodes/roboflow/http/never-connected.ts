/** Codes of our own, for a request that was never sent. */
export const connectionCodes = {
  /** The proxy does not open a tunnel. */
  proxyRefused: "PROXY_REFUSED",
  /** The library that would have sent it could not be loaded: too many open files, a broken installation. */
  notLoaded: "HTTP_LIBRARY",
} as const;

/**
 * Codes of errors that come only while a connection is being made: the name is not known, nobody listens, or the
 * certificate is not trusted. Node.js checks a certificate before it sends a byte of the request.
 */
const beforeConnection = new Set<string>([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EAI_FAIL",
  "EAI_NODATA",
  "EAI_NONAME",
  ...Object.values(connectionCodes),
  // The certificate's checks, as OpenSSL and Node.js name them.
  "CERT_CHAIN_TOO_LONG",
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "CERT_REJECTED",
  "CERT_REVOKED",
  "CERT_SIGNATURE_FAILURE",
  "CERT_UNTRUSTED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "HOSTNAME_MISMATCH",
  "INVALID_CA",
  "INVALID_PURPOSE",
  "PATH_LENGTH_EXCEEDED",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  // A handshake that comes to nothing. EPROTO: OpenSSL takes no byte of the request any more.
  "EPROTO",
  "ERR_SSL_NO_PROTOCOLS_AVAILABLE",
  "ERR_SSL_UNSUPPORTED_PROTOCOL",
  "ERR_SSL_WRONG_VERSION_NUMBER",
]);

/** What a server says that does not agree with the handshake. */
const handshakeAlerts = new Set([
  "UNKNOWN_CA",
  "ACCESS_DENIED",
  "HANDSHAKE_FAILURE",
  "PROTOCOL_VERSION",
  "UNRECOGNIZED_NAME",
  "NO_APPLICATION_PROTOCOL",
]);

/**
 * Whether a code, such as `ERR_SSL_TLSV1_ALERT_UNKNOWN_CA`, is of a server that does not agree with the handshake or
 * does not accept the client's certificate. With TLS 1.3 the latter comes after the handshake, but the server has not
 * read the request.
 */
function isHandshakeAlert(code: string): boolean {
  const [library = "", alert = ""] = code.split("_ALERT_");
  return library.startsWith("ERR_SSL_") && (handshakeAlerts.has(alert) || alert.includes("CERTIFICATE"));
}

/** Calls to the system that come before a connection. Others may fail with the same codes (`EHOSTUNREACH`) later. */
const beforeRequest = new Set(["connect", "getaddrinfo"]);

/**
 * Whether a request that failed with this error certainly never reached its server, as far as the error's own fields
 * tell: `code`, `syscall`, those of its `cause`, and of each of its `errors` where several addresses were tried.
 * Whatever is not known counts as reached.
 */
export function neverConnected(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  const { code, syscall, cause, errors } = error as Record<string, unknown>;
  if (Array.isArray(errors) && errors.length > 0) return errors.every(neverConnected);
  if (typeof code === "string" && (beforeConnection.has(code) || isHandshakeAlert(code))) return true;
  if (typeof syscall === "string") return beforeRequest.has(syscall);
  return neverConnected(cause);
}
