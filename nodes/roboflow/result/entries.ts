import { setKey } from "./safe-keys";

export type Fields = Record<string, unknown>;

/** True for what is written `{…}` in JSON. */
export function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `predictions` of an entry (docs/api.md, "The result file"), undefined where the task has none. */
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

/** What has been counted over several entries. */
export class Tally {
  detections = 0;
  readonly #classes = new Map<string, { count: number }>();

  /** Adds the predictions of one entry. */
  add(entry: unknown): void {
    const predictions = predictionsOf(entry);
    if (predictions === undefined) return;
    if (Array.isArray(predictions)) {
      for (const prediction of predictions) if (isObject(prediction)) this.#addOne(prediction.class);
    } else {
      // What was parsed inherits no key; Object.keys would make a list of them for each entry.
      for (const label in predictions) this.#addOne(classOfLabel(label, predictions[label]));
    }
  }

  #addOne(className: unknown): void {
    this.detections++;
    if (typeof className === "string") this.addClass(className, 1);
  }

  addClass(className: string, count: number): void {
    const counted = this.#classes.get(className);
    if (counted) counted.count += count;
    else this.#classes.set(className, { count });
  }

  /** Predictions by class. */
  classes(): Record<string, number> {
    const classes = {};
    for (const [className, { count }] of this.#classes) setKey(classes, className, count);
    return classes;
  }
}
