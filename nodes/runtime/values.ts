import type { Node, NodeAPI, NodeMessage } from "node-red";
import { describeValue, type ErrorReason, type ErrorValues, isHttpUrl, VideoError } from "../roboflow";
import { parseFraction, parseNumber } from "./numbers";
import { type EscapeContext, isSingleTag, render } from "./templates";

/** A typedInput as saved: `value` read by its `type`. */
export interface TypedValue {
  value: string | number;
  type: string;
}

/**
 * What a typedInput of a node holds for a message; undefined where the message has nothing. A `str` is a template.
 * A text comes without the white space around it: what is copied or read from a file often ends in a line break.
 *
 * @throws VideoError INPUT when an expression cannot be evaluated.
 */
export async function readInput(
  RED: NodeAPI,
  node: Node,
  input: TypedValue,
  msg: NodeMessage,
  context: EscapeContext | "video",
): Promise<unknown> {
  const { value, type } = input;
  const found =
    type === "str"
      ? await renderValue(RED, node, String(value), msg, context)
      : await evaluate(RED, node, input, msg);
  return typeof found === "string" ? found.trim() : found;
}

async function evaluate(RED: NodeAPI, node: Node, { value, type }: TypedValue, msg: NodeMessage) {
  try {
    return await new Promise<unknown>((resolve, reject) => {
      const answer = (error: Error | null, found?: unknown) => (error ? reject(error) : resolve(found));
      RED.util.evaluateNodeProperty(String(value), type as never, node, msg, answer as never);
    });
  } catch (cause) {
    // msg.a.b where msg.a is missing: there is no value, which whoever asked can say better.
    if (type === "msg" && cause instanceof TypeError) return undefined;
    throw new VideoError("INPUT", "expression", { values: { value, type }, cause });
  }
}

async function renderValue(
  RED: NodeAPI,
  node: Node,
  template: string,
  msg: NodeMessage,
  context: EscapeContext | "video",
): Promise<string> {
  if (context === "text" || context === "path") return render(RED, node, template, msg, context);
  // A field that is one tag and nothing else has no folder or address around it to protect.
  if (isSingleTag(template)) return render(RED, node, template, msg, "text");
  const isUrl = context === "url" || isHttpUrl(template.replace(/\{\{.*/s, "x"));
  return render(RED, node, template, msg, isUrl ? "url" : "path");
}

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
