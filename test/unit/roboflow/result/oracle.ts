/**
 * What a result says by a plain parse of the whole, told as simply as can be and sharing no code with the
 * reader: the measure for all other tests here.
 */
import type { Frame, FrameFilter, ResultSummary } from "../../../../nodes/roboflow/result";

export interface Reading {
  models: string[];
  summary: ResultSummary;
  /** Up to the first frame without a number, if there is one. */
  frames: Frame[];
  /** The result as `JSON.parse` gives it. */
  result: Record<string, unknown>;
}

export const everything: FrameFilter = { minConfidence: 0, classes: [] };

export interface Wanted {
  filter?: FrameFilter;
  skipEmpty?: boolean;
  /** Names of the models that ran; none: not known. */
  models?: string[];
}

/** @returns undefined when a plain parse refuses the result, or when it is damaged or no result */
export function readPlainly(
  bytes: Buffer,
  { filter = everything, skipEmpty = false, models = [] }: Wanted = {},
): Reading | undefined {
  const text = textOf(bytes);
  if (text === undefined) return undefined;
  const members = new Map(membersOf(text));
  const lists = [...members].filter((member): member is [string, unknown[]] => Array.isArray(member[1]));
  const list = (...keys: string[]) =>
    keys.flatMap((key) => lists.filter(([name]) => name === key)).map(([, elements]) => elements);
  const frameNumbers = list("frame_offset", "frame_offsets")[0];
  if (!frameNumbers) return undefined;
  const times = list("time_offset", "time_offsets").find(({ length }) => length === frameNumbers.length);
  if (!times) return undefined;

  const columns: [model: string, entries: unknown[]][] = [];
  for (const [key, elements] of lists) {
    const isOffset = /^(frame|time)_offsets?$/.test(key);
    if (elements.length === frameNumbers.length) {
      if (!isOffset) columns.push([key, elements]);
    } else if (models.length > 0 ? models.includes(key) : elements.some(isObject)) return undefined;
  }

  const all: Frame[] = [];
  let nullFrames = 0;
  const detected: unknown[] = [];
  for (const index of frameNumbers.keys()) {
    const answers = columns.map(([model, entries]) => [model, entries[index]] as [string, unknown]);
    if (answers.length > 0 && answers.every(([, answer]) => answer === null)) nullFrames++;
    const predictions = answers.flatMap(([model, answer]) => predictionsOf(model, answer));
    detected.push(...predictions.map((prediction) => prediction.class));
    const passed = predictions.filter((prediction) => passes(prediction, filter));
    const time: unknown = times[index];
    all.push({
      frame: frameNumbers[index] as number,
      time: typeof time === "number" ? time : null,
      image: answers.map(([, answer]) => imageOf(answer)).find((image) => image !== null) ?? null,
      predictions: passed as Frame["predictions"],
      classes: countsOf(passed.map((prediction) => prediction.class)),
      results: Object.fromEntries(answers),
    });
  }
  const numbered = all.findIndex(({ frame }) => typeof frame !== "number");
  const frames = numbered < 0 ? all : all.slice(0, numbered);
  return {
    models: columns.map(([model]) => model),
    summary: {
      frames: frameNumbers.length,
      detections: detected.length,
      classes: countsOf(detected),
      nullFrames,
    },
    frames: skipEmpty ? frames.filter(({ predictions }) => predictions.length > 0) : frames,
    result: JSON.parse(text),
  };
}

/** The text with null for NaN and the like; undefined when it is no JSON object. */
function textOf(bytes: Buffer): string | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true })
      .decode(bytes)
      .replace(/"(?:[^"\\]|\\.)*"|-?Infinity|NaN/gs, (token) => (token[0] === '"' ? token : "null"));
    return isObject(JSON.parse(text)) ? text : undefined;
  } catch {
    return undefined;
  }
}

/** All members of the top level in the order of the text, repeated keys too. */
function membersOf(text: string): [key: string, value: unknown][] {
  const members: [string, unknown][] = [];
  let depth = 0;
  let parts: string[] = [];
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],]|[^{}[\],"]+/gs)) {
    if (token === "{" || token === "[") depth++;
    if (token === "}" || token === "]") depth--;
    if ((depth === 1 && token === ",") || depth === 0) {
      if (parts.join("").trim() !== "")
        members.push(Object.entries(JSON.parse(`{${parts.join("")}}`))[0] as never);
      parts = [];
    } else if (depth > 1 || token !== "{" || parts.length > 0) parts.push(token);
  }
  return members;
}

function predictionsOf(model: string, answer: unknown): Record<string, unknown>[] {
  const predictions = isObject(answer) ? answer.predictions : undefined;
  if (Array.isArray(predictions))
    return predictions.filter(isObject).map((prediction) => withModel(model, prediction));
  if (!isObject(predictions)) return [];
  return Object.entries(predictions).map(([label, value]) =>
    withModel(model, { class: label, ...(isObject(value) ? value : {}) }),
  );
}

function withModel(model: string, prediction: object): Record<string, unknown> {
  return { ...prediction, model };
}

function passes(prediction: Record<string, unknown>, { minConfidence, classes }: FrameFilter): boolean {
  if (classes.length > 0 && !classes.includes(prediction.class as string)) return false;
  const own = prediction.confidence;
  const ofFace = isObject(prediction.face) ? prediction.face.confidence : undefined;
  const confidence = typeof own === "number" ? own : ofFace;
  return minConfidence === 0 || typeof confidence !== "number" || confidence >= minConfidence;
}

function imageOf(answer: unknown): Frame["image"] {
  const image = isObject(answer) ? answer.image : undefined;
  if (!isObject(image) || typeof image.width !== "number" || typeof image.height !== "number") return null;
  return { width: image.width, height: image.height };
}

function countsOf(names: unknown[]): Record<string, number> {
  const counts = new Map<unknown, number>();
  for (const name of names) if (typeof name === "string") counts.set(name, (counts.get(name) ?? 0) + 1);
  return Object.fromEntries(counts);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
