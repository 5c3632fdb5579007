// Imported by the dialogs and the viewer's page as well: nothing of Node.js or Node-RED here.

import { shorten } from "../roboflow/shorten";

/** Characters of a text that people read: an error, a warning, a line in a dialog. */
const longestText = 1000;

/**
 * Puts values in the place of their `__name__` in a sentence of ours, as they are: what looks like a placeholder, a
 * nested key or a pattern in a value is text like any other. A name without a value stays.
 *
 * @param longest characters of the outcome. The sentence is never cut; values that are too long share what it leaves.
 */
export function fill(
  sentence: string,
  values: Record<string, string | number>,
  longest: number = longestText,
): string {
  // What stands between the names is at even places.
  const parts = sentence.split(/__(\w+?)__/).map((part, at) => {
    if (at % 2 === 0) return { text: part };
    return Object.hasOwn(values, part)
      ? { text: String(values[part]), isValue: true }
      : { text: `__${part}__` };
  });
  const lengthOf = (some: typeof parts) => some.reduce((length, { text }) => length + text.length, 0);
  const foreign = parts.filter(({ isValue }) => isValue);
  const room = longest - (lengthOf(parts) - lengthOf(foreign));
  const share = fairShare(
    foreign.map(({ text }) => text.length),
    room,
  );
  return parts.map(({ text, isValue }) => (isValue ? shorten(text, share) : text)).join("");
}

/** The length to which each of several texts is cut so that all fit: short ones leave what they do not need to the others. */
function fairShare(lengths: number[], room: number): number {
  let left = room;
  for (const [done, length] of lengths.sort((one, other) => one - other).entries()) {
    const share = Math.floor(left / (lengths.length - done));
    if (length > share) return share;
    left -= length;
  }
  return Number.POSITIVE_INFINITY;
}
