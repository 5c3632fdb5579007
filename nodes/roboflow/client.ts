import { type Answer, badAnswer, isSuccess, readAnswer, refusal, textField } from "./api/answers";
import { type JobStatus, readJobId, readJobStatus } from "./api/job-status";
import type { AvailableModel } from "./api/model-types";
import type { JobRequest } from "./api/models";
import { newestFirst, type Project, readProjects, readVersions, readWorkspace } from "./api/workspace";
import { VideoError } from "./errors";
import { ConnectionError } from "./http/connection-error";
import type { HttpRequest, Network } from "./http/network";
import { type RetryPolicy, retries, wasNotAccepted, withRetries } from "./http/retry";
import { encodePart, isHttpUrl } from "./http/urls";
import { isObject } from "./json";
import { secretsOfUrl } from "./redact";
import { Semaphore } from "./semaphore";
import { putVideo } from "./upload/put";
import type { Video } from "./upload/video";

/** Called before each wait for another attempt, with the error and the milliseconds to wait. */
type Pause = (error: VideoError, wait: number) => void;

interface StartHooks {
  /** Ends the waits between attempts. */
  signal: AbortSignal;
  /** Ends a request that may have been sent: later than `signal`, since its answer is worth a moment. */
  answerSignal: AbortSignal;
  pause?: Pause;
  /** Called before each request: from here on the job may be running. */
  intend: () => Promise<void>;
  /** Called when a request was certainly not accepted, and may be sent again: the job is not running. */
  withdraw: () => void;
}

/** Requests at a time for a picker's list. */
const projectsAtOnce = 6;

/** Polls in flight: enough for 10,000 jobs a minute where an answer takes a quarter of a second. */
const pollsAtOnce = 48;
/** Other calls on kept connections; both together are as many as are kept. They do not wait behind thousands of polls. */
const callsAtOnce = 16;
/** Start requests in flight: each has a connection of its own, and thousands may come at once. */
const startsAtOnce = 48;

/** Roboflow's Video Inference API: the calls that carry the key, each to `baseUrl` and nowhere else. */
export class RoboflowClient {
  /**
   * Polls in flight. Whoever polls goes by it, and so each request has a connection at once: the time limit for an
   * answer does not run while a request waits for one.
   */
  readonly polls = new Semaphore(pollsAtOnce);
  readonly #calls = new Semaphore(callsAtOnce);
  readonly #starts = new Semaphore(startsAtOnce);

  constructor(
    readonly baseUrl: string,
    private readonly apiKey: string,
    readonly network: Network,
  ) {}

  /** Tells accounts apart inside this process; holds the key, so it is never shown or written. */
  get identity(): string {
    return `${this.baseUrl} ${this.apiKey}`;
  }

  /** Asks for a signed URL to upload a file of this bare name to (docs/api.md, call 1). */
  async createUploadUrl(
    fileName: string,
    { signal, pause }: { signal: AbortSignal; pause?: Pause },
  ): Promise<string> {
    const answer = await this.#repeat(retries.repeatable, signal, pause, () =>
      this.#call("POST", "/video_upload_signed_url/", { signal, body: { file_name: fileName } }),
    );
    const url = textField(answer.json, "signed_url", "signedUrl");
    if (!isHttpUrl(url)) throw badAnswer(answer);
    return url;
  }

  /**
   * Uploads a video (docs/api.md, calls 1 and 2): a fresh signed URL when storage refuses the first.
   *
   * @returns the URL to name as a job's input.
   */
  async upload(
    fileName: string,
    video: Video,
    hooks: { signal: AbortSignal; pause?: Pause; progress?: (bytes: number) => void },
  ): Promise<string> {
    const signedUrl = await this.createUploadUrl(fileName, hooks);
    try {
      await putVideo(this.network, signedUrl, video, hooks);
      return signedUrl;
    } catch (error) {
      // A link that storage answers 400 or 403 has expired, which a slow upload or a long wait can cause.
      if (!(error instanceof VideoError && (error.statusCode === 400 || error.statusCode === 403)))
        throw error;
      const freshUrl = await this.createUploadUrl(fileName, hooks);
      await putVideo(this.network, freshUrl, video, hooks);
      return freshUrl;
    }
  }

  /**
   * Starts a job (docs/api.md, call 3). It costs money, so it is sent again only when it certainly was not
   * accepted.
   *
   * @returns the job id.
   * @throws VideoError START_UNCERTAIN when the job may be running.
   */
  async startJob(
    job: JobRequest,
    { signal, answerSignal, pause, intend, withdraw }: StartHooks,
  ): Promise<string> {
    const start = async () => {
      await intend();
      try {
        return await this.#sendStart(job, answerSignal);
      } catch (error) {
        if (error instanceof VideoError && wasNotAccepted(error)) withdraw();
        throw error;
      }
    };
    return withRetries(retries.start, signal, () => this.#starts.run(start, signal), pause);
  }

  async #sendStart(job: JobRequest, signal: AbortSignal): Promise<string> {
    let answer: Answer;
    try {
      answer = await this.#call("POST", "/videoinfer/", {
        signal,
        body: job,
        secrets: secretsOfUrl(job.input_url),
        fresh: true,
      });
    } catch (error) {
      if (signal.aborted) throw error;
      // Whatever went wrong: unless it is known that the server never saw the request, it may have taken it.
      if (!(error instanceof VideoError)) throw startUncertain({ cause: error });
      if (error instanceof ConnectionError && !error.neverConnected)
        throw startUncertain({ cause: error.cause ?? error });
      throw error;
    }
    const { status } = answer;
    const jobId = readJobId(answer.json);
    if (isSuccess(status) && jobId) return jobId;
    const mayBeRunning = isSuccess(status) || status === 408 || status >= 500;
    if (mayBeRunning) {
      const { serverWords } = badAnswer(answer);
      throw startUncertain({ statusCode: status, serverWords, jobId });
    }
    throw refusal(answer, "api");
  }

  /** Asks once for a job's status (docs/api.md, call 4). Whoever calls goes by `PollRateLimiter`. */
  async jobStatus(jobId: string, { signal }: { signal: AbortSignal }): Promise<JobStatus> {
    const answer = await this.#call("GET", "/videoinfer/", { signal, query: { job_id: jobId } });
    if (!isSuccess(answer.status)) throw refusal(answer, "api");
    if (!isObject(answer.json)) throw badAnswer(answer);
    return readJobStatus(answer.json);
  }

  /** The workspace behind the key: also the way to test one (docs/api.md, "Finding models"). */
  async workspace({
    signal,
  }: {
    signal: AbortSignal;
  }): Promise<{ slug: string; name: string; projects: Project[] }> {
    const ask = (path: string) =>
      this.#repeat(retries.dialog, signal, undefined, () => this.#call("GET", path, { signal }));
    const root = await ask("/");
    const slug = readWorkspace(root.json);
    if (!slug) throw badAnswer(root);
    const answer = await ask(`/${encodePart(slug)}`);
    if (!isObject(answer.json) || !isObject(answer.json.workspace)) throw badAnswer(answer);
    const { name, projects } = readProjects(answer.json);
    return { slug, name: name ?? slug, projects };
  }

  /** All trained models of the key's workspace that a job can run, newest first. */
  async models({
    signal,
  }: {
    signal: AbortSignal;
  }): Promise<{ workspace: string; models: AvailableModel[] }> {
    const { slug, name, projects } = await this.workspace({ signal });
    const models: AvailableModel[] = [];
    const queue = [...projects];
    const work = async () => {
      for (let project = queue.shift(); project; project = queue.shift()) {
        const path = `/${encodePart(slug)}/${encodePart(project.id)}`;
        try {
          const answer = await this.#repeat(retries.dialog, signal, undefined, () =>
            this.#call("GET", path, { signal }),
          );
          if (!isObject(answer.json) || !Array.isArray(answer.json.versions)) throw badAnswer(answer);
          models.push(...readVersions(answer.json, project));
        } catch (error) {
          // A key may see a project in the list and yet not be let into it.
          const isClosed = error instanceof VideoError && [403, 404].includes(error.statusCode ?? 0);
          if (isClosed) continue;
          // The others need not ask on for a list that will not come.
          queue.length = 0;
          throw error;
        }
      }
    };
    await Promise.all(Array.from({ length: projectsAtOnce }, work));
    return { workspace: name, models: models.sort(newestFirst) };
  }

  #repeat(policy: RetryPolicy, signal: AbortSignal, pause: Pause | undefined, call: () => Promise<Answer>) {
    return withRetries(
      policy,
      signal,
      async () => {
        const answer = await this.#calls.run(call, signal);
        if (!isSuccess(answer.status)) throw refusal(answer, "api");
        return answer;
      },
      pause,
    );
  }

  async #call(
    method: "GET" | "POST",
    path: string,
    {
      query = {},
      body,
      secrets = [],
      ...request
    }: { query?: Record<string, string>; body?: unknown; secrets?: string[] } & Pick<
      HttpRequest,
      "signal" | "fresh"
    >,
  ): Promise<Answer> {
    const parameters = new URLSearchParams({ api_key: this.apiKey, ...query });
    const json = body === undefined ? undefined : JSON.stringify(body);
    const response = await this.network.request({
      ...request,
      method,
      url: `${this.baseUrl}${path}?${parameters}`,
      headers: {
        Accept: "application/json",
        ...(json === undefined
          ? {}
          : { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(json) }),
      },
      body: json,
    });
    return readAnswer(response, [this.apiKey, ...secrets]);
  }
}

/** The start request was sent and its answer lost: the job may be running, so it is not sent again. */
export const startUncertain = (
  circumstances: { statusCode?: number; serverWords?: string; jobId?: string; cause?: unknown } = {},
): VideoError => new VideoError("START_UNCERTAIN", "startUncertain", circumstances);
