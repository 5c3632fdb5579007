/** Counts over a whole result. */
export interface ResultSummary {
  frames: number;
  /** All predictions of all models. */
  detections: number;
  /** Predictions by class. */
  classes: Record<string, number>;
  /** Frames for which no model gave an answer. */
  nullFrames: number;
}

/** A prediction of one model, with the fields of its task (docs/api.md, "The result file"). */
export type Prediction = { model: string } & Record<string, unknown>;

/** One inferred frame: what a download node emits as `msg.payload`. */
export interface Frame {
  /** Frame number in the video, from 0. */
  frame: number;
  /** Seconds of playback; null where the result holds no number. */
  time: number | null;
  image: { width: number; height: number } | null;
  predictions: Prediction[];
  classes: Record<string, number>;
  /** The entry as it came, by model. */
  results: Record<string, unknown>;
}

export interface FrameFilter {
  /** 0 to 1; predictions below are left out. */
  minConfidence: number;
  /** Classes to keep; empty = all. */
  classes: string[];
}
