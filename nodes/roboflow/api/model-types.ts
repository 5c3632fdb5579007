// Imported by the dialogs as well: nothing of Node.js here.

/** The two models that every workspace has, with the inference types that only they have. */
export const foundationModels = [
  { modelId: "clip", modelVersion: "1", inferenceType: "clip-embed-image" },
  { modelId: "gaze", modelVersion: "1", inferenceType: "gaze-detection" },
] as const;

/** One of them by its name. */
export const foundationModel = (modelId: string) =>
  foundationModels.find((model) => model.modelId === modelId);

/** The inference types of models that are trained in a workspace. */
export const trainedTypes = [
  "object-detection",
  "instance-segmentation",
  "keypoint-detection",
  "classification",
] as const;

/** Every inference type that a job can run (docs/api.md, call 3). */
export const inferenceTypes = [...trainedTypes, "clip-embed-image", "gaze-detection"] as const;

/** Whether a text is among such names, which do not repeat it. */
export const isOneOf = <Name extends string>(names: readonly Name[], text: string): text is Name =>
  names.some((name) => name === text);

/** One trained version of a project, ready to be chosen for a job. */
export interface AvailableModel {
  /** The project's slug. */
  modelId: string;
  modelVersion: string;
  /** The project's name. */
  name: string;
  versionName: string;
  /** As a start request names it. */
  inferenceType: string;
  /** Seconds since 1970; 0 where unknown. */
  created: number;
}
