/** What a request is about; faults are ordered by these names. */
export type RequestKind =
  | "signed-url"
  | "put"
  | "start"
  | "status"
  | "result"
  | "key"
  | "workspace"
  | "project"
  | "other";

/** One request as it came, with what became of it. Never holds a video or a result. */
export interface LedgerRequest {
  /** Position in the ledger, from 1. */
  n: number;
  /** Arrival, ms since 1970. */
  time: number;
  kind: RequestKind;
  method: string;
  /** Path without the query. */
  path: string;
  /** Query without `api_key`; signatures are cut to their first characters. */
  query: Record<string, string>;
  headers: Record<string, string>;
  /** Whether an API key stood in the query, and whether it was the right one. Also set on storage requests. */
  key: "right" | "wrong" | "missing";
  /** Which TCP connection carried it, from 1. */
  connection: number;
  /** The JSON body as a value; undefined when there was none. */
  body?: unknown;
  /** The exact text of the JSON body. */
  text?: string;
  /** The clip that this request is about, where known (see `clipOf`). */
  clip?: string;
  jobId?: string;
  /** The fault that was ordered for it. */
  fault?: string;
  /** Status of the answer; null when none was sent (yet). */
  status: number | null;
  /** Bytes of the request's body. */
  bytesIn: number;
  /** Bytes of the answer, headers included. */
  bytesOut: number;
  /** When the answer was out or the connection ended; null while under way. */
  endedAt: number | null;
}

/** One PUT that storage took. */
export interface LedgerUpload {
  /** The name that was sent: what storage knows the video by. */
  name: string;
  time: number;
  /** Bytes received. */
  size: number;
  /** False when the transfer broke off. */
  complete: boolean;
  /** Hex; empty when not complete or hashing is off. */
  sha256: string;
}

export interface LedgerJob {
  jobId: string;
  time: number;
  inputUrl: string;
  /** The clip of the input (see `clipOf`): as named for its upload, else by the last part of its URL. */
  clip: string;
  inferFps: number;
  models: Record<string, unknown>[];
  /** The exact text of the start request's body. */
  text: string;
  /** When it was asked about, ms since 1970. */
  polls: number[];
  /** Of the upload that it looked at, as it was then; empty before, and without an upload. */
  sha256: string;
}

/**
 * A clip's name as its file is called; of a longer text, the text with such names. Our upload node puts 12 digits of
 * its own into each name it sends, so that no upload replaces another; a test that fed `yard.mp4` looks for that.
 */
export const clipOf = (text: string): string => text.replace(/-[0-9a-f]{12}(?=\.\w+)/g, "");

/** What came in and what became of it, in order. */
export class Ledger {
  requests: LedgerRequest[] = [];
  uploads: LedgerUpload[] = [];
  jobs: LedgerJob[] = [];
  /** Most PUT requests under way at the same time. */
  maxParallelUploads = 0;

  #parallelUploads = 0;
  #count = 0;

  /** Every request is noted when its headers are in, before anything is done with it. */
  open(request: Omit<LedgerRequest, "n" | "status" | "bytesIn" | "bytesOut" | "endedAt">): LedgerRequest {
    this.#count += 1;
    const entry: LedgerRequest = {
      n: this.#count,
      ...request,
      status: null,
      bytesIn: 0,
      bytesOut: 0,
      endedAt: null,
    };
    this.requests.push(entry);
    if (entry.kind === "put") {
      this.#parallelUploads += 1;
      this.maxParallelUploads = Math.max(this.maxParallelUploads, this.#parallelUploads);
    }
    return entry;
  }

  /** The answer is out, or the connection is gone. */
  end(entry: LedgerRequest): void {
    if (entry.endedAt !== null) return;
    entry.endedAt = Date.now();
    if (entry.kind === "put") this.#parallelUploads -= 1;
  }

  /** Requests of one kind, in order. */
  of(kind: RequestKind): LedgerRequest[] {
    return this.requests.filter((request) => request.kind === kind);
  }

  job(jobId: string): LedgerJob | undefined {
    return this.jobs.find((job) => job.jobId === jobId);
  }

  /** Jobs started on a clip (see `clipOf`). */
  jobsOf(clip: string): LedgerJob[] {
    return this.jobs.filter((job) => job.clip === clip);
  }

  /** Uploads and jobs by clip. */
  clips(): Record<string, { uploads: number; jobs: number }> {
    const clips: Record<string, { uploads: number; jobs: number }> = {};
    const of = (name: string) => {
      clips[name] ??= { uploads: 0, jobs: 0 };
      return clips[name];
    };
    for (const upload of this.uploads) if (upload.complete) of(clipOf(upload.name)).uploads += 1;
    for (const job of this.jobs) of(job.clip).jobs += 1;
    return clips;
  }

  /** Forgets what was noted; jobs and uploads themselves go on. */
  clear(): void {
    this.requests = [];
    this.uploads = [];
    this.jobs = [];
    this.maxParallelUploads = this.#parallelUploads;
  }

  /** All of it as plain JSON, for a test in another process. */
  toJSON(): LedgerSnapshot {
    return {
      requests: this.requests,
      uploads: this.uploads,
      jobs: this.jobs,
      clips: this.clips(),
      maxParallelUploads: this.maxParallelUploads,
    };
  }
}

/** The ledger as the admin endpoint answers it. */
export interface LedgerSnapshot {
  requests: LedgerRequest[];
  uploads: LedgerUpload[];
  jobs: LedgerJob[];
  clips: Record<string, { uploads: number; jobs: number }>;
  maxParallelUploads: number;
}
