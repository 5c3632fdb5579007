import { readdirSync } from "node:fs";
import path from "node:path";
import type { DetectionEvent } from "../../roboflow";
import { removeQuietly } from "../../runtime/folders";
import { replaceFile } from "../../runtime/replace-file";
import { type FrameLine, type Seen, type Summary, timeless } from "../data";
import type { Detection } from "./detections";
import { nameOf } from "./detections";
import { makePrivateFolder, readJson, writeAt } from "./files";
import { Tally } from "./tally";

/** Seconds of a window: as much as the page fetches at a time. */
const windowSeconds = 10;
/** Windows of a clip: a hundred hours. */
const mostWindows = 36_000;
/** The shortest bin of the timeline, in seconds. */
const shortestBin = 0.25;
/** Bytes after which what has come is written before more is taken. */
const bufferBytes = 64 * 1024;
/** Milliseconds between two times that the summary is written, while frames come in. */
const saveEveryMs = 1000;
/** Events of a clip that are kept. */
const mostEvents = 10_000;

/** What the summary's file holds besides what the page gets. */
export interface KeptSummary extends Summary {
  /** Messages of the sequence that are in it: one that comes again is passed over. */
  next: number;
  /** Whether all of the result is there. */
  complete: boolean;
  /** Bytes of the file of events that count; events have come. */
  eventBytes: number;
  events: number;
}

/** One frame as it comes in. */
export interface IncomingFrame {
  frame: number;
  /** Seconds of playback. */
  time: number | null;
  image: { width: number; height: number } | null;
  /** What each model saw, also of those that saw nothing. */
  detections: Map<string, Detection[]>;
}

const summaryFile = "summary.json";
/** Of the frames of a window, a line each. */
export const windowFile = (number: number): string => `${number}.jsonl`;
/** Of events that came as messages, a line each. */
export const eventsFile = "events.jsonl";

/**
 * Writes what was seen in one run of a clip into its folder: a file for each ten seconds, a line per frame, and the
 * summary, which says how many bytes of each file count. The summary is written last and as a whole, so that a kill leaves
 * a clip as it was a moment ago. In memory are the summary and the lines that are not written yet.
 */
export class Recording {
  readonly summary: KeptSummary;
  readonly #folder: string;
  readonly #tally: Tally;
  readonly #bytes: Map<number, number>;
  #window: number | undefined;
  #lines: string[] = [];
  #eventLines: string[] = [];
  #waitingBytes = 0;
  #savedAt = 0;
  #isSaved = true;

  private constructor(folder: string, summary: KeptSummary) {
    this.#folder = folder;
    this.summary = summary;
    this.#tally = new Tally(summary);
    this.#bytes = new Map(summary.windows);
  }

  /**
   * Begins anew: what the folder holds of an earlier run goes.
   *
   * @param begin `step` are the seconds between two frames, as far as known.
   * @throws the file system's error
   */
  static begin(
    folder: string,
    begin: Pick<Summary, "source" | "kind"> & { step: number | undefined },
  ): Recording {
    clearRecording(folder);
    makePrivateFolder(folder);
    const step = begin.step ?? 0.2;
    const recording = new Recording(folder, {
      source: begin.source,
      kind: begin.kind,
      frames: 0,
      image: null,
      models: [],
      tracks: [],
      binSeconds: Math.max(shortestBin, step),
      windowSeconds,
      step,
      windows: [],
      first: null,
      last: null,
      next: 0,
      complete: false,
      eventBytes: 0,
      events: 0,
    });
    recording.save();
    return recording;
  }

  /** Goes on where an earlier process or node has stopped, if there is something of this source. */
  static resume(folder: string, source: string): Recording | undefined {
    const summary = readSummaryFile(folder);
    return summary?.source === source ? new Recording(folder, summary) : undefined;
  }

  /**
   * Takes a frame.
   *
   * @param index of its message in the sequence; undefined where it has none.
   * @returns false for one that is there already.
   * @throws the file system's error: then nothing of the frame counts
   */
  addFrame(index: number | undefined, { frame, time, image, detections }: IncomingFrame): boolean {
    const { summary } = this;
    if (!this.#makeRoom(index, time)) return false;
    const seen: Seen[] = [];
    for (const [model, found] of detections) {
      const byTrack = new Map<number, Detection[]>();
      const number = this.#tally.model(nameOf(model));
      for (const detection of found) {
        const track = this.#tally.track(number, detection.class);
        const { confidence, box, shape } = detection;
        seen.push(shape ? [track, confidence, box, shape] : [track, confidence, box]);
        const others = byTrack.get(track);
        if (others) others.push(detection);
        else byTrack.set(track, [detection]);
      }
      for (const [track, all] of byTrack) this.#tally.count(track, time, all);
    }
    summary.frames += 1;
    summary.image ??= image;
    this.#noteTime(frame, time);
    this.#append([frame, time, seen]);
    return true;
  }

  /** Takes an event: as {@link addFrame}, with one frame for its best detection. */
  addEvent(index: number | undefined, event: DetectionEvent): boolean {
    const { summary } = this;
    const { best } = event;
    if (!this.#makeRoom(index, best.time)) return false;
    const track = this.#tally.track(this.#tally.model(event.model), event.class);
    this.#tally.countSpan(track, event);
    const box = best.box && ([best.box.x, best.box.y, best.box.width, best.box.height] as const);
    this.#noteTime(best.frame, best.time);
    summary.end = Math.max(summary.end ?? 0, event.end);
    if (best.box) {
      const { x, y, width, height } = best.box;
      summary.reach = {
        width: Math.max(summary.reach?.width ?? 0, x + width / 2),
        height: Math.max(summary.reach?.height ?? 0, y + height / 2),
      };
    }
    this.#append([best.frame, best.time, [[track, best.confidence, box && [...box]]]]);
    if (summary.events < mostEvents) this.#eventLines.push(this.#lineOf(event));
    summary.events += 1;
    return true;
  }

  /** Writes what is due. @throws the file system's error */
  saveIfDue(): boolean {
    if (this.#isSaved || performance.now() - this.#savedAt < saveEveryMs) return false;
    this.save();
    return true;
  }

  /** Writes everything. @throws the file system's error */
  save(): void {
    this.#writeLines();
    replaceFile(path.join(this.#folder, summaryFile), JSON.stringify(this.summary));
    this.#isSaved = true;
    this.#savedAt = performance.now();
  }

  /**
   * Writes what waits, where a message would be too much or belongs to another window. Before anything of the message
   * counts: else a full disk would leave frames that are counted and stand nowhere.
   *
   * @returns false for a message that is there already.
   * @throws the file system's error
   */
  #makeRoom(index: number | undefined, time: number | null): boolean {
    const { summary } = this;
    if (index !== undefined && index < summary.next) return false;
    const window = time === null ? timeless : Math.floor(time / windowSeconds);
    if (window !== this.#window || this.#waitingBytes >= bufferBytes) this.#writeLines();
    this.#window = window;
    if (index !== undefined) summary.next = index + 1;
    return true;
  }

  #noteTime(frame: number, time: number | null): void {
    const { summary } = this;
    if (time === null) return;
    if (!summary.first || time < summary.first.time) summary.first = { frame, time };
    if (!summary.last || time > summary.last.time) summary.last = { frame, time };
    const { first, last, frames, kind } = summary;
    // Measured only once there are some: two frames say little.
    if (kind === "frames" && frames > 10 && last.time > first.time)
      summary.step = (last.time - first.time) / (frames - 1);
  }

  /** Adds a line to the window that is open. */
  #append(line: FrameLine): void {
    this.#isSaved = false;
    const window = this.#window as number;
    if (!this.#bytes.has(window) && this.#bytes.size >= mostWindows) return;
    this.#lines.push(this.#lineOf(line));
  }

  #lineOf(value: FrameLine | DetectionEvent): string {
    const text = `${JSON.stringify(value)}\n`;
    this.#waitingBytes += text.length;
    return text;
  }

  #writeLines(): void {
    this.#writeFrames();
    this.#writeEvents();
    this.#waitingBytes = 0;
  }

  #writeFrames(): void {
    if (this.#lines.length === 0 || this.#window === undefined) return;
    const end = this.#write(windowFile(this.#window), this.#bytes.get(this.#window) ?? 0, this.#lines);
    this.#lines = [];
    this.#bytes.set(this.#window, end);
    this.summary.windows = [...this.#bytes].sort(([one], [other]) => one - other);
  }

  #writeEvents(): void {
    if (this.#eventLines.length === 0) return;
    this.summary.eventBytes = this.#write(eventsFile, this.summary.eventBytes, this.#eventLines);
    this.#eventLines = [];
  }

  /** @returns where in the file the lines end. */
  #write(name: string, position: number, lines: string[]): number {
    const bytes = Buffer.from(lines.join(""));
    writeAt(path.join(this.#folder, name), position, bytes);
    return position + bytes.length;
  }
}

/** What an earlier run has left in a clip's folder; undefined where there is nothing, or nothing that can be read. */
export function readSummaryFile(folder: string): KeptSummary | undefined {
  const summary = readJson<KeptSummary>(path.join(folder, summaryFile));
  return summary && Array.isArray(summary.windows) && Array.isArray(summary.tracks) ? summary : undefined;
}

/** Removes all that was seen from a clip's folder. The summary goes first: without it, nothing of the rest counts. */
export function clearRecording(folder: string): void {
  removeQuietly(path.join(folder, summaryFile));
  let names: string[] = [];
  try {
    names = readdirSync(folder);
  } catch {
    return;
  }
  for (const name of names)
    if (/^(?:-?\d+\.jsonl|events\.jsonl?|summary\.json\.tmp)$/.test(name))
      removeQuietly(path.join(folder, name));
}
