// Imported by the page as well: nothing of Node.js or of the browser here.
// What the viewer's server keeps and its page reads.

/** x and y of the middle, width and height; pixels of the image, as the API gives them. */
export type Box = [x: number, y: number, width: number, height: number];

export interface Keypoint {
  x: number;
  y: number;
  confidence: number | null;
  name: string;
}

/** What is drawn of a detection besides its box, in pixels of the image. */
export interface Shape {
  /** Corners of an outline. */
  points?: [x: number, y: number][];
  keypoints?: Keypoint[];
  /** Where a face looks: yaw and pitch in radians. */
  gaze?: [yaw: number, pitch: number];
}

/** One detection in a frame. A list, since there may be hundreds of thousands in a clip. */
export type Seen = [track: number, confidence: number | null, box: Box | null, shape?: Shape];

/** One frame, a line of a window's file. Without a time there is no place for it in the clip. */
export type FrameLine = [frame: number, time: number | null, seen: Seen[]];

/**
 * A stretch of the timeline in which a class was detected: the time of the first frame, then for the most detections in
 * one frame a number each. The n-th is the highest confidence, in whole percent, at which n were in one frame together:
 * as many numbers as reach a threshold, so many were there.
 */
export type Bin = [time: number, ...percents: number[]];

/** A row of the timeline: a class of a model. */
export interface Track {
  /** Position in `models`. */
  model: number;
  /** Null where the model names none, as gaze detection. */
  class: string | null;
  /** Detections by whole percent of confidence, 0 to 100. */
  counts: number[];
  bins: Bin[];
}

/** The number of the window in which frames without a time are kept. */
export const timeless = -1;

/** What is known of a clip besides its frames. */
export interface Summary {
  /** Where it comes from: that of another run of the clip differs. */
  source: string;
  /** `events` when only events have come: there is one frame for each, that of its best detection. */
  kind: "frames" | "events";
  /** Frames taken. */
  frames: number;
  image: { width: number; height: number } | null;
  models: string[];
  tracks: Track[];
  /** Seconds of a bin of the timeline. */
  binSeconds: number;
  /** Seconds of a window. */
  windowSeconds: number;
  /** Seconds between two frames, as far as they say. */
  step: number;
  /** Which windows there are, and how many bytes of each count. */
  windows: [number: number, bytes: number][];
  first: { frame: number; time: number } | null;
  last: { frame: number; time: number } | null;
  /** Of events: when the last one ends, in seconds. */
  end?: number;
  /** Of events, which do not tell the size of the image: how far the boxes reach from its upper left corner, in pixels. */
  reach?: { width: number; height: number };
}

/** A clip in the list of the page. */
export interface ListedClip {
  id: string;
  fileName: string;
  /** When the viewer first heard of it, ISO 8601. */
  created: string;
  state: ClipState;
  /** Whether frames are on their way. */
  loading: boolean;
  hasVideo: boolean;
  /** Whether something of its result has come: frames, or events. */
  hasResult: boolean;
  frames: number;
  detections: number;
  /** Frames that the job is to have, where that is known. */
  expectedFrames: number | null;
  polls: number;
  error: string | null;
  /** Changes with everything that the page shows of a clip. */
  version: string;
}

export type ClipState = "waiting" | "running" | "done" | "failed";

/**
 * A confidence in whole percent, rounded down; one that a model does not give counts as sure. The margin keeps 0.29 from
 * being 28 %, which is what its product with 100 is.
 */
export const percentOf = (confidence: number | null): number =>
  confidence === null ? 100 : Math.min(100, Math.max(0, Math.floor(confidence * 100 + 1e-9)));

/** The bin of the timeline that a time is in. The margin keeps 0.4999 s from the bin before 0.5 s. */
export const binOf = (time: number, binSeconds: number): number => Math.floor((time + 0.001) / binSeconds);
