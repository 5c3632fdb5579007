import assert from "node:assert/strict";
import { test } from "node:test";
import { neverConnected } from "../../../../nodes/roboflow/http/never-connected";

const error = (fields: object) => Object.assign(new Error("it failed"), fields);

const never: Record<string, unknown> = {
  "a refused connection": error({ code: "ECONNREFUSED", syscall: "connect" }),
  "a name that nobody knows": error({ code: "ENOTFOUND", syscall: "getaddrinfo" }),
  "a name server that does not answer": error({ code: "EAI_AGAIN", syscall: "getaddrinfo" }),
  "an unreachable host": error({ code: "EHOSTUNREACH", syscall: "connect" }),
  "no network": error({ code: "ENETUNREACH", syscall: "connect" }),
  "a connection that nobody took": error({ code: "ETIMEDOUT", syscall: "connect" }),
  "a self-signed certificate": error({ code: "DEPTH_ZERO_SELF_SIGNED_CERT" }),
  "another host's certificate": error({ code: "ERR_TLS_CERT_ALTNAME_INVALID" }),
  "a client certificate that is refused": error({ code: "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA" }),
  "a client certificate that is missing, with TLS 1.2": error({ code: "EPROTO", syscall: "write" }),
  "a client certificate that is not good enough": error({ code: "ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE" }),
  "no protocol in common": error({ code: "ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE" }),
  "a server that does not speak TLS": error({ code: "ERR_SSL_WRONG_VERSION_NUMBER" }),
  "a proxy that opens no tunnel": error({ code: "PROXY_REFUSED" }),
  "a wrapped one": error({
    code: "ECONNREFUSED",
    cause: error({ code: "ECONNREFUSED", syscall: "connect" }),
  }),
  "one that is wrapped by an error that says nothing": error({ cause: error({ code: "ECONNREFUSED" }) }),
  "the only address, unreachable": error({ errors: [error({ code: "EHOSTUNREACH", syscall: "connect" })] }),
  "several addresses, each refused": error({
    code: "ECONNREFUSED",
    errors: [
      error({ code: "ECONNREFUSED", syscall: "connect" }),
      error({ code: "ETIMEDOUT", syscall: "connect" }),
    ],
  }),
};
for (const [name, cause] of Object.entries(never))
  test(`never connected: ${name}`, () => assert.equal(neverConnected(cause), true));

const perhaps: Record<string, unknown> = {
  "a broken connection": error({ code: "ECONNRESET", syscall: "read" }),
  "a host that became unreachable": error({ code: "EHOSTUNREACH", syscall: "read" }),
  "a peer that no longer answers": error({ code: "ETIMEDOUT", syscall: "read" }),
  "a wrapped broken connection": error({
    code: "EHOSTUNREACH",
    cause: error({ code: "EHOSTUNREACH", syscall: "write" }),
  }),
  "a damaged record": error({ code: "ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC" }),
  "an end before the handshake's": error({ code: "ECONNRESET" }),
  "a code that nobody knows": error({ code: "EWHATEVER" }),
  "several addresses, one of them open": error({
    // Node.js gives the whole the code of the first.
    code: "ECONNREFUSED",
    errors: [
      error({ code: "ECONNREFUSED", syscall: "connect" }),
      error({ code: "ECONNRESET", syscall: "read" }),
    ],
  }),
  "no address that was tried": error({ code: "ECONNRESET", errors: [] }),
  "an alert in the middle of a connection": error({ code: "ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR" }),
  "another library's word of a certificate": error({ code: "ERR_OTHER_ALERT_BAD_CERTIFICATE" }),
  "a cause without a code": error({ cause: error({}) }),
  "a cause that is null": error({ cause: null }),
  nothing: undefined,
  "a text": "ECONNREFUSED",
};
for (const [name, cause] of Object.entries(perhaps))
  test(`perhaps connected: ${name}`, () => assert.equal(neverConnected(cause), false));
