import { type Fields, type Frame, isObject, sightingsOf } from "../../roboflow";
import { shorten } from "../../roboflow/shorten";
import type { Box, Keypoint, Shape } from "../data";

/** One detection, as it is kept. */
export interface Detection {
  class: string | null;
  confidence: number | null;
  box: Box | null;
  shape?: Shape;
}

/** Characters of a class, model or keypoint name. */
const longestName = 1000;
/** Corners of an outline; of one that has more, some are left out. */
const mostPoints = 2000;

/** A name from outside, of bounded length. */
export const nameOf = (text: string): string => shorten(text, longestName);

/**
 * What one model saw in one frame, as it counts (see `sightingsOf`): each prediction with what can be drawn of it; of a
 * classification, the classes that it decided for.
 *
 * @param entry of the model, as the result has it.
 */
export function detectionsIn(entry: unknown): Detection[] {
  if (!isObject(entry)) return [];
  if (isClassification(entry)) return sightingsOf(entry).map(withoutShape);
  return predictionsIn(entry).flatMap((prediction) => {
    const [sighting] = sightingsOf({ predictions: [prediction] });
    if (!sighting) return [];
    const shape = shapeOf(prediction);
    return [{ ...withoutShape(sighting), ...(shape ? { shape } : {}) }];
  });
}

/**
 * What each model saw in a frame that a download node has sent: `predictions`, which its filters have gone over, and of
 * classifications those classes that are among them.
 */
export function detectionsInFrame({ predictions, results }: Pick<Frame, "predictions" | "results">) {
  const byModel = new Map<string, Fields[]>();
  // Also the models that saw nothing.
  if (isObject(results)) for (const model of Object.keys(results)) byModel.set(model, []);
  for (const prediction of Array.isArray(predictions) ? (predictions as unknown[]) : []) {
    if (!isObject(prediction)) continue;
    const model = typeof prediction.model === "string" ? prediction.model : "";
    const of = byModel.get(model);
    if (of) of.push(prediction);
    else byModel.set(model, [prediction]);
  }
  const detections = new Map<string, Detection[]>();
  for (const [model, passed] of byModel) {
    const entry = isObject(results) && Object.hasOwn(results, model) ? results[model] : undefined;
    if (isObject(entry) && isClassification(entry)) {
      const names = new Set(passed.map((prediction) => prediction.class));
      detections.set(
        model,
        detectionsIn(entry).filter(({ class: name }) => names.has(name)),
      );
    } else detections.set(model, detectionsIn({ predictions: passed }));
  }
  return detections;
}

const isClassification = ({ top, predicted_classes: decided }: Fields): boolean =>
  typeof top === "string" || Array.isArray(decided);

function predictionsIn({ predictions }: Fields): Fields[] {
  if (Array.isArray(predictions)) return predictions.filter(isObject);
  if (!isObject(predictions)) return [];
  return Object.entries(predictions).map(([label, fields]) => ({
    class: label,
    ...(isObject(fields) ? fields : undefined),
  }));
}

function withoutShape({ class: name, confidence, box }: ReturnType<typeof sightingsOf>[number]): Detection {
  const sides = box && ([box.x, box.y, box.width, box.height] as Box);
  return {
    class: name === undefined ? null : nameOf(name),
    confidence: Number.isFinite(confidence) ? (confidence as number) : null,
    box: sides?.every(Number.isFinite) ? sides : null,
  };
}

function shapeOf(prediction: Fields): Shape | undefined {
  const { points, keypoints, yaw, pitch } = prediction;
  const shape: Shape = {};
  if (Array.isArray(points)) {
    const every = Math.ceil(points.length / mostPoints);
    shape.points = points.filter((_, n) => n % every === 0).flatMap(placeOf);
  }
  if (Array.isArray(keypoints)) shape.keypoints = keypoints.slice(0, mostPoints).flatMap(keypointOf);
  if (isNumber(yaw) && isNumber(pitch)) shape.gaze = [rounded(yaw, 1000), rounded(pitch, 1000)];
  return Object.keys(shape).length > 0 ? shape : undefined;
}

const isNumber = (value: unknown): value is number => Number.isFinite(value);
const rounded = (value: number, steps: number) => Math.round(value * steps) / steps;

/** To a tenth of a pixel: nobody sees more of it, and outlines have very many. */
function placeOf(point: unknown): [x: number, y: number][] {
  if (!isObject(point) || !isNumber(point.x) || !isNumber(point.y)) return [];
  return [[rounded(point.x, 10), rounded(point.y, 10)]];
}

function keypointOf(point: unknown): Keypoint[] {
  const [place] = placeOf(point);
  if (!place) return [];
  const { confidence, class: name } = point as Fields;
  return [
    {
      x: place[0],
      y: place[1],
      confidence: isNumber(confidence) ? rounded(confidence, 100) : null,
      name: typeof name === "string" ? nameOf(name) : "",
    },
  ];
}
