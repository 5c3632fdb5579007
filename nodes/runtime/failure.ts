import type { NodeAPI } from "node-red";
import { quoted, VideoError, withoutSecrets } from "../roboflow";
import type { StoredFailure } from "./journal/entry";
import { text } from "./text";

/** What a person is told of an error of ours in the file system, wherever it came from. */
const storageCodes = new Set(["ENOSPC", "EROFS", "EDQUOT", "EACCES", "EPERM", "EMFILE", "ENFILE", "EIO"]);

/** The step that failed, as the catalogues name it under `steps`. */
export type StepName = "account" | "upload" | "start" | "poll" | "download";

/**
 * Puts an error into words in the server's language and takes every secret out of it.
 *
 * @param circumstances `name` of the clip and `jobId`, where known; `secrets` never to be shown.
 */
export function describeFailure(
  RED: NodeAPI,
  step: StepName,
  error: unknown,
  { secrets, jobId, fileName }: { secrets: readonly string[]; jobId?: string; fileName?: string },
): StoredFailure {
  const known = error instanceof VideoError ? error : unexpected(error);
  const job = known.jobId ?? jobId;
  const facts = [
    known.serverWords && text(RED, "said.words", { words: quoted(known.serverWords, secrets) }),
    known.statusCode !== undefined && `HTTP ${known.statusCode}`,
    known.cause && !known.serverWords && causeWords(known.cause),
    job && text(RED, "said.job", { job }),
    fileName && text(RED, "said.clip", { name: fileName }),
  ].filter(Boolean);
  const sentence = `${text(RED, `steps.${step}`)}: ${text(RED, `errors.${known.reason}`, known.values)}`;
  const message = facts.length > 0 ? `${sentence} (${facts.join(", ")})` : sentence;
  const clean = (words: string) => withoutSecrets(words, secrets);
  return {
    code: known.code,
    message: clean(message),
    ...(known.statusCode === undefined ? {} : { statusCode: known.statusCode }),
    ...(known.cause ? { cause: cleanCause(known.cause, clean) } : {}),
  };
}

/** The error to hand to Node-RED: its own properties are all that a Catch node may see. */
export class NodeFailure extends Error {
  override readonly name = "RoboflowVideoError";
  readonly code: string;

  constructor({ code, message, cause }: StoredFailure) {
    super(message);
    this.code = code;
    if (cause) this.cause = cause;
    // Node-RED logs the stack where there is one; it says nothing to a user and repeats the message.
    this.stack = `${this.name}: ${message}`;
  }

  /** What Catch nodes, the log and the debug sidebar show: the name of a class says nothing to a user. */
  override toString(): string {
    return this.message;
  }
}

function cleanCause(cause: { code?: string; message: string }, clean: (words: string) => string) {
  return { ...(cause.code ? { code: clean(cause.code) } : {}), message: clean(cause.message) };
}

function causeWords({ code, message }: { code?: string; message: string }): string {
  return code && !message.includes(code) ? `${code}: ${message}` : message;
}

function unexpected(error: unknown): VideoError {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === "string" && storageCodes.has(code)
    ? new VideoError("STORAGE", "storage", { cause: error })
    : new VideoError("SERVER", "unexpected", { cause: error });
}
