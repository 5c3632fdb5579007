import type { NodeAPI } from "node-red";
import { quoted, VideoError, withoutSecrets } from "../roboflow";
import { fill } from "./fill";
import type { StoredFailure } from "./journal/entry";
import { dialogKey, isStatusKey, type StatusKey, type StepName, sentence, shownValues } from "./text";

/** What a person is told of an error of ours in the file system, wherever it came from. */
const storageCodes = new Set(["ENOSPC", "EROFS", "EDQUOT", "EACCES", "EPERM", "EMFILE", "ENFILE", "EIO"]);

/** Characters of a foreign text in an error, such as a path. */
const longestValue = 200;
/** Characters of the code of a cause. */
const longestCode = 50;

/**
 * Puts an error into words in the server's language, at most 1,000 characters, and takes every secret out of it.
 * Foreign texts are cut, never what happened, the job's ID or what to do next.
 *
 * @param circumstances `fileName` of the clip and `jobId`, where known; `secrets` never to be shown; `inDialog` for the
 *   words of somebody in front of a dialog, who has no message to send again.
 */
export function describeFailure(
  RED: NodeAPI,
  step: StepName,
  error: unknown,
  {
    secrets,
    jobId,
    fileName,
    inDialog = false,
  }: { secrets: readonly string[]; jobId?: string; fileName?: string; inDialog?: boolean },
): StoredFailure {
  const known = error instanceof VideoError ? error : unexpected(error);
  const clean = (words: string, longest = longestValue) => withoutSecrets(words, secrets, longest);
  const cause = known.cause && cleanCause(known.cause, clean);
  const words = known.serverWords ? quoted(known.serverWords, secrets) : "";
  const job = clean(known.jobId ?? jobId ?? "");
  const clip = clean(fileName ?? "");
  const facts = [
    words && sentence(RED, "said.words"),
    known.statusCode !== undefined && `HTTP ${known.statusCode}`,
    cause && !words && "__cause__",
    job && sentence(RED, "said.job"),
    clip && sentence(RED, "said.clip"),
  ].filter(Boolean);
  const told = inDialog
    ? sentence(RED, dialogKey(known.reason))
    : join(sentence(RED, "said.told"), {
        step: sentence(RED, `steps.${step}`),
        problem: sentence(RED, `errors.${known.reason}`),
      });
  const withFacts = { problem: told, facts: facts.join(sentence(RED, "said.between")) };
  return {
    code: known.code,
    status: isStatusKey(known.reason) ? known.reason : known.code,
    message: fill(facts.length > 0 ? join(sentence(RED, "said.facts"), withFacts) : told, {
      ...shownValues(RED, known.values, { secrets, longest: longestValue }),
      words,
      cause: cause ? causeWords(cause) : "",
      job,
      clip,
    }),
    ...(known.statusCode === undefined ? {} : { statusCode: known.statusCode }),
    ...(cause ? { cause } : {}),
  };
}

/** Puts sentences of ours, their placeholders still in them, into one. */
const join = (sentence: string, parts: Record<string, string>): string =>
  sentence.replace(/__(\w+?)__/g, (name, part) => parts[part] ?? name);

/** The status that a failure leaves under its node: the reason in two or three words, else those of its code. */
export function statusOf({ status, code }: StoredFailure): StatusKey {
  if (isStatusKey(status)) return status;
  return isStatusKey(code) ? code : "SERVER";
}

/** The error to hand to Node-RED: its own properties are all that a Catch node may see. */
export class NodeFailure extends Error {
  override readonly name = "RoboflowVideoError";
  readonly code: string;

  constructor({ code, message, cause }: StoredFailure) {
    super(message);
    this.code = code;
    if (cause) this.cause = readable(cause);
    // Node-RED logs the stack where there is one; it says nothing to a user and repeats the message.
    this.stack = `${this.name}: ${message}`;
  }

  /** What Catch nodes, the log and the debug sidebar show: the name of a class says nothing to a user. */
  override toString(): string {
    return this.message;
  }
}

function cleanCause(
  { code, message }: { code?: string; message: string },
  clean: (words: string, longest?: number) => string,
) {
  return { ...(code ? { code: clean(code, longestCode) } : {}), message: clean(message) };
}

/** The same cause. Node-RED's debug sidebar makes text of it, which would be `[object Object]`; no copy or JSON has more. */
function readable(cause: NonNullable<StoredFailure["cause"]>) {
  return Object.defineProperty({ ...cause }, "toString", { value: () => causeWords(cause) });
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
