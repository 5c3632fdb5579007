import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { type Answer, apiError, json, signatureMismatch, storageError } from "./answers";
import { resultPath, uploadNamed, uploadPath, uploadType } from "./buckets";
import type { Fault, Faults } from "./faults";
import { InputBucket, type Reception } from "./input-bucket";
import { Jobs } from "./jobs";
import { clipOf, type Ledger, type LedgerJob, type LedgerRequest } from "./ledger";
import { resultAnswer } from "./result-answer";
import type { Route } from "./routes";
import type { EmulatorSettings } from "./settings";
import { type LinkRequest, SignedUrls, type Verdict } from "./signed-urls";
import { readStartRequest } from "./start-request";
import { statusAnswer } from "./status-answers";
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
  readonly bucket: InputBucket;
  readonly jobs: Jobs;

  constructor(
    folder: string,
    private readonly settings: EmulatorSettings,
    private readonly ledger: Ledger,
    private readonly faults: Faults,
    private readonly signal: AbortSignal,
  ) {
    this.bucket = new InputBucket(folder, settings, ledger);
    this.jobs = new Jobs(folder, settings, this.bucket, signal);
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
    entry.clip = clipOf(name);
    const signedUrl = this.#link(origin, {
      method: "PUT",
      path: uploadPath(name),
      lifetime: this.settings.uploadLifetime,
      contentType: uploadType,
    });
    return json(200, this.settings.spelling === "words" ? { signedUrl } : { signed_url: signedUrl });
  }

  async #put({ route, request, url, entry, fault }: Call): Promise<Answer | Exclude<Reception, "complete">> {
    const name = uploadNamed(route.parts);
    const verdict = this.#verdictOn("PUT", url, request);
    if (!name || verdict === "bad-signature") return signatureMismatch(request);
    entry.clip = clipOf(name);
    if (verdict === "expired") return storageError(400, "ExpiredToken", "The provided token has expired.");
    if (request.headers["content-length"] === undefined) {
      return storageError(411, "MissingContentLength", "You must provide the Content-Length HTTP header.");
    }
    const reception = await this.bucket.receive(name, request, entry, fault, this.signal);
    if (reception !== "complete") return reception;
    const etag = this.bucket.get(name)?.sha256.slice(0, 32);
    return { status: 200, headers: { etag: `"${etag}"` }, body: "" };
  }

  #start({ body, text, entry }: Call): Answer {
    const wanted = readStartRequest(body, this.bucket, this.signedUrls);
    if ("status" in wanted) return wanted;
    const { clip, inferFps } = wanted;
    const { input_url, models } = body as { input_url: string; models: Record<string, unknown>[] };
    const noted: LedgerJob = {
      jobId: randomUUID(),
      time: Date.now(),
      inputUrl: input_url,
      clip,
      inferFps,
      models,
      text,
      polls: [],
      sha256: "",
    };
    this.ledger.jobs.push(noted);
    const job = this.jobs.start(wanted, noted, this.faults.take("job", `${clip} ${text}`));
    entry.clip = clip;
    entry.jobId = job.id;
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
    return statusAnswer(job, this.jobs, this.settings, () =>
      this.#link(origin, { method: "GET", path: resultPath(id), lifetime: this.settings.outputLifetime }),
    );
  }

  #result({ route, request, url, entry }: Call): Answer {
    const job = this.jobs.get(route.parts[1] ?? "");
    const verdict = this.#verdictOn("GET", url, request);
    if (!job || verdict === "bad-signature") return signatureMismatch(request);
    entry.jobId = job.id;
    entry.clip = job.clip;
    if (verdict === "expired") return storageError(400, "ExpiredToken", "The provided token has expired.");
    if (!job.outcome || "reason" in job.outcome)
      return storageError(404, "NoSuchKey", "There is no such object.");
    const answer = resultAnswer(job.outcome.file, job.outcome.size, request.headers.range);
    if (this.settings.chunkedResult) answer.chunked = true;
    return answer;
  }

  /** A signed URL, at the host where clients find storage. */
  #link(origin: string, link: Omit<LinkRequest, "host">): string {
    const base = this.settings.storageUrl || origin;
    return base + this.signedUrls.sign({ ...link, host: new URL(base).host });
  }

  #verdictOn(method: "GET" | "PUT", url: string, { headers }: IncomingMessage): Verdict {
    const { host = "", "content-type": contentType } = headers;
    return this.signedUrls.verify(url, { method, host, contentType });
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
