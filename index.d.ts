/**
 * Types of what the nodes of this package put into messages, for function nodes written in TypeScript and for packages
 * that work with these messages. There is nothing to call: import them with `import type`.
 */

/** What `msg.roboflow` gathers along the way. Times are ISO 8601 texts. Each node adds its own; all of it survives JSON. */
export interface RoboflowClip {
  /** One per clip. */
  id: string;
  /** The clip's own name. */
  fileName?: string;
  /** The name that it was uploaded under. */
  uploadName?: string;
  /** Absolute path of the file that was uploaded, where it is on this machine. */
  videoPath?: string;
  /** Bytes. */
  fileSize?: number;
  /** What the file is, as far as it could be read. */
  video?: VideoFacts;
  /** The URL given to the job. A signed URL: whoever has it can use it until it expires. */
  inputUrl?: string;
  uploadedAt?: string;
  /** Until when the URL can be uploaded to. */
  expiresAt?: string;
  jobId?: string;
  /** Frames sampled for inference per second. */
  inferFps?: number;
  /** The models of the job, in the API's own form: {@link ApiModel}. */
  models?: unknown[];
  startedAt?: string;
  /** Frames that the result should have: duration × rate, rounded up. */
  expectedFrames?: number;
  /** Roboflow's last status: 0 finished, 1 running, above 1 failed. */
  status?: number;
  /** Number of status checks. */
  polls?: number;
  finishedAt?: string;
  /** The result. A signed URL, like `inputUrl`. */
  outputUrl?: string;
  /** Frames in the whole result. */
  frames?: number;
  /** Detections of all models in the whole result. */
  detections?: number;
  /** Detections in the whole result, by class. */
  classes?: Record<string, number>;
  /** Frames for which no model gave an answer. */
  nullFrames?: number;
  /** The result was written to a file although it is damaged. */
  damaged?: true;
  [further: string]: unknown;
}

/** What is known of a video file; what could not be read is left out. */
export interface VideoFacts {
  container?: string;
  codec?: string;
  /** Pixels. */
  width?: number;
  /** Pixels. */
  height?: number;
  /** Seconds from the first frame to the end. */
  duration?: number;
  /** Frames per second. */
  fps?: number;
}

/** One model of a job, as the API takes it and as `msg.models` gives it to a start node without models of its own. */
export interface ApiModel {
  model_id: string;
  model_version: string;
  inference_type: string;
  inference_params?: Record<string, unknown>;
}

/** Position of a message in its sequence, as core's split and join nodes use it. */
export interface Parts {
  id: string;
  type: "array";
  index: number;
  /** Number of messages; with `skipEmpty` on, only the last message has it. */
  count?: number;
  len: 1;
  /** Of the sequence that the message itself was part of. */
  parts?: unknown;
}

/** A position in a frame, in pixels; `x` and `y` are the centre. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** One detection. Which properties it has depends on the model's inference type. */
export interface Prediction {
  /** The project that detected it: `model_id` of one of the job's models. */
  model: string;
  class?: string;
  class_id?: number;
  /** 0 to 1. */
  confidence?: number;
  /** Centre, in pixels. */
  x?: number;
  y?: number;
  width?: number;
  height?: number;
  detection_id?: string;
  /** Instance segmentation: the outline, in pixels. */
  points?: { x: number; y: number }[];
  /** Keypoint detection. */
  keypoints?: { x: number; y: number; confidence?: number; class_id?: number; class?: string }[];
  [further: string]: unknown;
}

/** `msg.payload` of a download node with output `frames`, and a line of a JSON Lines file. */
export interface Frame {
  /** Number of the frame in the video, from 0. */
  frame: number;
  /** Seconds of playback; null where the result has none. */
  time: number | null;
  /** Pixels; null where no model gives them. */
  image: { width: number; height: number } | null;
  /** Detections of all models that pass the filters. */
  predictions: Prediction[];
  /** Number of `predictions` by class. */
  classes: Record<string, number>;
  /** The result's entry for this frame as it is, or null, by model. */
  results: Record<string, unknown>;
}

/** `msg.payload` of a download node with output `events`: a time span in which a model detected a class. */
export interface DetectionEvent {
  class: string;
  model: string;
  /** Seconds of playback. */
  start: number;
  /** Seconds of playback: the last frame in which the class was detected. */
  end: number;
  /** Seconds: `end` − `start`. */
  duration: number;
  /** Frames in which it was detected. */
  frames: number;
  /** Detections in all of them. */
  detections: number;
  /** Highest number in one frame. */
  most: number;
  /** Highest confidence; null where the model gives none. */
  confidence: number | null;
  /** The detection of highest confidence. */
  best: { frame: number; time: number; confidence: number | null; box: Box | null };
}

/** What was detected of one class, by all models together. */
export interface ClassSummary {
  /** Frames in which it was detected. */
  frames: number;
  detections: number;
  /** Highest number in one frame. */
  most: number;
  /** Seconds of playback; null where frames have no time. */
  first: number | null;
  last: number | null;
  confidence: number | null;
  /** Sum of the durations of its events. */
  seconds: number;
  /** Number of its events. */
  events: number;
}

/** `msg.payload` of a download node with output `summary`. */
export interface ClipSummary {
  /** Frames in the whole result, whatever the filters. */
  frames: number;
  /** Seconds from the first frame to the last. */
  duration: number;
  detections: number;
  classes: Record<string, ClassSummary>;
  events: DetectionEvent[];
}

/** `msg.payload` of a poll node: the status answer as the API gave it. */
export interface StatusAnswer {
  status?: unknown;
  output_signed_url?: unknown;
  [further: string]: unknown;
}

/** What a Catch node finds in `msg.error.code`; docs/errors.md says what each means and what to do. */
export type ErrorCode =
  | "CONFIG"
  | "INPUT"
  | "LIMIT"
  | "AUTH"
  | "PLAN"
  | "NOT_FOUND"
  | "RATE_LIMIT"
  | "REJECTED"
  | "SERVER"
  | "NETWORK"
  | "TIMEOUT"
  | "START_UNCERTAIN"
  | "JOB_FAILED"
  | "JOB_TIMEOUT"
  | "RESULT"
  | "RESULT_TOO_LARGE"
  | "STORAGE"
  | "ABORTED";

/** A message that has been through one of the nodes; what it brought with it is still there. */
export interface RoboflowMessage<Payload = unknown> {
  _msgid?: string;
  topic?: unknown;
  payload: Payload;
  roboflow: RoboflowClip;
  [property: string]: unknown;
}

/** Out of an upload node: the input URL. */
export type UploadedMessage = RoboflowMessage<string>;
/** Out of a start node: the job ID. */
export type StartedMessage = RoboflowMessage<string>;
/** Out of either output of a poll node. */
export type StatusMessage = RoboflowMessage<StatusAnswer>;
/** Out of a download node with output `results`: the result as downloaded. */
export type ResultsMessage = RoboflowMessage<Record<string, unknown>>;
/** Out of a download node with output `frames`. */
export type FrameMessage = RoboflowMessage<Frame> & { parts: Parts };
/** Out of a download node with output `events`. */
export type EventMessage = RoboflowMessage<DetectionEvent> & { parts: Parts };
/** Out of a download node with output `summary`. */
export type SummaryMessage = RoboflowMessage<ClipSummary>;
/** Out of a download node with output `file`: the path, twice. */
export type FileMessage = RoboflowMessage<string> & { filename: string };

/** Out of a Catch node, when one of the nodes failed. */
export type FailedMessage = RoboflowMessage & {
  error: {
    message: string;
    code: ErrorCode;
    cause?: { code?: string; message: string };
    source: { id: string; type: string; name?: string; count: number };
  };
  /** HTTP status, when a server answered. */
  statusCode?: number;
};
