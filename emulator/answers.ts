import type { IncomingMessage } from "node:http";

/** Part of a file on disk as an answer's body: bytes `start` up to, not including, `end`. */
export interface FileBody {
  file: string;
  start: number;
  end: number;
}

/** An answer before it is sent, so that an ordered fault can still spoil it. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string | FileBody;
  /** Send without Content-Length. */
  chunked?: boolean;
  /** Close the connection after this answer, whatever of the request was not read. */
  close?: boolean;
}

export function json(status: number, value: unknown, headers: Record<string, string> = {}): Answer {
  return {
    status,
    headers: { "content-type": "application/json; charset=utf-8", ...headers },
    body: JSON.stringify(value),
  };
}

/** The three shapes in which Roboflow's errors come (docs/api.md, "Errors"). */
export type ErrorShape = "object" | "text" | "code";

/** @returns an error answer of the API in one of its three shapes. */
export function apiError(
  status: number,
  message: string,
  {
    shape = "object",
    type = typeOf(status),
    hint = "",
  }: { shape?: ErrorShape; type?: string; hint?: string } = {},
): Answer {
  if (shape === "text") return json(status, { error: message });
  if (shape === "code") return json(status, { error: type, message });
  return json(status, { error: { message, type, ...(hint && { hint }) } });
}

function typeOf(status: number): string {
  if (status === 401) return "OAuthException";
  if (status === 404) return "GraphMethodException";
  return status >= 500 ? "InternalException" : "InvalidRequestException";
}

/**
 * @param details further elements, as text by name
 * @returns an error answer of the storage, which speaks XML as Google Cloud Storage does.
 */
export function storageError(
  status: number,
  code: string,
  message: string,
  details: Record<string, string> = {},
): Answer {
  const elements = Object.entries({ Code: code, Message: message, ...details });
  const xml = elements.map(([name, text]) => `<${name}>${inXml(text)}</${name}>`).join("");
  return {
    status,
    headers: { "content-type": "application/xml; charset=UTF-8" },
    body: `<?xml version='1.0' encoding='UTF-8'?><Error>${xml}</Error>`,
  };
}

/** @returns what storage answers a request that is not the one that its link was signed for; it repeats the request. */
export function signatureMismatch({ method = "", url = "", headers }: IncomingMessage): Answer {
  const [path = "", query = ""] = url.split("?");
  const { "content-type": contentType = "", host = "" } = headers;
  const signed = query.replace(/&X-Goog-Signature=.*/, "");
  return storageError(403, "SignatureDoesNotMatch", "Access denied.", {
    Details:
      "The request signature we calculated does not match the signature you provided. Check your Google secret key and signing method.",
    CanonicalRequest: [method, path, signed, `content-type:${contentType}`, `host:${host}`].join("\n"),
  });
}

const inXml = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
