import { VideoError } from "../errors";
import { isHttpUrl } from "../http/urls";
import { isObject } from "../json";
import { jsonWords, textField } from "./answers";

/** What a status answer says of a job (docs/api.md, call 4). */
export interface JobStatus {
  state: "running" | "done" | "failed";
  /** The status as a number, where there was one: 0 done, 1 running, above 1 failed. */
  status?: number;
  /** Where the result is, once done. */
  outputUrl?: string;
  /** The answer as the API gave it. */
  answer: Record<string, unknown>;
}

const wordsOfStatus: Record<string, number> = {
  completed: 0,
  complete: 0,
  done: 0,
  finished: 0,
  succeeded: 0,
  success: 0,
  failed: 2,
  failure: 2,
  error: 2,
  cancelled: 2,
  canceled: 2,
};

/**
 * Reads a status answer: numbers may come as strings, words may stand for numbers, and a status that is
 * missing or unknown means that the job is still being set up.
 */
export function readJobStatus(answer: Record<string, unknown>): JobStatus {
  const status = readStatus(answer.status);
  const link = textField(
    answer,
    "output_signed_url",
    "outputSignedUrl",
    "output_url",
    "signed_url",
    "signedUrl",
  );
  const outputUrl = isHttpUrl(link) ? link : undefined;
  const known = { answer, ...(status === undefined ? {} : { status }) };
  if (status === undefined || status === 1) return { ...known, state: "running" };
  if (status === 0 && outputUrl) return { ...known, state: "done", outputUrl };
  return { ...known, state: "failed" };
}

function readStatus(value: unknown): number | undefined {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (typeof value !== "string" || !value.trim()) return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : wordsOfStatus[value.trim().toLowerCase()];
}

/** The error that a failed job ends in: status above 1, or done without a link to the result. */
export function jobFailure(jobId: string, { status, answer }: JobStatus): VideoError {
  const { output_signed_url: _link, ...told } = answer;
  return new VideoError("JOB_FAILED", status === 0 ? "jobWithoutResult" : "jobFailed", {
    jobId,
    values: { status: status ?? "" },
    // In full: whoever puts it into words knows what has to be taken out before it is shortened.
    serverWords: jsonWords(told) ?? asJson(told),
  });
}

/** Undefined for what is nested too deep to be written. */
function asJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

/** The job id in an answer to a start, in either spelling. */
export const readJobId = (json: unknown): string | undefined => {
  if (isObject(json) && typeof json.job_id === "number") return String(json.job_id);
  return textField(json, "job_id", "jobId");
};
