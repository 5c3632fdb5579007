/** How the emulator behaves. Everything here may be changed while it runs (admin endpoint or `emulator.set`). */
export interface EmulatorSettings {
  /** The only key that is accepted. */
  apiKey: string;
  /** Seconds a job takes at least; the analysis of the video may take longer. */
  jobSeconds: number;
  /** Seconds a job waits before it runs, and reads its video. */
  queueSeconds: number;
  /** Enforce the pause between two polls of one job: 429 with Retry-After when it is not kept. */
  strictPolling: boolean;
  /** The pause that `strictPolling` enforces, in seconds. */
  pollFloorSeconds: number;
  /** The first N status answers of every job carry no `status`, as while a job is being set up. */
  statusMissingPolls: number;
  /** `words`: the spellings of the other official page (`jobId`, `signedUrl`, "processing", "completed"). */
  spelling: "reference" | "words";
  /** Life of an upload link in seconds; shown as X-Goog-Expires. */
  uploadLifetime: number;
  /** Seconds after which an upload can no longer be run; the real one is a week. */
  uploadKept: number;
  /** Life of a result link in seconds. */
  outputLifetime: number;
  /** Take the sha256 of each upload. Costs processor time: benchmarks switch it off. */
  hash: boolean;
  /** Count the bytes of uploads and throw them away; jobs on such uploads get the built-in frames. */
  discardUploads: boolean;
  /** False: jobs do not look at the video and answer `builtInFrames` made-up frames. */
  analyse: boolean;
  /** How many frames a job answers that does not look at its video. */
  builtInFrames: number;
  /** Videos looked at by ffmpeg at the same time; the rest wait. */
  maxAnalyses: number;
  /** The class of what moves. */
  className: string;
  columnOrder: "offsets-first" | "offsets-last" | "shuffled";
  offsetNames: "singular" | "plural";
  /** Every Nth entry of each model is null; 0 = none. */
  nullEvery: number;
  /** Every Nth entry carries NaN where a number should stand; 0 = none. */
  nanEvery: number;
  /** Write non-ASCII characters as \uXXXX, as Python does by default. */
  escapeNonAscii: boolean;
  /** A prepared result file served for every job; empty = none. */
  resultFile: string;
  /** Prepared result files by model id (the job's first model counts). */
  resultFiles: Record<string, string>;
  /** Send results chunked, without Content-Length. */
  chunkedResult: boolean;
  /** Where signed links point; empty = the address the client used. For clients that see storage as another host. */
  storageUrl: string;
  /** Seconds an idle connection is kept open. */
  keepAliveSeconds: number;
}

export const defaultSettings: EmulatorSettings = {
  apiKey: "demo",
  jobSeconds: 2,
  queueSeconds: 0,
  strictPolling: false,
  pollFloorSeconds: 60,
  statusMissingPolls: 0,
  spelling: "reference",
  uploadLifetime: 86_400,
  uploadKept: 7 * 24 * 3600,
  outputLifetime: 3600,
  hash: true,
  discardUploads: false,
  analyse: true,
  builtInFrames: 10,
  maxAnalyses: 2,
  className: "motion",
  columnOrder: "offsets-first",
  offsetNames: "singular",
  nullEvery: 0,
  nanEvery: 0,
  escapeNonAscii: false,
  resultFile: "",
  resultFiles: {},
  chunkedResult: false,
  storageUrl: "",
  keepAliveSeconds: 5,
};

/**
 * Lays changes over settings.
 * @throws Error naming a setting that does not exist or has the wrong type, so that a typing error in a test shows.
 */
export function applySettings(settings: EmulatorSettings, changes: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) continue;
    if (!Object.hasOwn(defaultSettings, name)) throw new Error(`no such setting: ${name}`);
    const expected = typeof defaultSettings[name as keyof EmulatorSettings];
    if (typeof value !== expected) throw new Error(`setting ${name} must be a ${expected}`);
  }
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  Object.assign(settings, Object.fromEntries(given));
}
