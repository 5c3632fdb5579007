import type english from "../locales/en-US/account.json";
import type { ValueDescription } from "./describe-value";
import { searchedPart } from "./redact";

/** Every way in which a step can fail; the list is part of the package's contract. */
export type ErrorCode =
  | "CONFIG"
  | "INPUT"
  | "LIMIT"
  | "AUTH"
  | "PLAN"
  | "NOT_FOUND"
  | "RATE_LIMIT"
  | "REJECTED"
  | "SERVER"
  | "NETWORK"
  | "TIMEOUT"
  | "START_UNCERTAIN"
  | "JOB_FAILED"
  | "JOB_TIMEOUT"
  | "RESULT"
  | "RESULT_TOO_LARGE"
  | "STORAGE"
  | "ABORTED";

/** What may be told of the error below ours: never the error itself, since axios errors hold the key. */
export interface Cause {
  code?: string;
  message: string;
}

/** Why a step failed, as the catalogues name it under `errors`: one without a sentence there does not compile. */
export type ErrorReason = keyof (typeof english)["errors"];

/** Words of ours inside a sentence, as the catalogues name them under `seems`. */
export interface Term {
  term: keyof (typeof english)["seems"];
}

/** Values for the placeholders of a reason's sentence: foreign texts as they are, whoever shows them makes them safe. */
export type ErrorValues = Record<string, string | number | ValueDescription | Term>;

interface Circumstances {
  values?: ErrorValues;
  /** HTTP status, when the server answered. */
  statusCode?: number;
  /** The server's own words, as text; as with `values`, whoever shows them makes them safe. */
  serverWords?: string;
  /** Whether the answer has the form of the API's own errors: a firewall's or gateway's page has another. */
  fromApi?: boolean;
  jobId?: string;
  /** Milliseconds that the server asks to wait before the next try. */
  retryAfter?: number;
  /** Any error this one follows from; only its code and message are kept. */
  cause?: unknown;
}

/**
 * A failure with a code to switch on and a reason to put into words.
 *
 * `reason` is the key of a sentence in the catalogues (`errors.<reason>`), which the runtime renders in the
 * server's language; `message` here is for programmers only.
 */
export class VideoError extends Error {
  override readonly name = "VideoError";
  readonly values: ErrorValues;
  readonly statusCode?: number;
  readonly serverWords?: string;
  /** Whether it was the API itself that refused, as far as its answer's form tells. */
  readonly fromApi: boolean;
  readonly jobId?: string;
  readonly retryAfter?: number;
  override readonly cause?: Cause;

  constructor(
    readonly code: ErrorCode,
    readonly reason: ErrorReason,
    { values = {}, statusCode, serverWords, fromApi = false, jobId, retryAfter, cause }: Circumstances = {},
  ) {
    super(`${code}: ${reason}`);
    this.values = values;
    this.fromApi = fromApi;
    if (statusCode !== undefined) this.statusCode = statusCode;
    if (serverWords) this.serverWords = serverWords;
    if (jobId) this.jobId = jobId;
    if (retryAfter !== undefined) this.retryAfter = retryAfter;
    if (cause !== undefined) this.cause = causeOf(cause);
  }
}

/** The little that may be passed on of an error of someone else's. */
function causeOf(error: unknown): Cause {
  // JSONata throws plain objects.
  const { code, message = String(error) } = Object(error) as { code?: unknown; message?: unknown };
  return {
    ...(typeof code === "string" ? { code: searchedPart(code) } : {}),
    message: searchedPart(String(message)),
  };
}
