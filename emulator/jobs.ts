import { createWriteStream } from "node:fs";
import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import { setTimeout as delay } from "node:timers/promises";
import { type Analysis, analyse, inferredFrame, type Sighting } from "./analysis";
import type { RequestedModel } from "./entries";
import type { Fault } from "./faults";
import type { InputBucket, StoredVideo } from "./input-bucket";
import type { LedgerJob } from "./ledger";
import { writeResult } from "./result-writer";
import type { EmulatorSettings } from "./settings";

/** The name of an upload, or the public URL of a video. */
export type VideoSource = { upload: string } | { url: string };

/** A start request that was found good. */
export interface JobRequest {
  source: VideoSource;
  clip: string;
  inferFps: number;
  models: RequestedModel[];
}

export interface Job extends JobRequest {
  id: string;
  startedAt: number;
  /** Seconds it takes at least. */
  seconds: number;
  polls: number;
  lastPollAt: number | undefined;
  /** What the analysis came to; undefined while it goes on. */
  outcome: { file: string; size: number } | { reason: string } | undefined;
  /** A fault ordered for this job. */
  fault: Fault | undefined;
}

/**
 * The jobs of this server: each waits `queueSeconds`, then reads its video as that is by then. A job is at least
 * `jobSeconds` long, and as long as ffmpeg needs to look at the video.
 */
export class Jobs {
  readonly #jobs = new Map<string, Job>();
  /** Analyses by video and rate: many jobs on one video look at it once. */
  readonly #analyses = new Map<string, Promise<Analysis>>();
  readonly #running = new Set<Promise<void>>();
  #places = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(
    private readonly folder: string,
    private readonly settings: EmulatorSettings,
    private readonly bucket: InputBucket,
    private readonly signal: AbortSignal,
  ) {}

  /** @param noted the job in the ledger, which is told of the video that was read. */
  start(request: JobRequest, noted: LedgerJob, fault: Fault | undefined): Job {
    const job: Job = {
      ...request,
      id: noted.jobId,
      startedAt: noted.time,
      seconds: this.settings.jobSeconds,
      polls: 0,
      lastPollAt: undefined,
      outcome: undefined,
      fault,
    };
    this.#jobs.set(job.id, job);
    const run = this.#run(job, noted).then(
      (outcome) => {
        job.outcome = outcome;
      },
      (error) => {
        job.outcome = { reason: error instanceof Error ? error.message : String(error) };
      },
    );
    this.#running.add(run);
    run.finally(() => this.#running.delete(run));
    return job;
  }

  get(id: string): Job | undefined {
    return this.#jobs.get(id);
  }

  /** Whether the job is over, well or badly. */
  isOver(job: Job): boolean {
    if (job.fault?.do === "never" || Date.now() < job.startedAt + job.seconds * 1000) return false;
    return job.outcome !== undefined || job.fault?.do === "fail";
  }

  /** Resolves when no analysis is under way; they end early once the emulator's signal is aborted. */
  async settled(): Promise<void> {
    for (const wake of this.#waiting.splice(0)) wake();
    await Promise.all(this.#running);
  }

  async #run(job: Job, noted: LedgerJob): Promise<{ file: string; size: number }> {
    const { queueSeconds, resultFiles, resultFile } = this.settings;
    if (queueSeconds > 0) await delay(queueSeconds * 1000, undefined, { signal: this.signal });
    const video = "upload" in job.source ? this.bucket.get(job.source.upload) : undefined;
    noted.sha256 = video?.sha256 ?? "";
    const prepared = resultFiles[job.models[0]?.model_id ?? ""] || resultFile;
    if (prepared) return { file: prepared, size: (await stat(prepared)).size };
    const analysis = await this.#analysis(job, video);
    const file = join(this.folder, `${job.id}-result.json`);
    await writeResult(file, analysis, job.models, this.settings);
    return { file, size: (await stat(file)).size };
  }

  #analysis({ id, source, inferFps }: Job, video: StoredVideo | undefined): Promise<Analysis> {
    if (!this.settings.analyse) return this.#builtIn(inferFps);
    if ("url" in source) return this.#inTurn(() => this.#lookAtUrl(id, source.url, inferFps));
    if (!video?.file) return this.#builtIn(inferFps);
    const { file, sha256 } = video;
    const name = `${sha256 || file}@${inferFps}`;
    let analysis = this.#analyses.get(name);
    if (!analysis) {
      const target = join(this.folder, `${id}-seen.ndjson`);
      analysis = this.#inTurn(() => analyse(file, inferFps, target, this.signal));
      this.#analyses.set(name, analysis);
    }
    return analysis;
  }

  async #lookAtUrl(id: string, url: string, inferFps: number): Promise<Analysis> {
    const video = join(this.folder, `${id}-fetched`);
    const response = await fetch(url, { signal: this.signal }).catch((error) => {
      throw new Error(`the video could not be fetched: ${error.cause?.message ?? error.message}`);
    });
    if (!response.ok || !response.body) {
      throw new Error(`the video could not be fetched: its server answered ${response.status}`);
    }
    await pipeline(Readable.fromWeb(response.body as ReadableStream), createWriteStream(video), {
      signal: this.signal,
    });
    return analyse(video, inferFps, join(this.folder, `${id}-seen.ndjson`), this.signal);
  }

  /** Made-up frames of a 30 fps video: one box that walks from left to right. Written once, read by many jobs. */
  #builtIn(inferFps: number): Promise<Analysis> {
    const name = `built-in-${this.settings.builtInFrames}@${inferFps}`;
    let analysis = this.#analyses.get(name);
    if (!analysis) {
      analysis = this.#makeUp(join(this.folder, `${name}.ndjson`), inferFps);
      this.#analyses.set(name, analysis);
    }
    return analysis;
  }

  async #makeUp(file: string, inferFps: number): Promise<Analysis> {
    const lines: string[] = [];
    for (let n = 0; n < this.settings.builtInFrames; n++) {
      const left = 10 + (n % 20) * 28;
      const areas = [{ left, top: 120, width: 40, height: 100, confidence: 0.9 }];
      const frame = inferredFrame(n, 30, inferFps);
      lines.push(JSON.stringify({ frame, time: frame / 30, took: 0.01, areas } satisfies Sighting));
    }
    await writeFile(file, lines.map((line) => `${line}\n`).join(""));
    return { file, image: { width: 640, height: 360 } };
  }

  /** Lets `maxAnalyses` videos be looked at at a time. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    while (this.#places >= this.settings.maxAnalyses && !this.signal.aborted) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.signal.throwIfAborted();
    this.#places += 1;
    try {
      return await work();
    } finally {
      this.#places -= 1;
      this.#waiting.shift()?.();
    }
  }
}
