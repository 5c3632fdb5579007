import path from "node:path";
import type { Clip, DemoEvent, DetectionEvent, StepEvent } from "./events";

/** How a clip ended. */
export type Ending = { clip: Clip } | { failure: string };

interface ClipProgress {
  /** When the upload node took it, milliseconds since 1970. */
  since: number;
  /** Messages with a frame. */
  frames: number;
  events: DetectionEvent[];
  /** Download nodes that are still to be done with it. */
  downloads: number;
}

/** Events that are printed. */
const mostEvents = 10;

/** Prints what happens to each clip, one line a step. */
export class ProgressLog {
  readonly #clips = new Map<string, ClipProgress>();
  #taken = Date.now();

  constructor(readonly print: (line: string) => void) {}

  /** @returns how a clip ended, when this event is its end. */
  log(event: DemoEvent): Ending | undefined {
    switch (event.kind) {
      case "taken":
        this.#taken = event.at;
        this.print(`\n${path.basename(event.from)}`);
        return undefined;
      case "frame":
        this.#clip(event.clip).frames += 1;
        return undefined;
      case "event":
        this.#clip(event.clip).events.push(event.event);
        return undefined;
      case "failed":
        this.#step("failed", `${event.message}${event.code ? ` [${event.code}]` : ""}`);
        return { failure: event.message };
      case "done": {
        const progress = this.#clip(event.clip);
        progress.downloads -= 1;
        if (progress.downloads > 0) return undefined;
        this.#clips.delete(event.clip);
        this.#summary(event.roboflow, progress);
        return { clip: event.roboflow };
      }
      default:
        this.#progress(event);
        return undefined;
    }
  }

  #progress({ kind, clip, roboflow, at, downloads }: StepEvent): void {
    const progress = this.#clip(clip);
    const { since } = progress;
    if (kind === "poll") progress.downloads = downloads;
    const after = `after ${seconds(at - since)}`;
    if (kind === "upload")
      this.#step("uploaded", roboflow.fileSize ? `${kilobytes(roboflow.fileSize)}, ${after}` : "not needed");
    else if (kind === "start") this.#step("job started", `${roboflow.jobId}, ${roboflow.inferFps} FPS`);
    else if (kind === "running") this.#step("still running", after);
    else this.#step("job finished", `${after}, ${polls(roboflow.polls ?? 0)}`);
  }

  #summary({ frames = 0, detections = 0, classes = {} }: Clip, progress: ClipProgress): void {
    const each = progress.frames > 0 ? ", one message per frame" : "";
    this.#step("downloaded", `${frames} frames, ${detections} detections${each}`);
    for (const { class: name, start, end, most, best } of progress.events.slice(0, mostEvents)) {
      const span = `${name} ${clock(start)}–${clock(end)}`;
      this.#step("event", `${span}, at most ${most} at once, highest confidence at ${clock(best.time)}`);
    }
    const more = progress.events.length - mostEvents;
    if (more > 0) this.#step("", `and ${more} more events`);
    const counts = Object.entries(classes).map(([name, count]) => `${count} × ${name}`);
    this.#step("total", counts.join(", ") || "no detections");
  }

  #clip(clip: string): ClipProgress {
    const progress = this.#clips.get(clip) ?? { since: this.#taken, frames: 0, events: [], downloads: 1 };
    this.#clips.set(clip, progress);
    return progress;
  }

  #step(name: string, what: string): void {
    this.print(`  ${name.padEnd(14)} ${what}`);
  }
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
const kilobytes = (bytes: number) =>
  bytes < 1e6 ? `${Math.ceil(bytes / 1000)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
const polls = (count: number) => (count === 1 ? "1 poll" : `${count} polls`);

/** Seconds of playback as a player shows them: `0:07`. */
function clock(time: number): string {
  const whole = Math.floor(time);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
