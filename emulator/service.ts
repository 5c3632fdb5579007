import type { IncomingMessage } from "node:http";
import { type Answer, apiError, json, storageError } from "./answers";
import type { Fault, Faults } from "./faults";
import { Jobs } from "./jobs";
import type { Ledger, LedgerRequest } from "./ledger";
import { resultAnswer } from "./result-answer";
import type { Route } from "./routes";
import type { EmulatorSettings } from "./settings";
import { SignedUrls } from "./signed-urls";
import { readStartRequest } from "./start-request";
import { statusAnswer } from "./status-answers";
import { type Reception, Uploads } from "./uploads";
import { listProject, listWorkspace, welcome } from "./workspace";

/** A request with everything that answering it needs. */
export interface Call {
  route: Route;
  /** Path and query as they came. */
  url: string;
  query: URLSearchParams;
  /** Scheme and host under which the client reached the server. */
  origin: string;
  request: IncomingMessage;
  /** The JSON body, undefined when it is none; not read for uploads. */
  body: unknown;
  /** The exact text of the body. */
  text: string;
  entry: LedgerRequest;
  fault: Fault | undefined;
}

/** What the API and the storage behind it do, when nothing goes wrong by order. */
export class Service {
  readonly signedUrls = new SignedUrls();
  readonly uploads: Uploads;
  readonly jobs: Jobs;

  constructor(
    folder: string,
    private readonly settings: EmulatorSettings,
    private readonly ledger: Ledger,
    private readonly faults: Faults,
    private readonly signal: AbortSignal,
  ) {
    this.uploads = new Uploads(folder, settings, ledger);
    this.jobs = new Jobs(folder, settings, signal);
  }

  /** @returns the right answer, or what became of an upload's body that was given up on order. */
  async answer(call: Call): Promise<Answer | Exclude<Reception, "complete">> {
    switch (call.route.kind) {
      case "put":
        return this.#put(call);
      case "result":
        return this.#result(call);
      case "other":
        return this.#other(call);
    }
    if (call.entry.key !== "right") return wrongKey(call.entry.key);
    switch (call.route.kind) {
      case "signed-url":
        return this.#signedUrl(call);
      case "start":
        return this.#start(call);
      case "status":
        return this.#status(call);
      case "key":
        return welcome();
      case "workspace":
        return listWorkspace(call.route.parts[0] ?? "");
      case "project":
        return listProject(call.route.parts[0] ?? "", call.route.parts[1] ?? "");
    }
  }

  #signedUrl({ body, origin, entry }: Call): Answer {
    const name = (body as { file_name?: unknown } | undefined)?.file_name;
    if (typeof name !== "string" || !name) return apiError(422, "file_name is missing");
    if (/[/\\]/.test(name)) return apiError(422, "file_name must be a bare name, not a path");
    entry.clip = name;
    const upload = this.uploads.create(name);
    const link = this.signedUrls.sign(
      "roboflow_video_inference_input",
      upload.id,
      name,
      this.settings.uploadLifetime,
    );
    const signedUrl = (this.settings.storageUrl || origin) + link;
    return json(200, this.settings.spelling === "words" ? { signedUrl } : { signed_url: signedUrl });
  }

  async #put({ route, request, url, entry, fault }: Call): Promise<Answer | Exclude<Reception, "complete">> {
    const upload = this.uploads.get(route.parts[1] ?? "");
    const verdict = this.signedUrls.verify(url);
    if (!upload || verdict === "bad-signature") return signatureMismatch();
    entry.clip = upload.name;
    if (verdict === "expired") return storageError(400, "ExpiredToken", "The provided token has expired.");
    if (request.headers["content-length"] === undefined) {
      return storageError(411, "MissingContentLength", "You must provide the Content-Length HTTP header.");
    }
    if (request.headers["content-type"] !== "application/octet-stream") return signatureMismatch();
    const reception = await this.uploads.receive(upload, request, entry, fault, this.signal);
    if (reception !== "complete") return reception;
    return { status: 200, headers: { etag: `"${upload.sha256.slice(0, 32)}"` }, body: "" };
  }

  #start({ body, text, entry }: Call): Answer {
    const wanted = readStartRequest(body, this.uploads, this.signedUrls);
    if ("status" in wanted) return wanted;
    const job = this.jobs.start(wanted, this.faults.take("job", `${wanted.clip} ${text}`));
    entry.clip = wanted.clip;
    entry.jobId = job.id;
    const { input_url, models } = body as { input_url: string; models: Record<string, unknown>[] };
    this.ledger.jobs.push({
      jobId: job.id,
      time: job.startedAt,
      inputUrl: input_url,
      clip: wanted.clip,
      inferFps: wanted.inferFps,
      models,
      text,
      polls: [],
    });
    const message = "This job has been scheduled. Poll it at most once a minute.";
    return json(
      200,
      this.settings.spelling === "words" ? { jobId: job.id, message } : { job_id: job.id, message },
    );
  }

  #status({ query, origin, entry }: Call): Answer {
    const id = query.get("job_id") ?? "";
    if (!id) return apiError(422, "job_id is missing");
    entry.jobId = id;
    const job = this.jobs.get(id);
    if (!job) return apiError(404, `job ${id} was not found`);
    entry.clip = job.clip;
    this.ledger.job(id)?.polls.push(entry.time);
    const now = Date.now();
    const wait = (job.lastPollAt ?? 0) + this.settings.pollFloorSeconds * 1000 - now;
    if (this.settings.strictPolling && wait > 0) {
      const refusal = apiError(429, "A job may be polled once a minute.", { type: "RateLimitException" });
      refusal.headers["retry-after"] = String(Math.ceil(wait / 1000));
      return refusal;
    }
    job.lastPollAt = now;
    job.polls += 1;
    return statusAnswer(job, this.jobs, this.settings, () => {
      const base = this.settings.storageUrl || origin;
      const { outputLifetime } = this.settings;
      return (
        base + this.signedUrls.sign("roboflow_video_inference_output", id, "results.json", outputLifetime)
      );
    });
  }

  #result({ route, request, url, entry }: Call): Answer {
    const job = this.jobs.get(route.parts[1] ?? "");
    const verdict = this.signedUrls.verify(url);
    if (!job || verdict === "bad-signature") return signatureMismatch();
    entry.jobId = job.id;
    entry.clip = job.clip;
    if (verdict === "expired") return storageError(400, "ExpiredToken", "The provided token has expired.");
    if (!job.outcome || "reason" in job.outcome)
      return storageError(404, "NoSuchKey", "There is no such object.");
    const answer = resultAnswer(job.outcome.file, job.outcome.size, request.headers.range);
    if (this.settings.chunkedResult) answer.chunked = true;
    return answer;
  }

  #other({ route, request }: Call): Answer {
    const [first = ""] = route.parts;
    if (first.startsWith("roboflow_video_inference_")) {
      // An upload can never be downloaded; a link is signed for one method only.
      return storageError(403, "AccessDenied", "Access denied.");
    }
    return apiError(404, `There is nothing at ${request.method} /${first}.`);
  }
}

function wrongKey(key: "wrong" | "missing"): Answer {
  const message =
    key === "missing" ? "No API key was given." : "This API key does not exist (or has been revoked).";
  return apiError(401, message, { hint: "You may retrieve your API key via the Roboflow dashboard." });
}

function signatureMismatch(): Answer {
  return storageError(
    403,
    "SignatureDoesNotMatch",
    "Access denied. The request signature we calculated does not match the signature you provided.",
  );
}
