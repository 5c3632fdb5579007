import { addCount } from "./safe-keys";
import type { ResultSummary } from "./types";

export type Fields = Record<string, unknown>;

/** True for what is written `{…}` in JSON. */
export function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `predictions` of an entry (API page, "The result file"), undefined where the task has none. */
export function predictionsOf(entry: unknown): unknown[] | Fields | undefined {
  const predictions = isObject(entry) ? entry.predictions : undefined;
  return typeof predictions === "object" && predictions !== null
    ? (predictions as unknown[] | Fields)
    : undefined;
}

/**
 * The class of a many-label prediction: the key it stands under, unless it brings its own.
 * @returns undefined when its own is no text
 */
export function classOfLabel(label: string, value: unknown): unknown {
  return isObject(value) && Object.hasOwn(value, "class") ? value.class : label;
}

/** Adds the predictions of one entry to `summary.detections` and `summary.classes`. */
export function countEntry(entry: unknown, summary: Pick<ResultSummary, "detections" | "classes">): void {
  const predictions = predictionsOf(entry);
  if (predictions === undefined) return;
  if (Array.isArray(predictions)) {
    for (const prediction of predictions) if (isObject(prediction)) countOne(prediction.class, summary);
  } else {
    for (const label of Object.keys(predictions)) countOne(classOfLabel(label, predictions[label]), summary);
  }
}

function countOne(className: unknown, summary: Pick<ResultSummary, "detections" | "classes">): void {
  summary.detections++;
  if (typeof className === "string") addCount(summary.classes, className);
}
