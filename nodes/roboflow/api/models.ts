import { describeValue } from "../describe-value";
import { type ErrorReason, type ErrorValues, VideoError } from "../errors";
import { isObject } from "./answers";

/** One model of a job, in the API's own form (docs/api.md, call 3). */
export interface ApiModel {
  model_id: string;
  model_version: string;
  inference_type: string;
  inference_params?: Record<string, unknown>;
}

/** The body of a start request. */
export interface JobRequest {
  input_url: string;
  infer_fps: number;
  models: ApiModel[];
}

/** One model as a person describes it in the dialog. */
export interface ModelDescription {
  modelId: string;
  modelVersion: string;
  inferenceType: string;
  confidence: string | number;
  inferenceParams: string;
}

/** The two foundation models, which have types of their own. */
const foundationTypes: Record<string, string> = { clip: "clip-embed-image", gaze: "gaze-detection" };
const inferenceTypes = [
  "object-detection",
  "classification",
  "instance-segmentation",
  "keypoint-detection",
  ...Object.values(foundationTypes),
];

const badModels = (reason: ErrorReason, values: ErrorValues = {}) =>
  new VideoError("INPUT", reason, { values });

/**
 * Turns a described model into the API's form: splits `project/4`, fills in the foundation models' type and
 * version, and merges the confidence into the parameters.
 *
 * @throws VideoError INPUT
 */
export function describeModel(model: ModelDescription): ApiModel {
  const { id, version } = splitModel(model.modelId ?? "", model.modelVersion ?? "");
  const params = { ...readParams(model.inferenceParams, id), ...readConfidence(model.confidence, id) };
  return checkModel({
    model_id: id,
    model_version: version,
    inference_type: foundationTypes[id] ?? (model.inferenceType || "object-detection"),
    ...(Object.keys(params).length > 0 ? { inference_params: params } : {}),
  });
}

/**
 * Checks models that came in the API's own form, as in `msg.models`; fields that we do not know pass through.
 *
 * @throws VideoError INPUT
 */
export function checkModels(value: unknown): ApiModel[] {
  if (!Array.isArray(value) || value.length === 0) throw badModels("noModels");
  return value.map((entry) => {
    if (!isObject(entry) || typeof entry.model_id !== "string") throw badModels("modelNotObject");
    const { model_id, model_version, inference_type, inference_params, ...rest } = entry;
    if (inference_params !== undefined && !isObject(inference_params))
      throw badModels("inferenceParams", { model: model_id });
    const { id, version } = splitModel(model_id, model_version === undefined ? "" : String(model_version));
    return checkModel({
      ...rest,
      model_id: id,
      model_version: version,
      inference_type: foundationTypes[id] ?? String(inference_type ?? ""),
      ...(inference_params === undefined ? {} : { inference_params }),
    });
  });
}

/** The projects of models in the API's own form, as `msg.roboflow.models` has them: the names of a result's columns. */
export function projectSlugs(models: unknown): string[] {
  if (!Array.isArray(models)) return [];
  return models.flatMap((model) =>
    isObject(model) && typeof model.model_id === "string" ? splitModel(model.model_id, "").id || [] : [],
  );
}

function splitModel(modelId: string, modelVersion: string): { id: string; version: string } {
  const parts = modelId.trim().split("/").filter(Boolean);
  const last = parts.at(-1) ?? "";
  const hasVersion = parts.length > 1 && /^\d+$/.test(last);
  if (hasVersion) parts.pop();
  // A picker or a copied address may put the workspace first; the API wants the project alone.
  const id = parts.at(-1) ?? "";
  const given = String(modelVersion).trim();
  return { id, version: given || (hasVersion ? last : id in foundationTypes ? "1" : "") };
}

function checkModel(model: ApiModel): ApiModel {
  if (!model.model_id) throw badModels("modelWithoutId");
  if (!model.model_version) throw badModels("modelWithoutVersion", { model: model.model_id });
  if (!inferenceTypes.includes(model.inference_type))
    throw badModels("inferenceType", {
      model: model.model_id,
      type: model.inference_type,
      types: inferenceTypes.join(", "),
    });
  return model;
}

function readParams(text: string, model: string): Record<string, unknown> {
  if (!text?.trim()) return {};
  let params: unknown;
  try {
    params = JSON.parse(text);
  } catch (cause) {
    throw new VideoError("INPUT", "inferenceParams", { values: { model }, cause });
  }
  if (!isObject(params)) throw badModels("inferenceParams", { model });
  return params;
}

function readConfidence(value: string | number, model: string): { confidence?: number } {
  if (value === undefined || value === null || String(value).trim() === "") return {};
  const confidence = Number(value);
  if (!(confidence >= 0 && confidence <= 1)) throw badModels("confidence", { model, value });
  return { confidence };
}

/** The rates that the API takes: at least 1, and at most 120 as in the official client. */
const rates = { least: 1, most: 120 };

/**
 * Reads a rate in frames per second.
 *
 * @throws VideoError INPUT
 */
export function readInferFps(value: unknown): number {
  const text = typeof value === "string" ? value.trim() : value;
  const rate =
    typeof text === "number" || (typeof text === "string" && text !== "") ? Number(text) : Number.NaN;
  if (!(rate >= rates.least && rate <= rates.most))
    throw badModels("inferFps", { value: describeValue(value), ...rates });
  return rate;
}
