// Where the scan can stand between two tokens. Objects, for the reason given in json-bytes.ts.

/** What may come next. KEY and KEY_OR_CLOSE are the lowest, see the loop. */
export const expected = {
  KEY: 0,
  KEY_OR_CLOSE: 1,
  COLON_NEXT: 2,
  VALUE: 3,
  VALUE_OR_CLOSE: 4,
  AFTER_VALUE: 5,
  END: 6,
} as const;

/** What is open: arrays are even, objects odd. */
export const opened = {
  ARRAY: 0,
  OBJECT: 1,
  /** Array of a model at top level. */
  MODEL: 2,
  /** The whole. */
  TOP: 3,
  /** Array of offsets at top level. */
  OFFSETS: 4,
  /** A model's answer for one frame. */
  ENTRY: 5,
  /** `predictions` as an array. */
  PREDICTIONS: 6,
  /** One prediction of it. */
  PREDICTION: 7,
  /** Nothing: before and behind the whole. */
  OUTSIDE: 8,
  /** `predictions` as an object by class: classification with many labels. */
  LABELS: 9,
  /** One value of it. */
  LABEL: 11,
} as const;
