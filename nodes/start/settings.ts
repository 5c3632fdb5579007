import {
  describeModels,
  describeValue,
  inferenceRates,
  type ModelDescription,
  readInferFps,
  VideoError,
} from "../roboflow";
import { parseNumber } from "../runtime/numbers";
import { fractionSetting } from "../runtime/settings";
import { hasTag } from "../runtime/templates";
import type { TypedValue } from "../runtime/typed-input";
import { emptyModelRow, type StartOptions } from "./options";

/** What a start node works with. */
export interface StartSettings {
  account: string;
  inputUrl: TypedValue;
  /** Frames per second. */
  inferFps: TypedValue;
  /** Names and versions are templates. Empty: `msg.models`, in the API's own form. */
  models: ModelDescription[];
}

/** @throws VideoError CONFIG */
export function readSettings(options: StartOptions): StartSettings {
  const inferFps = { value: options.inferFps, type: options.inferFpsType };
  if (isLiteral(inferFps) && parseNumber(inferFps.value) === undefined)
    throw new VideoError("CONFIG", "inferFps", {
      values: { value: describeValue(inferFps.value), ...inferenceRates },
    });
  return {
    account: options.account,
    inputUrl: { value: options.inputUrl, type: options.inputUrlType },
    inferFps,
    // A row that is missing counts as one in which nothing is chosen.
    models: (Array.isArray(options.models) ? options.models : [])
      .map((saved) => saved ?? emptyModelRow)
      .map((row) => ({
        modelId: String(row.modelId ?? ""),
        modelVersion: String(row.modelVersion ?? ""),
        inferenceType: String(row.inferenceType ?? ""),
        inferenceParams: String(row.inferenceParams ?? ""),
        confidence: fractionSetting(row.confidence, undefined, {
          reason: "confidence",
          values: { model: String(row.modelId ?? "") },
        }),
      })),
  };
}

/** Whether a value stands in the node itself, and not in messages to come. */
const isLiteral = ({ value, type }: TypedValue) =>
  type === "num" || (type === "str" && !hasTag(String(value)));

/**
 * Checks what stands in the node itself by the rules that hold for each message.
 *
 * @throws VideoError INPUT
 */
export function checkLiterals({ inferFps, models }: StartSettings): void {
  if (isLiteral(inferFps)) readInferFps(inferFps.value);
  describeModels(models.filter(({ modelId, modelVersion }) => !hasTag(modelId + modelVersion)));
}
