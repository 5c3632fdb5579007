import { describeValue } from "../describe-value";
import { type ErrorReason, type ErrorValues, VideoError } from "../errors";
import { isObject } from "../json";
import { readModelName } from "./model-name";
import { foundationModel, inferenceTypes, isOneOf } from "./model-types";

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
  /** 0 to 1; undefined for the model's own. */
  confidence: number | undefined;
  /** JSON text of an object, or empty. */
  inferenceParams: string;
}

const badModels = (reason: ErrorReason, values: ErrorValues = {}, cause?: unknown) =>
  new VideoError("INPUT", reason, { values, cause });

/**
 * Turns described models into the API's form: reads each model's name, fills in the foundation models' type and
 * version, and merges the confidence into the parameters.
 *
 * @throws VideoError INPUT
 */
export function describeModels(models: readonly ModelDescription[]): ApiModel[] {
  return oneColumnEach(models.map(describeModel));
}

function describeModel({ confidence, inferenceParams, ...model }: ModelDescription): ApiModel {
  const { id, version } = splitModel(model.modelId ?? "", model.modelVersion ?? "");
  const params = { ...readParams(inferenceParams, id), ...(confidence === undefined ? {} : { confidence }) };
  return checkModel({
    model_id: id,
    model_version: version,
    inference_type: foundationModel(id)?.inferenceType ?? (model.inferenceType || "object-detection"),
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
  const models = value.map((entry) => {
    if (!isObject(entry) || typeof entry.model_id !== "string") throw badModels("modelNotObject");
    const { model_id, model_version, inference_type, inference_params, ...rest } = asSent(
      entry,
      entry.model_id,
    );
    if (inference_params !== undefined && !isObject(inference_params))
      throw badModels("inferenceParams", { model: String(model_id) });
    const { id, version } = splitModel(String(model_id), versionText(model_version));
    return checkModel({
      ...rest,
      model_id: id,
      model_version: version,
      inference_type: foundationModel(id)?.inferenceType ?? String(inference_type ?? ""),
      ...(inference_params === undefined ? {} : { inference_params }),
    });
  });
  return oneColumnEach(models);
}

/** A version as a message gives it; empty for none, and for what is none. */
const versionText = (version: unknown): string =>
  typeof version === "string" || typeof version === "number" ? String(version) : "";

/** A model as JSON carries it: a BigInt or a reference to itself would otherwise show when all else has been done. */
function asSent(model: Record<string, unknown>, name: string): Record<string, unknown> {
  try {
    return JSON.parse(JSON.stringify(model)) as Record<string, unknown>;
  } catch (cause) {
    throw badModels("modelNotJson", { model: name }, cause);
  }
}

/**
 * A result has one column for each project: of two versions of one project, nothing could be told apart. Slugs are in
 * lower case, so that two spellings in other letters are one project.
 */
function oneColumnEach(models: ApiModel[]): ApiModel[] {
  const seen = new Set<string>();
  for (const { model_id } of models) {
    const slug = model_id.toLowerCase();
    if (seen.has(slug)) throw badModels("sameProject", { model: model_id });
    seen.add(slug);
  }
  return models;
}

/** The projects of models in the API's own form, as `msg.roboflow.models` has them: the names of a result's columns. */
export function projectSlugs(models: unknown): string[] {
  if (!Array.isArray(models)) return [];
  return models.flatMap((model) =>
    isObject(model) && typeof model.model_id === "string" ? readModelName(model.model_id)?.project || [] : [],
  );
}

function splitModel(modelId: string, modelVersion: string): { id: string; version: string } {
  const name = readModelName(modelId);
  if (!name) throw badModels("modelAddress", { model: modelId });
  const { project: id, version } = name;
  return { id, version: String(modelVersion).trim() || version || (foundationModel(id)?.modelVersion ?? "") };
}

function checkModel(model: ApiModel): ApiModel {
  if (!model.model_id) throw badModels("modelWithoutId");
  if (!model.model_version) throw badModels("modelWithoutVersion", { model: model.model_id });
  if (!isOneOf(inferenceTypes, model.inference_type))
    throw badModels("inferenceType", {
      model: model.model_id,
      type: model.inference_type,
      types: inferenceTypes.join(", "),
    });
  const confidence = model.inference_params?.confidence ?? 0;
  if (!(typeof confidence === "number" && confidence >= 0 && confidence <= 1))
    throw badModels("confidence", { model: model.model_id, value: describeValue(confidence) });
  return model;
}

function readParams(text: string, model: string): Record<string, unknown> {
  if (!text?.trim()) return {};
  let params: unknown;
  try {
    params = JSON.parse(text);
  } catch (cause) {
    throw badModels("inferenceParams", { model }, cause);
  }
  if (!isObject(params)) throw badModels("inferenceParams", { model });
  return params;
}

/** The frames per second that the API takes: at least 1, and at most 120 as in the official client. */
export const inferenceRates = { least: 1, most: 120 };

/**
 * Reads a rate in frames per second.
 *
 * @throws VideoError INPUT
 */
export function readInferFps(value: unknown): number {
  const text = typeof value === "string" ? value.trim() : value;
  const rate =
    typeof text === "number" || (typeof text === "string" && text !== "") ? Number(text) : Number.NaN;
  if (!(rate >= inferenceRates.least && rate <= inferenceRates.most))
    throw badModels("inferFps", { value: describeValue(value), ...inferenceRates });
  return rate;
}
