// Imported by the dialogs and the viewer's page as well: nothing of Node.js or Node-RED here.

/** A text of at most `longest` characters: what is cut away shows as an ellipsis, and no character is cut in half. */
export function shorten(text: string, longest: number): string {
  if (text.length <= longest) return text;
  const kept = Math.max(0, longest - 1);
  const splitsPair = isHighSurrogate(text.charCodeAt(kept - 1)) && isLowSurrogate(text.charCodeAt(kept));
  return `${text.slice(0, splitsPair ? kept - 1 : kept)}…`;
}

const isHighSurrogate = (unit: number) => unit >= 0xd800 && unit < 0xdc00;
const isLowSurrogate = (unit: number) => unit >= 0xdc00 && unit < 0xe000;
