import { type Fields, isObject } from "../../json";
import { predictionsOf } from "../entries";
import type { Box } from "../types";
import { confidenceOf } from "./filter";

/** One thing that a model saw in one frame. */
export interface Sighting {
  /** Undefined where the model names none, as gaze detection. */
  class: string | undefined;
  /** Undefined where the model gives none. */
  confidence: number | undefined;
  box: Box | null;
}

/**
 * What a model saw in one frame: each prediction; of a classification, the class that it decided for (`top`), or those
 * (`predicted_classes`). An entry without predictions, such as CLIP's, holds none.
 */
export function sightingsOf(entry: unknown): Sighting[] {
  if (!isObject(entry)) return [];
  const { top, predicted_classes: decided } = entry;
  const predictions = predictionsOf(entry) ?? {};
  if (typeof top === "string") {
    const own = confidenceOf(entry) ?? confidencesIn(predictions).get(top);
    return top === "" ? [] : [{ class: top, confidence: own, box: null }];
  }
  if (Array.isArray(decided)) {
    const confidences = confidencesIn(predictions);
    const names = decided.filter((name): name is string => typeof name === "string");
    return names.map((name) => ({ class: name, confidence: confidences.get(name), box: null }));
  }
  if (Array.isArray(predictions)) return predictions.filter(isObject).map(sightingOf);
  return Object.entries(predictions).map(([label, fields]) =>
    sightingOf({ class: label, ...(isObject(fields) ? fields : undefined) }),
  );
}

function sightingOf(prediction: Fields): Sighting {
  return {
    class: typeof prediction.class === "string" ? prediction.class : undefined,
    confidence: confidenceOf(prediction),
    box: boxOf(prediction) ?? (isObject(prediction.face) ? boxOf(prediction.face) : null),
  };
}

/** The confidence of each class of a classification; the first counts where one comes twice. */
function confidencesIn(predictions: unknown[] | Fields): Map<unknown, number | undefined> {
  const listed = Array.isArray(predictions)
    ? predictions.filter(isObject).map((fields) => [fields.class, fields] as const)
    : Object.entries(predictions).filter((entry): entry is [string, Fields] => isObject(entry[1]));
  // In a Map, the last counts.
  return new Map([...listed].reverse().map(([name, fields]) => [name, confidenceOf(fields)]));
}

function boxOf({ x, y, width, height }: Fields): Box | null {
  return typeof x === "number" &&
    typeof y === "number" &&
    typeof width === "number" &&
    typeof height === "number"
    ? { x, y, width, height }
    : null;
}
