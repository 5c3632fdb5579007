import { VideoError } from "../errors";
import { proxyPasswordRefused } from "../http/connection-error";
import type { HttpResponse } from "../http/exchange";
import { retryAfter } from "../http/retry-after";
import { isObject } from "../json";
import { withoutSecrets } from "../redact";
import { shorten } from "../shorten";

/** A whole answer of the API: its status, headers, text, and the JSON in it when it holds some. */
export interface Answer {
  status: number;
  headers: Record<string, string | undefined>;
  text: string;
  json: unknown;
  /** What must not be quoted from it: a server may repeat the request in its words. */
  secrets: readonly string[];
}

/** Reads an answer to its end. */
export async function readAnswer(response: HttpResponse, secrets: readonly string[] = []): Promise<Answer> {
  const text = await response.text();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status: response.status, headers: response.headers, text, json, secrets };
}

/** The first of the named fields that holds a text that is not empty. */
export function textField(value: unknown, ...names: string[]): string | undefined {
  if (!isObject(value)) return undefined;
  for (const name of names) {
    const field = value[name];
    if (typeof field === "string" && field.trim()) return field.trim();
  }
  return undefined;
}

/** Characters of a server's words in an error. */
const longestQuote = 300;
/** Characters of them that are looked at; more than are shown, since a page may be indented. */
const longestRead = 3000;

/**
 * What the server said of a failure, from any of the three JSON shapes of the API, the XML of the storage
 * behind its signed URLs, or the bare text (docs/api.md, "Errors").
 */
export function serverWords({ json, text, secrets }: Pick<Answer, "json" | "text" | "secrets">): string {
  const words = jsonWords(json) ?? xmlWords(text) ?? (looksLikePage(text) ? pageTitle(text) : text);
  return quoted(words, secrets);
}

/** A server's words as they may be shown: one line of bounded length without secrets. */
export function quoted(words: string, secrets: readonly string[]): string {
  const safe = withoutSecrets(words.trimStart(), secrets, longestRead);
  return shorten(safe.replace(/\s+/g, " ").trim(), longestQuote);
}

/** What an answer in JSON says of a failure, whole and with every secret; undefined where it is of no known shape. */
export function jsonWords(json: unknown): string | undefined {
  if (typeof json === "string") return json;
  if (!isObject(json)) return undefined;
  const { error } = json;
  const parts = isObject(error)
    ? [textField(error, "message"), textField(error, "hint"), textField(error, "type")]
    : [
        textField(json, "message"),
        textField(json, "error"),
        textField(json, "reason"),
        textField(json, "detail"),
      ];
  const words = [...new Set(parts.filter((part) => part !== undefined))];
  return words.length > 0 ? words.join("; ") : undefined;
}

/** Whether JSON has one of the forms in which the API itself refuses (docs/api.md, "Errors"). */
export const isApiError = (json: unknown): boolean =>
  isObject(json) &&
  (isObject(json.error) || [json.error, json.error_type].some((field) => typeof field === "string"));

function xmlWords(text: string): string | undefined {
  const code = /<Code>([^<]*)<\/Code>/.exec(text)?.[1];
  const message = /<Message>([^<]*)<\/Message>/.exec(text)?.[1];
  return code || message ? [code, message].filter(Boolean).join(": ") : undefined;
}

const looksLikePage = (text: string) => /^\s*<(?:!doctype|html|\?xml|head|body)/i.test(text);
const pageTitle = (text: string) => /<title>([^<]*)<\/title>/i.exec(text)?.[1] ?? "";

/** Whether a 429 or 402 is about money, not about pace: no waiting helps then. */
export const speaksOfPlan = (words: string) => /\b(?:credits?|plan|billing)\b/i.test(words);

/** What was refused: the API (with the key) or the storage behind a signed URL. */
export type Server = "api" | "storage";

/** The error that an answer other than 2xx stands for. */
export function refusal(answer: Answer, server: Server): VideoError {
  const { status } = answer;
  const words = serverWords(answer);
  const told = {
    statusCode: status,
    serverWords: words,
    fromApi: server === "api" && isApiError(answer.json),
    retryAfter: retryAfter(answer.headers["retry-after"], answer.headers.date),
  };
  if (status === 407) return proxyPasswordRefused();
  if (status === 402 || (status === 429 && speaksOfPlan(words))) return new VideoError("PLAN", "plan", told);
  if (status === 401 || status === 403)
    return new VideoError("AUTH", server === "api" ? "keyRefused" : "linkRefused", told);
  if (status === 404) return new VideoError("NOT_FOUND", server === "api" ? "notFound" : "linkGone", told);
  if (status === 429) return new VideoError("RATE_LIMIT", "rateLimit", told);
  if (status >= 300 && status < 400) return new VideoError("REJECTED", "redirect", { statusCode: status });
  if (status >= 400 && status < 500)
    return new VideoError("REJECTED", server === "api" ? "rejected" : "linkRejected", told);
  if (status >= 500) return new VideoError("SERVER", "serverTrouble", told);
  return badAnswer(answer);
}

/** An unexpected answer: not JSON, or without what it should hold. */
export function badAnswer(answer: Answer): VideoError {
  return new VideoError("SERVER", "badAnswer", {
    statusCode: answer.status,
    serverWords: serverWords(answer),
  });
}

export const isSuccess = (status: number) => status >= 200 && status < 300;
