import path from "node:path";
import type { NodeMessage } from "node-red";
import type { DetectionEvent } from "../../roboflow";
import {
  canBePath,
  type Fields,
  isHttpUrl,
  isObject,
  projectSlugs,
  shorten,
  withoutSecrets,
} from "../../roboflow";
import { detectionsInFrame, nameOf } from "./detections";
import type { IncomingFrame } from "./recording";

/** What a message says of its clip, whatever it holds besides. */
export interface ClipFacts {
  id: string;
  fileName?: string | undefined;
  /** What its path or URL ends in, of a clip that failed before a node had named it. */
  givenName?: string | undefined;
  jobId?: string | undefined;
  uploadedAt?: string | undefined;
  startedAt?: string | undefined;
  /** Frames per second that the job looks at. */
  inferFps?: number | undefined;
  expectedFrames?: number | undefined;
  polls?: number | undefined;
  /** Of the whole result. */
  frames?: number | undefined;
  /** Absolute path of the clip, as the message says. */
  videoPath?: string | undefined;
  /** Where the clip is for everybody to see. */
  videoUrl?: string | undefined;
  /** Names of the models' columns in the result. */
  models: string[];
}

/** What a message brings. */
export type Reading =
  | { kind: "stage"; stage: "waiting" | "running" | "finished" }
  | { kind: "failed"; error: string; stamp: string; isOfPipeline: boolean }
  | { kind: "frame"; frame: IncomingFrame; part: Part }
  | { kind: "event"; event: DetectionEvent; part: Part }
  | { kind: "summary"; events: DetectionEvent[] }
  | { kind: "results"; value: Fields }
  | { kind: "file"; file: string };

/** Its place in a sequence. */
export interface Part {
  sequence: string;
  index: number | undefined;
  isLast: boolean;
}

const number = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isFinite(value) ? value : undefined;

/** Characters of a name and an error. */
const [longestName, longestError] = [200, 1000];
/** Seconds of a clip: what is said to be later has no place in it. */
const longestClip = 360_000;
/** Events in one summary that are kept. */
const mostEvents = 10_000;

/** Of an id, as it is kept and asked for: cut where it is longer than any of ours. */
export const clipId = (id: string): string => shorten(id, 500);

const text = (value: unknown, longest = longestName): string | undefined =>
  typeof value === "string" && value !== "" ? shorten(value, longest) : undefined;

/**
 * Reads a message of any node of the pipeline.
 *
 * @returns undefined for one that speaks of no clip.
 */
export function readMessage(msg: NodeMessage): { clip: ClipFacts; reading: Reading } | undefined {
  const fields = msg as unknown as Fields;
  const clip = factsOf(fields);
  const data = dataOf(fields);
  if (!clip) return undefined;
  // A message that was caught behind the download node carries a frame as well: that frame counts.
  if (data) return { clip, reading: data };
  return { clip, reading: failureOf(fields) ?? stageOf(fields) };
}

function factsOf({ roboflow, filename, parts, _msgid, payload, error }: Fields): ClipFacts | undefined {
  const named = typeof filename === "string" ? text(lastPart(filename)) : undefined;
  const givenName = isObject(error) ? nameIn(payload) : undefined;
  if (!isObject(roboflow)) {
    const isResult =
      isObject(payload) && (isFrame(payload) || isEvent(payload) || isResults(payload) || isSummary(payload));
    const isFailure = isOfPipeline(error);
    // Frames of one result belong together, whoever has made them.
    const own = isObject(parts) ? text(parts.id, 500) : undefined;
    const id = own ?? text(_msgid, 500);
    return (isResult || isFailure) && id ? { id, fileName: named, givenName, models: [] } : undefined;
  }
  if (typeof roboflow.id !== "string" || roboflow.id === "") return undefined;
  const id = clipId(roboflow.id);
  const { inputUrl, videoPath, uploadName } = roboflow;
  const isUploaded = typeof uploadName === "string" || typeof videoPath === "string";
  return {
    id,
    fileName: text(roboflow.fileName) ?? named,
    givenName,
    jobId: text(roboflow.jobId),
    uploadedAt: text(roboflow.uploadedAt),
    startedAt: text(roboflow.startedAt),
    inferFps: number(roboflow.inferFps),
    expectedFrames: number(roboflow.expectedFrames),
    polls: number(roboflow.polls),
    frames: number(roboflow.frames),
    videoPath: typeof videoPath === "string" && path.isAbsolute(videoPath) ? videoPath : undefined,
    videoUrl: !isUploaded && isPublicUrl(inputUrl) ? inputUrl : undefined,
    models: projectSlugs(roboflow.models),
  };
}

const lastPart = (file: string) => file.slice(-4096).split(/[\\/]/).pop() ?? "";

/** What a path or URL ends in. Without the query and the login of a URL, which may be secret. */
function nameIn(payload: unknown): string | undefined {
  if (typeof payload !== "string" || !canBePath(payload) || !/[\\/]/.test(payload)) return undefined;
  if (!/^[a-z][a-z\d+.-]*:\/\//i.test(payload)) return text(lastPart(payload));
  try {
    return text(lastPart(decodeURIComponent(new URL(payload).pathname)));
  } catch {
    return undefined;
  }
}

/** A URL that was passed on, and that holds nothing which is to stay between few: no login, nothing like a signature. */
const isPublicUrl = (url: unknown): url is string =>
  isHttpUrl(url) && url.length <= 2000 && withoutSecrets(url, [], 4000) === url;

/** What the result of a clip has brought, if this is a part of it. */
function dataOf({ payload, filename, parts, roboflow }: Fields): Reading | undefined {
  if (typeof payload === "string") {
    const { outputUrl, frames, damaged } = isObject(roboflow) ? roboflow : {};
    const isOfResult = outputUrl !== undefined || frames !== undefined || damaged !== undefined;
    return payload === filename && isOfResult && path.isAbsolute(payload)
      ? { kind: "file", file: payload }
      : undefined;
  }
  if (!isObject(payload)) return undefined;
  if (isFrame(payload)) return { kind: "frame", frame: frameOf(payload), part: partOf(parts) };
  if (isEvent(payload)) {
    const event = eventOf(payload);
    return event && { kind: "event", event, part: partOf(parts) };
  }
  if (isResults(payload)) return { kind: "results", value: payload };
  if (!isSummary(payload)) return undefined;
  const events = (payload.events as unknown[]).slice(0, mostEvents);
  return {
    kind: "summary",
    events: events.flatMap((event) => (isObject(event) ? (eventOf(event) ?? []) : [])),
  };
}

const isFrame = ({ frame, predictions }: Fields) => typeof frame === "number" && Array.isArray(predictions);
const isEvent = (event: Fields) =>
  typeof event.class === "string" && typeof event.start === "number" && isObject(event.best);
const isSummary = ({ classes, events, duration }: Fields) =>
  isObject(classes) && Array.isArray(events) && typeof duration === "number";
const isResults = (value: Fields) =>
  (Array.isArray(value.frame_offset) || Array.isArray(value.frame_offsets)) &&
  (Array.isArray(value.time_offset) || Array.isArray(value.time_offsets));

function partOf(parts: unknown): Part {
  const { id, index, count } = isObject(parts) ? parts : {};
  const at = number(index);
  return {
    sequence: text(id) ?? "",
    index: at !== undefined && at >= 0 ? Math.floor(at) : undefined,
    isLast: at === undefined || (typeof count === "number" && at >= count - 1),
  };
}

/** A time that has a place in a clip. */
export const clipTime = (time: unknown): number | null => {
  const seconds = number(time);
  return seconds !== undefined && seconds >= 0 && seconds <= longestClip ? seconds : null;
};

function frameOf(payload: Fields): IncomingFrame {
  return {
    frame: number(payload.frame) ?? 0,
    time: clipTime(payload.time),
    image: imageOf(payload.image),
    detections: detectionsInFrame(payload as never),
  };
}

/** The size of an image; null where there is none that could be drawn on. */
export function imageOf(image: unknown): IncomingFrame["image"] {
  const { width, height } = isObject(image) ? image : {};
  const [across, down] = [number(width), number(height)];
  return across !== undefined && down !== undefined && across > 0 && down > 0
    ? { width: across, height: down }
    : null;
}

function eventOf(event: Fields): DetectionEvent | undefined {
  const { best, confidence } = event;
  const [start, end] = [clipTime(event.start), clipTime(event.end)];
  if (!isObject(best) || start === null || end === null || end < start) return undefined;
  const box = isObject(best.box) ? best.box : {};
  const sides = [box.x, box.y, box.width, box.height].map(number);
  const [x, y, width, height] = sides as number[];
  const count = (value: unknown) => Math.max(1, Math.floor(number(value) ?? 1));
  return {
    class: nameOf(String(event.class)),
    model: typeof event.model === "string" ? nameOf(event.model) : "",
    start,
    end,
    duration: end - start,
    frames: count(event.frames),
    detections: count(event.detections),
    most: count(event.most),
    confidence: number(confidence) ?? null,
    best: {
      frame: number(best.frame) ?? 0,
      time: clipTime(best.time) ?? start,
      confidence: number(best.confidence) ?? null,
      box: sides.includes(undefined) ? null : ({ x, y, width, height } as DetectionEvent["best"]["box"]),
    },
  };
}

/** What a Catch node says. */
function failureOf({ error, roboflow }: Fields): Reading | undefined {
  if (!isObject(error) || typeof error.message !== "string") return undefined;
  const { uploadedAt, startedAt, finishedAt, jobId, polls } = isObject(roboflow) ? roboflow : {};
  return {
    kind: "failed",
    error: withoutSecrets(error.message, [], longestError),
    // A flow that tries again may leave msg.error where it is: when the clip has come further, it is over.
    stamp: shorten(JSON.stringify([uploadedAt, startedAt, finishedAt, jobId, polls].map(String)), 500),
    isOfPipeline: isOfPipeline(error),
  };
}

const isOfPipeline = (error: unknown): boolean =>
  isObject(error) && isObject(error.source) && String(error.source.type).startsWith("roboflow-video-");

/** The type of the node that an error comes from. */
export function failedType({ error }: { error?: unknown }): string {
  return isObject(error) && isObject(error.source) ? String(error.source.type) : "";
}

/** How far a clip has come, by the message of one of our nodes. */
function stageOf({ payload, roboflow }: Fields): Reading {
  if (isObject(payload)) {
    if (payload.status === 1) return { kind: "stage", stage: "running" };
    if (typeof payload.output_signed_url === "string" || payload.status === 0)
      return { kind: "stage", stage: "finished" };
    const { polls } = isObject(roboflow) ? roboflow : {};
    if (typeof polls === "number" && polls > 0) return { kind: "stage", stage: "running" };
  }
  return { kind: "stage", stage: "waiting" };
}
