import path from "node:path";
import type { Clip, DemoEvent, StepEvent } from "./events";
import { type SeenFrame, sightings } from "./sightings";

/** How a clip ended. */
export type Ending = { clip: Clip } | { failure: string };

interface Story {
  since: number;
  frames: SeenFrame[];
}

/** Tells what happens to each clip, one line a step. */
export class Narrator {
  readonly #stories = new Map<string, Story>();
  #taken = Date.now();

  constructor(readonly say: (line: string) => void) {}

  /** @returns how a clip ended, when this event is its end. */
  tell(event: DemoEvent): Ending | undefined {
    switch (event.kind) {
      case "taken":
        this.#taken = event.at;
        this.say(`\n${path.basename(event.from)}`);
        return undefined;
      case "frame":
        this.#story(event.clip).frames.push(event);
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
    const { since } = this.#story(clip);
    const after = `after ${seconds(at - since)}`;
    if (kind === "upload")
      this.#step("uploaded", roboflow.fileSize ? `${kilobytes(roboflow.fileSize)}, ${after}` : "not needed");
    else if (kind === "start")
      this.#step("job started", `${roboflow.jobId}, ${roboflow.inferFps} frames a second`);
    else if (kind === "running") this.#step("still running", after);
    else this.#step("job finished", `${after}, asked ${times(roboflow.polls ?? 0)}`);
  }

  #summary({ id, frames = 0, detections = 0, classes = {} }: Clip): void {
    const story = this.#story(id);
    this.#stories.delete(id);
    const counts = Object.entries(classes).map(([name, count]) => `${count} × ${name}`);
    this.#step("downloaded", `${frames} frames, ${detections} detections`);
    for (const { className, from, to, most } of sightings(story.frames)) {
      const upTo = most > 1 ? `, up to ${most} at once` : "";
      this.#step("seen", `${className.padEnd(10)} ${clock(from)} – ${clock(to)}${upTo}`);
    }
    this.#step("in all", counts.join(", ") || "nothing seen");
  }

  #story(clip: string): Story {
    const story = this.#stories.get(clip) ?? { since: this.#taken, frames: [] };
    this.#stories.set(clip, story);
    return story;
  }

  #step(name: string, what: string): void {
    this.say(`  ${name.padEnd(14)} ${what}`);
  }
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
const kilobytes = (bytes: number) =>
  bytes < 1e6 ? `${Math.ceil(bytes / 1000)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
const times = (count: number) => (count === 1 ? "once" : `${count} times`);

/** Seconds of playback as `0:07.4`. */
function clock(time: number): string {
  const tenths = Math.round(time * 10);
  const [minutes, rest] = [Math.floor(tenths / 600), tenths % 600];
  return `${minutes}:${(rest / 10).toFixed(1).padStart(4, "0")}`;
}
