import { describeValue, type ErrorReason, type ErrorValues, VideoError } from "../roboflow";
import { parseFraction, parseNumber } from "./numbers";

/** `${NAME}`: Node-RED has replaced it already, so one that is still there names a variable that is not set. */
const variable = /^\$[{(]([^)}]+)[})]$/;

/** The name of the variable in `${NAME}`; undefined for any other text. */
export const variableIn = (text: string): string | undefined => variable.exec(text)?.[1];

/** A text as saved in a flow; what is missing or no text counts as the default. */
export const textOr = (value: unknown, fallback: string): string =>
  typeof value === "string" ? value : fallback;

/**
 * A check box as saved in a flow; a variable of the environment (`${NAME}`) brings it as a text. Anything else counts as the
 * default.
 */
export function flagSetting(value: unknown, fallback: boolean): boolean {
  const text = typeof value === "string" ? value.trim().toLowerCase() : value;
  if (text === true || text === "true") return true;
  return text === false || text === "false" ? false : fallback;
}

/** What a number in a node's settings has to be. */
interface NumberRule {
  /** The sentence that says so, as the catalogues name it under `errors`; it gets `value`, `min` and `max`. */
  reason: ErrorReason;
  min?: number;
  max?: number;
  whole?: boolean;
}

/**
 * A number in a node's settings; the default where an older flow does not have it.
 *
 * @throws VideoError CONFIG for anything else: a setting that is passed over without a word is worse than none.
 */
export function numberSetting(
  value: unknown,
  fallback: number,
  { reason, min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY, whole = false }: NumberRule,
): number {
  const number = parseNumber(value ?? fallback);
  if (number !== undefined && number >= min && number <= max && (!whole || Number.isInteger(number)))
    return number;
  throw new VideoError("CONFIG", reason, { values: { value: describeValue(value), min, max } });
}

/**
 * A number from 0 to 1 in a node's settings; the default where it is left empty.
 *
 * @throws VideoError CONFIG for anything else, such as a percentage.
 */
export function fractionSetting<Fallback>(
  value: unknown,
  fallback: Fallback,
  { reason, values = {} }: { reason: ErrorReason; values?: ErrorValues },
): number | Fallback {
  if (value === undefined || value === null || value === "") return fallback;
  const number = parseFraction(value);
  if (number !== undefined) return number;
  throw new VideoError("CONFIG", reason, { values: { ...values, value: describeValue(value) } });
}

/**
 * Reads a node's settings once, from what is saved in the flow to what its work needs.
 *
 * @param read throws a VideoError CONFIG when one of them cannot be used.
 * @returns gives them, or throws that error each time: at deploy time, and for every message.
 */
export function settingsOf<Settings>(saved: object, read: () => Settings): () => Settings {
  let settings: Settings;
  let error: unknown;
  try {
    refuseUnsetVariables(saved);
    settings = read();
  } catch (caught) {
    error = caught;
  }
  return () => {
    if (error !== undefined) throw error;
    return settings;
  };
}

/**
 * Says at deploy time what cannot work, not only when the first message comes: as an error in the log and a red ring.
 *
 * @param checks each throws a VideoError when something is wrong.
 */
export function checkConfig(
  node: { reportConfigError(error: VideoError): void },
  ...checks: (() => unknown)[]
): void {
  for (const check of checks)
    try {
      check();
    } catch (error) {
      if (!(error instanceof VideoError)) throw error;
      node.reportConfigError(error);
    }
}

/** What says nothing to the work: a name may be anything. */
const notSettings = new Set(["name", "info", "env"]);
/** An expression in braces may look like a variable. */
const variableName = /^[\w.-]+$/;

function refuseUnsetVariables(saved: object): void {
  for (const [name, value] of Object.entries(saved)) {
    if (notSettings.has(name)) continue;
    const unset = typeof value === "string" ? variableIn(value) : undefined;
    if (unset && variableName.test(unset))
      throw new VideoError("CONFIG", "unsetVariable", { values: { variable: unset } });
    if (typeof value === "object" && value !== null) refuseUnsetVariables(value);
  }
}
