import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import path from "node:path";
import type { NodeMessage } from "node-red";
import { EventLoopYield } from "../../event-loop";
import { removeQuietly } from "../../runtime/folders";
import type { ListedClip } from "../data";
import { makePrivateFolder } from "./files";
import { type ClipFacts, clipId, type Part, type Reading, readMessage } from "./reading";
import { type ResultSource, recordResult } from "./results";
import { StoredClip } from "./stored-clip";

/** Milliseconds between two looks for clips of which no more has come. */
const quietCheckMs = 2000;
/** Clips that were removed and whose last messages may still come. */
const mostGone = 1000;

export interface ViewerClipsOptions {
  /** The folder that is this store's alone. */
  folder: string;
  /** Clips that are kept. */
  keep: number;
  /** Where results are put that come as one value. */
  spool: string;
  /** Whether a download node of this process has the result of a clip in hand. */
  isUnderWay(id: string): boolean;
  /** Called when no more of a clip has come for a while. */
  ended?(): void;
}

/**
 * The clips of one viewer, each in a folder of its own, the oldest forgotten when there are too many. Everything is
 * written by this class and at once, a little at a time; what is read from disk at the start is what a kill has left whole.
 */
export class ViewerClips {
  readonly #options: ViewerClipsOptions;
  readonly #clips = new Map<string, StoredClip>();
  /** What was removed, by id, with the run that it was of. */
  readonly #gone = new Map<string, Pick<ClipFacts, "uploadedAt" | "jobId">>();
  readonly #stop = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #created = 0;

  /** @throws the file system's error */
  constructor(options: ViewerClipsOptions) {
    this.#options = options;
    makePrivateFolder(options.folder);
    this.#read();
    this.#timer = setInterval(() => this.#endQuietRecordings(), quietCheckMs);
    this.#timer.unref();
  }

  /** Clips, newest first. */
  list(): ListedClip[] {
    return this.all().map((clip) => clip.listed(this.#options.isUnderWay(clip.file.id)));
  }

  /** Clips with all that is known of them, newest first. */
  all(): StoredClip[] {
    return [...this.#clips.values()].sort((one, other) => inOrder(other.file.created, one.file.created));
  }

  get(id: string): StoredClip | undefined {
    return this.#clips.get(clipId(id));
  }

  get size(): number {
    return this.#clips.size;
  }

  state(clip: StoredClip) {
    return clip.state(this.#options.isUnderWay(clip.file.id));
  }

  /** Deletes what is kept of a clip, never the clip itself. */
  remove(id: string): boolean {
    const clip = this.get(id);
    if (!clip) return false;
    this.#forget(clip);
    return true;
  }

  /**
   * Takes a message.
   *
   * @returns how many frames its clip has and whether more are expected; undefined for a message that speaks of no clip.
   * @throws VideoError RESULT, INPUT; the file system's error
   */
  async take(msg: NodeMessage): Promise<{ frames: number; isLoading: boolean } | undefined> {
    const found = readMessage(msg);
    if (!found) return undefined;
    const { clip: facts, reading } = found;
    const clip = this.#clipOf(facts);
    if (!clip || clip.isEarlier(facts)) return { frames: 0, isLoading: false };
    await this.#apply(clip, facts, reading);
    return { frames: clip.frames, isLoading: clip.isRecording };
  }

  /**
   * Notes that a message could not be taken, so that its clip waits for nothing more. Never fails.
   *
   * @param error in words.
   */
  fail(msg: NodeMessage, error: string): void {
    try {
      const clip = this.#clips.get(readMessage(msg)?.clip.id ?? "");
      clip?.fail({ kind: "failed", error, stamp: "viewer", isOfPipeline: true });
      clip?.save();
    } catch {
      // A full disk: then it is known until Node-RED ends. Or a message that shows nothing.
    }
  }

  /** Writes what is in memory; nothing is taken any more. */
  close(): void {
    this.#stop.abort();
    clearInterval(this.#timer);
    for (const clip of this.#clips.values()) {
      try {
        if (clip.isRecording) clip.flush();
      } catch {
        // The disk refuses: the clip stays as it was written last.
      }
    }
  }

  async #apply(clip: StoredClip, facts: ClipFacts, reading: Reading): Promise<void> {
    switch (reading.kind) {
      case "stage":
        clip.note(facts);
        clip.reach(reading.stage);
        return clip.save();
      case "failed":
        clip.note(facts);
        clip.fail(reading);
        return clip.save();
      case "frame":
      case "event":
        return this.#addPart(clip, facts, reading);
      case "summary":
        return this.#addSummary(clip, facts, reading.events);
      case "results":
        return this.#addResult(clip, facts, { value: reading.value });
      case "file":
        return this.#addResult(clip, facts, { file: reading.file });
    }
  }

  #addPart(clip: StoredClip, facts: ClipFacts, reading: Extract<Reading, { part: Part }>): void {
    const { sequence, index, isLast } = reading.part;
    // Not with each frame: only the first of a run says something new.
    if (!clip.isRecording || facts.jobId !== clip.file.jobId) clip.note(facts);
    const recording = clip.record(
      sourceOf(reading.kind, facts, sequence),
      reading.kind === "frame" ? "frames" : "events",
    );
    if (!recording) return;
    if (reading.kind === "frame") recording.addFrame(index, reading.frame);
    else recording.addEvent(index, reading.event);
    if (isLast) clip.complete();
    else clip.saveIfDue();
  }

  async #addSummary(
    clip: StoredClip,
    facts: ClipFacts,
    events: Extract<Reading, { kind: "summary" }>["events"],
  ): Promise<void> {
    clip.note(facts);
    const recording = clip.record(sourceOf("summary", facts, ""), "events");
    if (!recording) return;
    const loop = new EventLoopYield();
    for (const [index, event] of events.entries()) {
      await loop.yieldIfDue();
      if (!clip.isCurrent(recording)) return;
      recording.addEvent(index, event);
      clip.touch();
    }
    clip.complete();
  }

  async #addResult(clip: StoredClip, facts: ClipFacts, source: ResultSource): Promise<void> {
    clip.note(facts);
    clip.save();
    await recordResult(clip, { source, facts, spool: this.#options.spool, signal: this.#stop.signal });
  }

  /** The clip that a message speaks of; made when it is new, undefined when it was removed. */
  #clipOf(facts: ClipFacts): StoredClip | undefined {
    const known = this.#clips.get(facts.id);
    if (known) return known;
    const gone = this.#gone.get(facts.id);
    const isNewRun =
      gone &&
      ((facts.uploadedAt !== undefined && facts.uploadedAt !== gone.uploadedAt) ||
        (facts.jobId !== undefined && gone.jobId !== undefined && facts.jobId !== gone.jobId));
    if (gone && !isNewRun) return undefined;
    this.#gone.delete(facts.id);
    const folder = path.join(this.#options.folder, folderName(facts.id));
    removeQuietly(folder);
    makePrivateFolder(folder);
    const clip = new StoredClip(folder, {
      id: facts.id,
      fileName: facts.fileName ?? facts.givenName ?? facts.id,
      created: this.#now(),
      stage: "waiting",
    });
    try {
      clip.save();
    } catch (error) {
      // A full disk: of a clip that nobody knows of, nothing stays.
      removeQuietly(folder);
      throw error;
    }
    this.#clips.set(facts.id, clip);
    this.#forgetOldest();
    return clip;
  }

  /** Later than any clip that is there, also where the clock has been set back. */
  #now(): string {
    this.#created = Math.max(Date.now(), this.#created + 1);
    return new Date(this.#created).toISOString();
  }

  #forgetOldest(): void {
    if (this.#clips.size <= this.#options.keep) return;
    for (const clip of this.all().slice(this.#options.keep)) this.#forget(clip);
  }

  #forget(clip: StoredClip): void {
    const { id, uploadedAt, jobId } = clip.file;
    this.#clips.delete(id);
    this.#gone.set(id, { uploadedAt, jobId });
    for (const oldest of this.#gone.keys()) {
      if (this.#gone.size <= mostGone) break;
      this.#gone.delete(oldest);
    }
    clip.close();
    removeQuietly(clip.folder);
  }

  #endQuietRecordings(): void {
    for (const clip of this.#clips.values()) {
      try {
        if (!clip.isRecording) continue;
        clip.saveIfDue();
        clip.endIfQuiet();
        if (!clip.isRecording) this.#options.ended?.();
      } catch {
        // A full disk: said with the next message.
      }
    }
  }

  #read(): void {
    const { folder } = this.#options;
    for (const name of readdirSync(folder)) {
      const clip = StoredClip.read(path.join(folder, name));
      // What a kill has left of a clip that was begun or being deleted; or something else of this folder's name.
      if (clip && folderName(clip.file.id) === name) this.#clips.set(clip.file.id, clip);
      else removeQuietly(path.join(folder, name));
    }
    for (const { file } of this.#clips.values())
      this.#created = Math.max(this.#created, Date.parse(file.created) || 0);
    this.#forgetOldest();
  }
}

/** An id may be anything, and some disks tell no `A` from an `a`. */
const folderName = (id: string) => createHash("sha256").update(id).digest("hex").slice(0, 40);

const sourceOf = (kind: string, { jobId, startedAt }: ClipFacts, sequence: string) =>
  JSON.stringify([kind, jobId ?? "", startedAt ?? "", sequence]);

const inOrder = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0);
