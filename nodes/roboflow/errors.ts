/** Every way in which a step can fail; the list is part of the package's contract. */
export type ErrorCode =
  | "CONFIG"
  | "INPUT"
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

interface Circumstances {
  /** Values for the placeholders of the reason's text. */
  values?: Record<string, string | number>;
  /** HTTP status, when the server answered. */
  statusCode?: number;
  /** The server's own words, as text. */
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
  readonly values: Record<string, string | number>;
  readonly statusCode?: number;
  readonly serverWords?: string;
  /** Whether it was the API itself that refused, as far as its answer's form tells. */
  readonly fromApi: boolean;
  readonly jobId?: string;
  readonly retryAfter?: number;
  override readonly cause?: Cause;

  constructor(
    readonly code: ErrorCode,
    readonly reason: string,
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
  return { ...(typeof code === "string" ? { code } : {}), message: String(message) };
}
