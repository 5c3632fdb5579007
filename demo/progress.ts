import path from "node:path";
import { classEvents, type FrameCounts } from "./class-events";
import type { Clip, DemoEvent, StepEvent } from "./events";

/** How a clip ended. */
export type Ending = { clip: Clip } | { failure: string };

interface ClipProgress {
  /** When the upload node took it, milliseconds since 1970. */
  since: number;
  frames: FrameCounts[];
}

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
        this.#clip(event.clip).frames.push(event);
        return undefined;
      case "failed":
        this.#step("failed", `${event.message}${event.code ? ` [${event.code}]` : ""}`);
        return { failure: event.message };
      case "done":
        this.#summary(event.roboflow);
        return { clip: event.roboflow };
      default:
        this.#progress(event);
        return undefined;
    }
  }

  #progress({ kind, clip, roboflow, at }: StepEvent): void {
    const { since } = this.#clip(clip);
    const after = `after ${seconds(at - since)}`;
    if (kind === "upload")
      this.#step("uploaded", roboflow.fileSize ? `${kilobytes(roboflow.fileSize)}, ${after}` : "not needed");
    else if (kind === "start") this.#step("job started", `${roboflow.jobId}, ${roboflow.inferFps} FPS`);
    else if (kind === "running") this.#step("still running", after);
    else this.#step("job finished", `${after}, ${polls(roboflow.polls ?? 0)}`);
  }

  #summary({ id, frames = 0, detections = 0, classes = {} }: Clip): void {
    const progress = this.#clip(id);
    this.#clips.delete(id);
    const counts = Object.entries(classes).map(([name, count]) => `${count} × ${name}`);
    this.#step("downloaded", `${frames} frames, ${detections} detections`);
    for (const { className, start, end, most } of classEvents(progress.frames)) {
      const upTo = most > 1 ? `, up to ${most} at once` : "";
      this.#step("event", `${className.padEnd(10)} ${clock(start)} – ${clock(end)}${upTo}`);
    }
    this.#step("total", counts.join(", ") || "no detections");
  }

  #clip(clip: string): ClipProgress {
    const progress = this.#clips.get(clip) ?? { since: this.#taken, frames: [] };
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

/** Seconds of playback as `0:07.4`. */
function clock(time: number): string {
  const tenths = Math.round(time * 10);
  const [minutes, rest] = [Math.floor(tenths / 600), tenths % 600];
  return `${minutes}:${(rest / 10).toFixed(1).padStart(4, "0")}`;
}
