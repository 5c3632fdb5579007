import { type ResultSummary, shorten } from "../roboflow";
import type { ResultRequest } from "./result-request";

/** Names of a list that are shown, and characters of each: a result may hold any number, of any length. */
const mostNames = 8;
const longestName = 40;

/**
 * Warns of classes in the filter that a result does not have, with those that it has: a name that is misspelled would
 * keep everything out without a word.
 */
export function warnOfUnseenClasses(
  { settings, warn }: Pick<ResultRequest, "settings" | "warn">,
  { detections, classes }: ResultSummary,
): void {
  const missing = settings.filter.classes.filter((name) => !Object.hasOwn(classes, name));
  if (missing.length === 0 || detections === 0) return;
  const seen = Object.keys(classes);
  const wanted = new Set(missing.map(folded));
  const similar = seen.filter((name) => wanted.has(folded(name)));
  const values = { missing: listOf(missing), seen: listOf(seen) };
  if (similar.length > 0) warn("classesInOtherCase", { ...values, similar: listOf(similar) });
  else warn("classesNotDetected", values);
}

const folded = (name: string) => name.toLowerCase();

function listOf(names: string[]): string {
  const shown = names.slice(0, mostNames).map((name) => `"${shorten(name, longestName)}"`);
  return [...shown, ...(names.length > mostNames ? ["…"] : [])].join(", ");
}
