import path from "node:path";
import { replaceFile } from "../../runtime/replace-file";
import type { ClipState, ListedClip } from "../data";
import { readJson } from "./files";
import type { ClipFacts, Reading } from "./reading";
import { clearRecording, type KeptSummary, Recording, readSummaryFile } from "./recording";
import { totalsOf } from "./tally";

type Stage = "waiting" | "running" | "finished";
const order: readonly Stage[] = ["waiting", "running", "finished"];

/** What the file of a clip holds. */
export interface ClipFile {
  id: string;
  fileName: string;
  created: string;
  /** As far as the job has come. */
  stage: Stage;
  failure?: { error: string; stamp: string } | undefined;
  jobId?: string | undefined;
  uploadedAt?: string | undefined;
  startedAt?: string | undefined;
  inferFps?: number | undefined;
  expectedFrames?: number | undefined;
  polls?: number | undefined;
  /** Of the whole result, as the messages say. */
  resultFrames?: number | undefined;
  videoPath?: string | undefined;
  videoUrl?: string | undefined;
  /** What of its result is kept. */
  kept?: { frames: number; detections: number; classes: [string, number][]; complete: boolean } | undefined;
}

const clipFile = "clip.json";
/** Milliseconds without a frame after which nobody waits for the rest: whoever filters frames may leave out the last one. */
const quietMs = 30_000;
/** Classes that the list names. */
const mostClasses = 1000;

/** One clip in its folder: how far it is, and what was seen in it. One writer: the viewer node that has its folder. */
export class StoredClip {
  readonly folder: string;
  readonly file: ClipFile;
  /** While frames come in. */
  #recording: Recording | undefined;
  #lastFrameAt: number | undefined;
  /** Changes with every change. */
  #version = 0;
  #isClosed = false;

  constructor(folder: string, file: ClipFile) {
    this.folder = folder;
    this.file = file;
  }

  /** Reads what is in a folder; undefined where no clip is, or half of one. */
  static read(folder: string): StoredClip | undefined {
    const file = readJson<ClipFile>(path.join(folder, clipFile));
    const isClip =
      typeof file?.id === "string" && typeof file.created === "string" && order.includes(file.stage);
    return isClip ? new StoredClip(folder, file) : undefined;
  }

  /** Whether a message is of an earlier run of this clip than the one that is shown. */
  isEarlier({ jobId, startedAt }: ClipFacts): boolean {
    const { file } = this;
    return (
      jobId !== undefined &&
      file.jobId !== undefined &&
      jobId !== file.jobId &&
      startedAt !== undefined &&
      file.startedAt !== undefined &&
      startedAt < file.startedAt
    );
  }

  /** Takes what a message says besides what it brings. Another run of the clip begins with an empty page. */
  note(facts: ClipFacts): void {
    const { file } = this;
    const isOther = (one: string | undefined, other: string | undefined) =>
      one !== undefined && other !== undefined && one !== other;
    if (isOther(facts.jobId, file.jobId) || isOther(facts.uploadedAt, file.uploadedAt)) this.#startOver();
    const { fileName, jobId, uploadedAt, startedAt, inferFps, expectedFrames, polls, frames } = facts;
    const found = {
      fileName,
      jobId,
      uploadedAt,
      startedAt,
      inferFps,
      expectedFrames,
      polls,
      resultFrames: frames,
    };
    const video = { videoPath: facts.videoPath, videoUrl: facts.videoUrl };
    for (const [name, value] of Object.entries({ ...found, ...video }))
      if (value !== undefined) Object.assign(file, { [name]: value });
  }

  #startOver(): void {
    const { file } = this;
    this.#recording = undefined;
    clearRecording(this.folder);
    file.stage = "waiting";
    for (const name of ["failure", "kept", "jobId", "polls", "resultFrames", "expectedFrames"] as const)
      delete file[name];
  }

  reach(stage: Stage): void {
    const { file } = this;
    if (order.indexOf(stage) > order.indexOf(file.stage)) file.stage = stage;
    // A job that is waited for again has not failed after all.
    if (stage !== "waiting") delete file.failure;
  }

  /**
   * Takes an error, unless it is one that the clip has got past.
   *
   * @param isOfPipeline whether one of our nodes has failed: an error of others says nothing about a result that is there.
   */
  fail({ error, stamp, isOfPipeline }: Extract<Reading, { kind: "failed" }>): void {
    const { file } = this;
    if (!isOfPipeline && file.kept) return;
    if (file.failure?.error === error && file.failure.stamp !== stamp) delete file.failure;
    else file.failure = { error, stamp };
  }

  /** The recording of a source, gone on with or begun; undefined when there is a better or a newer one, or the clip is forgotten. */
  record(source: string, kind: "frames" | "events"): Recording | undefined {
    if (this.#isClosed) return undefined;
    const open = this.#recording?.summary ?? this.summary();
    if (open?.source === source) {
      this.#recording ??= Recording.resume(this.folder, source);
    } else {
      // Frames tell more than events do.
      if (open?.kind === "frames" && kind === "events") return undefined;
      const { inferFps } = this.file;
      const step = inferFps && inferFps > 0 ? 1 / inferFps : undefined;
      // What there was is gone, also where a full disk takes no new one.
      this.#recording = undefined;
      this.#recording = Recording.begin(this.folder, { source, kind, step });
      delete this.file.failure;
    }
    this.touch();
    return this.#recording;
  }

  /** Says that more of its frames is on the way. */
  touch(): void {
    this.#lastFrameAt = performance.now();
  }

  /** Whether a recording is still the one that counts. */
  isCurrent(recording: Recording): boolean {
    return this.#recording === recording;
  }

  /** It is forgotten, and its folder with it: whoever is still reading a result into it adds nothing any more. */
  close(): void {
    this.#isClosed = true;
    this.#recording = undefined;
  }

  /** Writes what is due of the recording. @throws the file system's error */
  saveIfDue(): void {
    if (this.#recording?.saveIfDue()) this.#noteKept();
  }

  /** All of the result is there. @throws the file system's error */
  complete(): void {
    const recording = this.#recording;
    if (recording) recording.summary.complete = true;
    this.file.stage = "finished";
    this.flush();
    this.#recording = undefined;
  }

  /** Writes what is in memory. @throws the file system's error */
  flush(): void {
    this.#recording?.save();
    this.#noteKept();
  }

  #noteKept(): void {
    const summary = this.#recording?.summary;
    if (summary) {
      const { detections, classes } = totalsOf(summary);
      this.file.kept = {
        frames: summary.frames,
        detections,
        classes: [...classes].slice(0, mostClasses),
        complete: summary.complete,
      };
    }
    this.save();
  }

  /** Writes the clip's own file. @throws the file system's error */
  save(): void {
    if (this.#isClosed) return;
    this.#version += 1;
    replaceFile(path.join(this.folder, clipFile), JSON.stringify(this.file));
  }

  /** Lets go of what is in memory when no more has come for a while. @throws the file system's error */
  endIfQuiet(): void {
    if (!this.#recording || !this.#isQuiet()) return;
    this.flush();
    this.#recording = undefined;
  }

  /** Frames that are kept. */
  get frames(): number {
    return this.#recording?.summary.frames ?? this.file.kept?.frames ?? 0;
  }

  get isRecording(): boolean {
    return this.#recording !== undefined;
  }

  /** What is known of its frames, as they stand on disk or in memory. */
  summary(): KeptSummary | undefined {
    return this.#recording?.summary ?? readSummaryFile(this.folder);
  }

  #isQuiet(): boolean {
    return this.#lastFrameAt === undefined || performance.now() - this.#lastFrameAt > quietMs;
  }

  /** @param isUnderWay whether a download node of this process has its result in hand */
  state(isUnderWay: boolean): { state: ClipState; loading: boolean } {
    const { stage, failure, kept } = this.file;
    if (failure) return { state: "failed", loading: false };
    if (kept?.complete) return { state: "done", loading: false };
    const loading = isUnderWay || (this.#recording !== undefined && !this.#isQuiet());
    if (loading) return { state: "running", loading };
    // A result without a frame is never heard of.
    if (stage === "finished" || kept) return { state: "done", loading };
    return { state: stage, loading };
  }

  /** As the page lists it. */
  listed(isUnderWay: boolean): ListedClip {
    const { file } = this;
    const { state, loading } = this.state(isUnderWay);
    return {
      id: file.id,
      fileName: file.fileName,
      created: file.created,
      state,
      loading,
      hasVideo: file.videoPath !== undefined || file.videoUrl !== undefined,
      hasResult: file.kept !== undefined,
      frames: file.kept?.frames ?? 0,
      detections: file.kept?.detections ?? 0,
      expectedFrames: file.expectedFrames ?? null,
      polls: file.polls ?? 0,
      error: state === "failed" ? (file.failure?.error ?? null) : null,
      version: `${state}-${loading}-${this.#version}-${file.kept?.frames ?? 0}`,
    };
  }
}
