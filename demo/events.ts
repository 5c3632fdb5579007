import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** What is known about a clip, as the nodes pass it on in `msg.roboflow`. */
export interface Clip {
  id: string;
  fileName?: string;
  fileSize?: number;
  jobId?: string;
  inferFps?: number;
  polls?: number;
  frames?: number;
  detections?: number;
  classes?: Record<string, number>;
}

/** One of our nodes has sent a message: which node, or `running` for the second output of the poll node. */
export interface StepEvent {
  kind: "upload" | "start" | "running" | "poll";
  at: number;
  clip: string;
  roboflow: Clip;
  /** Download nodes that it was sent to. */
  downloads: number;
}

/** What a download node with output `events` sends. */
export interface DetectionEvent {
  class: string;
  start: number;
  end: number;
  most: number;
  best: { time: number };
}

/** What `observer.js` writes down. `at`: milliseconds since 1970. */
export type DemoEvent =
  | StepEvent
  | { kind: "taken"; at: number; from: string }
  | { kind: "done"; clip: string; roboflow: Clip }
  | { kind: "frame"; clip: string }
  | { kind: "event"; clip: string; event: DetectionEvent }
  | { kind: "failed"; clip?: string; step: string; code?: string; message: string };

/** Reads the events of a file as they are appended. */
export class EventFile {
  #offset = 0;
  #rest = "";

  constructor(readonly file: string) {}

  /** What has come since the last call. */
  read(): DemoEvent[] {
    const lines = (this.#rest + this.#appended()).split("\n");
    this.#rest = lines.pop() ?? "";
    return lines.map((line) => JSON.parse(line) as DemoEvent);
  }

  #appended(): string {
    let handle: number;
    try {
      handle = openSync(this.file, "r");
    } catch {
      return "";
    }
    try {
      const bytes = Buffer.alloc(fstatSync(handle).size - this.#offset);
      this.#offset += readSync(handle, bytes, 0, bytes.length, this.#offset);
      return bytes.toString("utf8");
    } finally {
      closeSync(handle);
    }
  }
}
