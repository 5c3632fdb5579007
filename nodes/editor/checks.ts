import { parseFraction, parseNumber } from "../runtime/numbers";
import type { EditorNode, ValidationOptions, Validator } from "./red";
import { sharedWords } from "./words";

/** Says what is wrong with a value, or nothing when all is well. */
export type Objection = (text: string, type: string) => string | undefined;

/** `${NAME}` is replaced when the flow is deployed, so that it cannot be judged here. */
export const isVariable = (text: string): boolean => /^\$(?:\{[^{}]+\}|\([^()]+\))$/.test(text.trim());

/** The same for a template: what a tag yields is known when a message comes. */
export const isKnownLater = (text: string): boolean => isVariable(text) || text.includes("{{");

/** A property that is no template and has no further structure. One that an older flow does not have stands at its default, which is fine. */
export const plain =
  <Options>(objection: Objection): Validator<Options> =>
  (value, options) => {
    if (value === undefined || value === null) return true;
    return verdict(isVariable(String(value)) ? undefined : objection(String(value).trim(), "str"), options);
  };

/** A typedInput: never empty, well formed for its type, and, as far as its value stands in the node, without objection. */
export const typed = <Options>(
  typeField: keyof Options & string,
  objection?: Objection,
): Validator<Options> =>
  function (this: EditorNode<Options>, value: unknown, options: ValidationOptions | undefined) {
    if (value === undefined || value === null) return true;
    const text = String(value);
    if (text.trim() === "") return verdict(sharedWords("validate.missing"), options);
    // While the dialog is open, its hidden field is ahead of the node.
    const type = String($(`#node-input-${typeField}`).val() || this[typeField] || "");
    const wellFormed = RED.utils.validateTypedProperty(text, type, options ?? {});
    if (wellFormed !== true) return wellFormed;
    return verdict(isKnownLater(text) ? undefined : objection?.(text.trim(), type), options);
  };

const verdict = (problem: string | undefined, options: ValidationOptions | undefined): true | string => {
  if (!problem) return true;
  return options?.label ? `${options.label}: ${problem}` : problem;
};

/** A number in decimal digits within bounds; `words` says what is allowed. */
export function numberWithin(
  words: () => string,
  { min, max = Number.POSITIVE_INFINITY, whole = false }: { min: number; max?: number; whole?: boolean },
): Objection {
  return (text) => {
    const number = parseNumber(text);
    const fits =
      number !== undefined && number >= min && number <= max && (!whole || Number.isInteger(number));
    return fits ? undefined : words();
  };
}

/** A number from 0 to 1; nothing at all stands for the default. */
export const fraction =
  (words: () => string): Objection =>
  (text) =>
    text === "" || parseFraction(text) !== undefined ? undefined : words();
