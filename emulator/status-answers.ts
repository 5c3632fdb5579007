import { type Answer, json } from "./answers";
import type { Job, Jobs } from "./jobs";
import type { EmulatorSettings } from "./settings";

/**
 * What a poll of a job is answered (docs/api.md, "The calls", 4).
 * @param link makes a fresh signed URL of the result
 */
export function statusAnswer(job: Job, jobs: Jobs, settings: EmulatorSettings, link: () => string): Answer {
  const words = settings.spelling === "words";
  const about = words ? { jobId: job.id } : { job_id: job.id };
  if (job.polls <= settings.statusMissingPolls) return json(200, about);
  if (!jobs.isOver(job)) return json(200, { ...about, status: words ? "processing" : 1 });
  const failure = failureOf(job);
  if (failure)
    return json(200, { ...about, status: words ? "failed" : failure.status, message: failure.reason });
  if (job.fault?.do === "no-link") return json(200, { ...about, status: words ? "completed" : 0 });
  return json(200, {
    ...about,
    status: words ? "completed" : 0,
    [words ? "outputSignedUrl" : "output_signed_url"]: link(),
  });
}

function failureOf({ fault, outcome }: Job): { status: number; reason: string } | undefined {
  if (fault?.do === "fail")
    return { status: fault.status ?? 2, reason: fault.message ?? "the job was ordered to fail" };
  return outcome && "reason" in outcome ? { status: 2, reason: outcome.reason } : undefined;
}
