import { type Fields, isObject } from "../../json";
import type { FrameFilter } from "../types";

/** Which predictions count. */
export class Filter {
  readonly #minConfidence: number;
  readonly #classes: ReadonlySet<unknown> | undefined;
  /** Whether every prediction passes. */
  readonly passesAll: boolean;

  constructor({ minConfidence, classes }: FrameFilter) {
    this.#minConfidence = minConfidence;
    this.#classes = classes.length > 0 ? new Set(classes) : undefined;
    this.passesAll = minConfidence <= 0 && classes.length === 0;
  }

  /** @param confidence undefined where the model gives none: such a prediction is not below any */
  passes(className: unknown, confidence: number | undefined): boolean {
    if (this.#classes !== undefined && !this.#classes.has(className)) return false;
    return this.#minConfidence <= 0 || confidence === undefined || confidence >= this.#minConfidence;
  }
}

/** The confidence of a prediction; gaze has that of the face only. */
export function confidenceOf({ confidence, face }: Fields): number | undefined {
  if (typeof confidence === "number") return confidence;
  return isObject(face) && typeof face.confidence === "number" ? face.confidence : undefined;
}
