import { type Fields, isObject } from "../json";

/** `predictions` of an entry (docs/api.md, the result file), undefined where the task has none. */
export function predictionsOf(entry: unknown): unknown[] | Fields | undefined {
  const predictions = isObject(entry) ? entry.predictions : undefined;
  return typeof predictions === "object" && predictions !== null
    ? (predictions as unknown[] | Fields)
    : undefined;
}

/**
 * Calls back with the class of each prediction in an entry, whatever it is: with many labels, the key that the
 * prediction stands under, unless it brings its own.
 */
export function visitClasses(entry: unknown, visit: (className: unknown) => void): void {
  const predictions = predictionsOf(entry);
  if (Array.isArray(predictions)) {
    for (const prediction of predictions) if (isObject(prediction)) visit(prediction.class);
    return;
  }
  for (const [label, value] of Object.entries(predictions ?? {}))
    visit(isObject(value) && Object.hasOwn(value, "class") ? value.class : label);
}
