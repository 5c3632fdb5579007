import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { LiveArguments } from "./arguments";
import { type Report, shapeOf } from "./report";
import { type Answered, Requests } from "./requests";

/** What storage wants of an upload (docs/api.md, call 2). */
const uploadType = "application/octet-stream";

/** The one model of the job. */
export interface JobModel {
  id: string;
  version: string;
  inferenceType: string;
}

/** Asks everything that docs/api.md does not know, with one job. */
export class Questions {
  readonly #requests = new Requests();
  /** A name of its own: nobody's video is replaced. */
  readonly #fileName = `check-live-${randomBytes(6).toString("hex")}.mp4`;

  constructor(
    readonly options: LiveArguments,
    readonly report: Report,
    /** Tells the person at the keyboard what happens. */
    readonly tell: (text: string) => void,
  ) {}

  /** @returns whether the job ended with a result. */
  async ask(model: JobModel, clip: Buffer): Promise<boolean> {
    try {
      await this.#aboutTheKey();
      const inputUrl = await this.#aboutTheUpload(clip);
      if (!inputUrl) return false;
      await this.#aboutRefusals(inputUrl);
      const jobId = await this.#start(inputUrl, model);
      if (!jobId) return false;
      const outputUrl = await this.#untilDone(jobId);
      if (!outputUrl) return false;
      await this.#aboutTheResult(jobId, outputUrl);
      return true;
    } finally {
      this.#requests.close();
    }
  }

  #url(path: string, parameters: Record<string, string> = {}): string {
    return `${this.options.baseUrl}${path}?${new URLSearchParams({ api_key: this.options.key, ...parameters })}`;
  }

  async #aboutTheKey(): Promise<void> {
    const { baseUrl, key } = this.options;
    const inHeader = await this.#requests.send("GET", `${baseUrl}/`, {
      headers: { Authorization: `Bearer ${key}` },
    });
    const does = inHeader.status === 200 && typeof inHeader.json?.workspace === "string";
    this.report.add(
      "Does an `Authorization` header do in place of `api_key`?",
      `${does ? "yes" : "no"}: ${this.report.describe(inHeader)}`,
    );
    const wrong = await this.#requests.send("GET", `${baseUrl}/?api_key=no-such-key-check-live`);
    this.report.add("How is a wrong key refused?", this.report.describe(wrong));
  }

  /** @returns the URL for the job; undefined when the upload failed. */
  async #aboutTheUpload(clip: Buffer): Promise<string | undefined> {
    this.tell("Uploading a clip of one second …");
    const [first, second] = [await this.#uploadUrl(), await this.#uploadUrl()];
    if (!first || !second) return undefined;
    this.report.add("What does an upload URL look like?", shapeOf(first, this.#fileName));
    this.report.add("How long does an upload URL live?", lifetimeOf(first));
    const { pathname } = new URL(first);
    const isSame = pathname === new URL(second).pathname;
    this.report.add(
      "Do two upload URLs for one name lead to the same object?",
      isSame ? "yes" : `no: ${shapeOf(second, this.#fileName)}`,
    );
    const put = (url: string, type: string) =>
      this.#requests.send("PUT", url, { headers: { "Content-Type": type }, bytes: clip });
    const otherType = await put(first, "video/mp4");
    const isSigned = otherType.status === 403 || otherType.status === 400;
    this.report.add(
      "Is the content type signed?",
      `${isSigned ? "yes" : "no"}: with video/mp4 ${this.report.describe(otherType)}`,
    );
    const uploads = [await put(first, uploadType), await put(second, uploadType)];
    this.report.add("How is an upload answered?", this.report.describe(uploads[0] as Answered));
    const version = ({ headers }: Answered) => headers["x-goog-generation"] ?? headers.etag ?? "not told";
    const replaced = isSame && uploads.every(({ status }) => status === 200);
    this.report.add(
      "Does an upload with the same name replace the first?",
      `${replaced ? "yes" : "no"}: HTTP ${uploads.map(({ status }) => status).join(", then ")}; ` +
        `generation ${uploads.map(version).join(", then ")}`,
    );
    this.report.add(
      "Can an upload be downloaded again?",
      this.report.describe(await this.#requests.send("GET", second)),
    );
    const isUploaded = uploads.some(({ status }) => status === 200);
    return isUploaded ? second : undefined;
  }

  async #uploadUrl(): Promise<string | undefined> {
    const answer = await this.#requests.send("POST", this.#url("/video_upload_signed_url/"), {
      json: { file_name: this.#fileName },
    });
    const url = answer.json?.signed_url;
    if (typeof url === "string" && URL.canParse(url)) {
      this.report.hideUrl(url, this.#fileName);
      return url;
    }
    this.report.add("Upload URL", this.report.describe(answer));
    return undefined;
  }

  async #aboutRefusals(inputUrl: string): Promise<void> {
    const empty = await this.#requests.send("POST", this.#url("/videoinfer/"), {
      json: { input_url: inputUrl, infer_fps: 1, models: [] },
    });
    this.report.add("How is a job without a model refused?", this.report.describe(empty));
    const unknown = await this.#requests.send(
      "GET",
      this.#url("/videoinfer/", { job_id: "00000000-0000-4000-8000-000000000000" }),
    );
    this.report.add("How is an unknown job refused?", this.report.describe(unknown));
  }

  async #start(inputUrl: string, { id, version, inferenceType }: JobModel): Promise<string | undefined> {
    const answer = await this.#requests.send("POST", this.#url("/videoinfer/"), {
      json: {
        input_url: inputUrl,
        infer_fps: 1,
        models: [{ model_id: id, model_version: version, inference_type: inferenceType }],
      },
    });
    const jobId = answer.json?.job_id;
    if (typeof jobId === "string") {
      this.report.hide(jobId, "job id");
      this.tell(`The job is ${jobId}.`);
    }
    this.report.add("How is a start answered?", this.report.describe(answer));
    return typeof jobId === "string" ? jobId : undefined;
  }

  #status(jobId: string): Promise<Answered> {
    return this.#requests.send("GET", this.#url("/videoinfer/", { job_id: jobId }));
  }

  /** @returns the URL of the result; undefined when there is none. */
  async #untilDone(jobId: string): Promise<string | undefined> {
    const { interval, timeLimit, early } = this.options;
    const began = performance.now();
    const elapsed = () => Math.round((performance.now() - began) / 1000);
    const seen: string[] = [];
    let isEarly = early;
    for (;;) {
      const answer = await this.#status(jobId);
      const { status, output_signed_url: url } = answer.json ?? {};
      if (typeof url === "string" && URL.canParse(url)) this.report.hideUrl(url, this.#fileName);
      const fields = answer.json ? Object.keys(answer.json).join(", ") : "no JSON";
      seen.push(`after ${elapsed()} s HTTP ${answer.status}, status ${JSON.stringify(status)} (${fields})`);
      this.tell(`Status after ${elapsed()} s: ${JSON.stringify(status)}`);
      const isOver = typeof status === "number" && status !== 1;
      if (isOver || elapsed() > timeLimit || answer.status === 401) {
        this.report.add(
          "Which statuses does a job go through?",
          [seen[0], ...seen.slice(1).slice(-3)].join("; "),
        );
        const isDone = status === 0 && typeof url === "string";
        this.report.add(
          "How does a job end?",
          isDone ? `with a result, ${elapsed()} s after its start` : this.report.describe(answer),
        );
        return isDone ? url : undefined;
      }
      if (isEarly) {
        isEarly = false;
        this.report.add(
          "What if the status is checked at once again?",
          this.report.describe(await this.#status(jobId)),
        );
      }
      await delay(interval * 1000);
    }
  }

  async #aboutTheResult(jobId: string, outputUrl: string): Promise<void> {
    this.report.add("What does a result URL look like?", shapeOf(outputUrl, this.#fileName));
    this.report.add("How long does a result URL live?", lifetimeOf(outputUrl));
    const result = await this.#requests.send("GET", outputUrl);
    const { "content-type": type, "content-encoding": encoding } = result.headers;
    this.report.add(
      "How is a result sent?",
      `HTTP ${result.status}, ${result.text.length} characters, ${type}, encoding ${encoding ?? "none"}`,
    );
    this.report.add("What is in a result of one second at 1 FPS?", this.#contents(result));
    const part = await this.#requests.send("GET", outputUrl, { headers: { Range: "bytes=0-15" } });
    this.report.add(
      "Can a part of a result be asked for?",
      part.status === 206 ? "yes" : `no: HTTP ${part.status}`,
    );

    this.tell("Waiting, to ask for the status once more …");
    await delay(this.options.interval * 1000);
    const again = await this.#status(jobId);
    const renewed = again.json?.output_signed_url;
    const isUrl = typeof renewed === "string" && URL.canParse(renewed);
    if (isUrl) this.report.hideUrl(renewed, this.#fileName);
    this.report.add(
      "Does another status check give a renewed result URL?",
      isUrl ? (renewed === outputUrl ? "no, the same" : "yes") : `no: ${this.report.describe(again)}`,
    );
    const old = await this.#requests.send("GET", outputUrl);
    this.report.add(
      "Does the first result URL still work then?",
      old.status === 200 ? "yes" : this.report.describe(old),
    );
  }

  /** Names and lengths of the columns; not the model's own, which are the account's business. */
  #contents({ json }: Answered): string {
    if (typeof json !== "object" || json === null) return "no JSON";
    const known = ["frame_offset", "frame_offsets", "time_offset", "time_offsets"];
    return Object.entries(json)
      .map(([name, column]) => {
        const length = Array.isArray(column) ? `${column.length} entries` : typeof column;
        const first = Array.isArray(column) ? column[0] : undefined;
        if (known.includes(name)) return `${name}: ${length}, first ${JSON.stringify(first)}`;
        return `<model>: ${length} with ${first && typeof first === "object" ? Object.keys(first).join(", ") : typeof first}`;
      })
      .join("; ");
  }
}

function lifetimeOf(url: string): string {
  const { searchParams } = new URL(url);
  const seconds = searchParams.get("X-Goog-Expires") ?? searchParams.get("X-Amz-Expires");
  return seconds ? `${seconds} s` : "not told";
}
