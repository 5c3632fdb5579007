import { type Fields, isObject } from "../../json";
import { predictionsOf } from "../entries";
import { confidenceOf } from "./filter";

/** Where something was seen, as the API gives it: `x` and `y` are the middle, in pixels. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

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
  if (typeof top === "string") return top === "" ? [] : [decidedFor(top, entry)];
  if (Array.isArray(decided))
    return decided
      .filter((name): name is string => typeof name === "string")
      .map((name) => decidedFor(name, entry));
  const predictions = predictionsOf(entry);
  if (Array.isArray(predictions)) return predictions.filter(isObject).map(sightingOf);
  return Object.entries(predictions ?? {}).map(([label, fields]) =>
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

/** @param entry of a classification, which has the confidence in the entry or with the class's own prediction */
function decidedFor(name: string, entry: Fields): Sighting {
  const predictions = predictionsOf(entry) ?? {};
  const own = Array.isArray(predictions)
    ? predictions.find((prediction) => isObject(prediction) && prediction.class === name)
    : Object.hasOwn(predictions, name) && predictions[name];
  const ofEntry = typeof entry.top === "string" && typeof entry.confidence === "number";
  const confidence = confidenceOf(ofEntry || !isObject(own) ? entry : own);
  return { class: name, confidence, box: null };
}

function boxOf({ x, y, width, height }: Fields): Box | null {
  return typeof x === "number" &&
    typeof y === "number" &&
    typeof width === "number" &&
    typeof height === "number"
    ? { x, y, width, height }
    : null;
}
