// Imported by the dialog as well: nothing of Node.js or Node-RED here.

/** What the dialog shows of an event; times in seconds of playback. */
export interface EventRow {
  class: string;
  start: number;
  end: number;
  most: number;
  confidence: number | null;
}

/** What the dialog shows of a frame. */
export interface FrameRow {
  frame: number;
  time: number | null;
  /** Predictions that passed the filter. */
  detections: number;
  /** Some classes, with the number of each. */
  classes: [name: string, count: number][];
}

/** The first rows of an output, and how many there were. */
export type PreviewRows = { count: number } & (
  | { kind: "events"; rows: EventRow[] }
  | { kind: "frames"; rows: FrameRow[] }
);

/** The last output of a download node, for its dialog. */
export type Preview = PreviewRows & { clip: string; at: string };
