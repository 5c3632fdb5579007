// Imported by the dialogs as well: nothing of Node.js or Node-RED here.

/** A number as people write it in a field, in decimal digits; undefined for anything else, nothing at all included. */
export function parseNumber(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  const text = typeof value === "string" ? value.trim() : "";
  return /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,2})?$/i.test(text) ? Number(text) : undefined;
}

/** A number from 0 to 1, with a decimal point or, where it can mean nothing else, a decimal comma. */
export function parseFraction(value: unknown): number | undefined {
  const number = parseNumber(typeof value === "string" ? value.replace(",", ".") : value);
  return number !== undefined && number >= 0 && number <= 1 ? number : undefined;
}
