import { randomUUID } from "node:crypto";
import type { Sighting } from "./analysis";
import type { Area } from "./motion";

/** A model as a start request names it. */
export interface RequestedModel {
  model_id: string;
  model_version?: string;
  inference_type: string;
  inference_params?: { confidence?: number };
}

/** The tasks that the video API runs (docs/api.md, "The calls"). */
export const inferenceTypes = [
  "object-detection",
  "classification",
  "instance-segmentation",
  "keypoint-detection",
  "clip-embed-image",
  "gaze-detection",
];

interface Picture {
  image: { width: number; height: number };
  className: string;
}

/**
 * One sampled frame as the model's task would put it. All tasks tell of the same motion.
 * @param inferenceId of the batch in which the frame is inferred
 * @returns the entry (docs/api.md, "The result file")
 */
export function entry(
  sighting: Sighting,
  model: RequestedModel,
  picture: Picture,
  inferenceId: string,
): unknown {
  const least = Number(model.inference_params?.confidence ?? 0);
  const areas = sighting.areas.filter((area) => area.confidence >= least);
  const time = round(sighting.took, 6);
  const { image, className } = picture;
  const common = { inference_id: inferenceId, time };
  switch (model.inference_type) {
    case "classification":
      return { ...common, ...classification(areas, model, picture) };
    case "clip-embed-image":
      return embedding(sighting, image);
    case "gaze-detection":
      return {
        ...common,
        predictions: areas.map((area) => gaze(area, image)),
        time_face_det: time,
        time_gaze_det: 0,
      };
    default: {
      const more = extras[model.inference_type] ?? (() => ({}));
      const predictions = areas.map((area) => ({
        ...box(area),
        confidence: round(area.confidence, 3),
        class: className,
        class_id: 0,
        detection_id: randomUUID(),
        ...more(area),
      }));
      return { ...common, image, predictions };
    }
  }
}

const extras: Record<string, (area: Area) => object> = {
  "instance-segmentation": (area) => ({ points: corners(area) }),
  "keypoint-detection": (area) => ({
    keypoints: corners(area).map((point, n) => ({
      ...point,
      confidence: round(area.confidence, 3),
      class_id: n,
      class: ["top-left", "top-right", "bottom-right", "bottom-left"][n],
    })),
  }),
};

/** x and y are the box's centre. */
function box({ left, top, width, height }: Area) {
  return {
    x: round(left + width / 2, 1),
    y: round(top + height / 2, 1),
    width: round(width, 1),
    height: round(height, 1),
  };
}

function corners({ left, top, width, height }: Area): { x: number; y: number }[] {
  const [right, bottom] = [left + width, top + height];
  return [
    { x: round(left, 1), y: round(top, 1) },
    { x: round(right, 1), y: round(top, 1) },
    { x: round(right, 1), y: round(bottom, 1) },
    { x: round(left, 1), y: round(bottom, 1) },
  ];
}

/** One label (`motion` or `still`); many labels when the model's id says `multilabel`. */
function classification(areas: Area[], { model_id }: RequestedModel, { image, className }: Picture) {
  const motion = round(Math.max(0.02, ...areas.map((area) => area.confidence)), 4);
  const still = round(1 - motion, 4);
  if (model_id.includes("multilabel")) {
    return {
      image,
      predictions: {
        [className]: { confidence: motion, class_id: 0 },
        still: { confidence: still, class_id: 1 },
      },
      predicted_classes: motion >= 0.5 ? [className] : ["still"],
    };
  }
  const predictions = [
    { class: className, class_id: 0, confidence: motion },
    { class: "still", class_id: 1, confidence: still },
  ].sort((one, other) => other.confidence - one.confidence);
  return { image, predictions, top: predictions[0]?.class, confidence: predictions[0]?.confidence };
}

/** Sixteen numbers: how much of each cell of a 4 x 4 grid moves. The real vector has more and means more. */
function embedding({ areas }: Sighting, image: Picture["image"]): number[] {
  const cells = new Array<number>(16).fill(0);
  for (const area of areas) {
    const column = Math.min(3, Math.floor(((area.left + area.width / 2) / image.width) * 4));
    const row = Math.min(3, Math.floor(((area.top + area.height / 2) / image.height) * 4));
    cells[row * 4 + column] =
      (cells[row * 4 + column] ?? 0) + (area.width * area.height) / (image.width * image.height);
  }
  return cells.map((share) => round(share, 5));
}

/** The upper third of what moves as a face, looking to where it stands in the picture; radians. */
function gaze(area: Area, image: Picture["image"]) {
  const face = { ...area, height: area.height / 3 };
  return {
    face: { ...box(face), confidence: round(area.confidence, 3), class: "face", class_id: 0, landmarks: [] },
    yaw: round((area.left + area.width / 2) / image.width - 0.5, 4),
    pitch: round((area.top + area.height / 2) / image.height - 0.5, 4),
  };
}

function round(value: number, digits: number): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}
