// Imported by the dialogs and the viewer's page as well: nothing of Node.js or Node-RED here.

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

/** Where something was seen, as the API gives it: `x` and `y` are the middle, in pixels. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** A span of time in which a model saw a class. Times in seconds of playback. */
export interface DetectionEvent {
  class: string;
  model: string;
  start: number;
  /** Time of the last frame in which the class was seen. */
  end: number;
  /** `end` − `start`. */
  duration: number;
  /** Frames in which it was seen. */
  frames: number;
  /** Predictions in all of them. */
  detections: number;
  /** The most in one frame. */
  most: number;
  /** The highest; null where the model gives none. */
  confidence: number | null;
  /** The prediction of highest confidence, the first of equals. */
  best: { frame: number; time: number; confidence: number | null; box: Box | null };
}

export interface FrameFilter {
  /** 0 to 1; predictions below are left out. */
  minConfidence: number;
  /** Classes to keep; empty = all. */
  classes: string[];
}
