import type { NodeAPI } from "node-red";
import english from "../locales/en-US/account.json";
import { type ErrorReason, type ErrorValues, type ValueDescription, withoutSecrets } from "../roboflow";
import { fill } from "./fill";

/** The catalogue that all nodes share stands beside the account node. */
const namespace = "@camera-flows/node-red-roboflow-video/roboflow-video-account";

type Catalogue = typeof english;

/** `errors.noKey`, `status.uploaded` and so on: a key without a sentence in the English catalogue does not compile. */
export type TextKey = {
  [Group in keyof Catalogue]: `${Group}.${keyof Catalogue[Group] & string}`;
}[keyof Catalogue];
export type StatusKey = keyof Catalogue["status"];
export type WarningKey = keyof Catalogue["warnings"];
export type StepName = keyof Catalogue["steps"];

/** Values for the `__name__` placeholders of a sentence; foreign texts as they are. */
export type TextValues = ErrorValues;

/** A sentence of the shared catalogue in the server's language, at most 1,000 characters with its values. */
export const text = (
  RED: NodeAPI,
  key: TextKey,
  values: TextValues = {},
  secrets: readonly string[] = [],
): string => fill(sentence(RED, key), shownValues(RED, values, { secrets }));

/**
 * The bare sentence of a key, its placeholders in it: i18next never sees a value, since it would look for further keys
 * in it (`$t(…)`), in exponential time. English where the catalogue was not loaded, as when a node runs outside a real
 * Node-RED, since an error without its words helps nobody.
 */
export function sentence(RED: NodeAPI, key: TextKey): string {
  const found = RED._(catalogueKey(key)) as unknown;
  return typeof found === "string" && !found.endsWith(key) ? found : englishSentence(key);
}

/** A key as the editor looks it up, which knows the catalogues of all nodes. */
export const catalogueKey = (key: TextKey): string => `${namespace}:${key}`;

/** Whether there is such a status: what is read from disk may be of another version. */
export const isStatusKey = (key: string | undefined): key is StatusKey =>
  key !== undefined && Object.hasOwn(english.status, key);

/** What a dialog says for a reason: a sentence of its own where the one for messages would not fit. */
export const dialogKey = (reason: ErrorReason): TextKey =>
  Object.hasOwn(english.dialog, reason)
    ? `dialog.${reason as keyof Catalogue["dialog"]}`
    : `errors.${reason}`;

/** Whether a sentence takes values. */
export const takesValues = (key: TextKey): boolean => englishSentence(key).includes("__");

function englishSentence(key: TextKey): string {
  const [group, name] = key.split(".") as [keyof Catalogue, string];
  return (english[group] as Record<string, string>)[name] ?? key;
}

interface Shown {
  /** Never to be shown. */
  secrets?: readonly string[];
  /** Characters of each. */
  longest?: number;
}

/** Values as they may be shown: without secrets, of bounded length, descriptions in words. */
export function shownValues(
  RED: NodeAPI,
  values: TextValues,
  { secrets, longest }: Shown = {},
): Record<string, string | number> {
  const shown = (value: TextValues[string]) => {
    if (typeof value === "number") return value;
    if (typeof value === "string") return withoutSecrets(value, secrets, longest);
    if ("term" in value) return sentence(RED, `seems.${value.term}`);
    return inWords(RED, value, secrets);
  };
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, shown(value)]));
}

/** Characters of a found text that are shown. */
const longestFound = 100;

function inWords(RED: NodeAPI, description: ValueDescription, secrets?: readonly string[]): string {
  const { found, ...values } = description;
  const length = "length" in values ? grouped(RED, values.length) : "";
  const start = "text" in values ? withoutSecrets(values.text, secrets, longestFound) : "";
  return found === "bare" ? start : fill(sentence(RED, `found.${found}`), { start, length });
}

/** `224,193` in the language that the sentences are in. */
const grouped = (RED: NodeAPI, count: number) =>
  new Intl.NumberFormat(sentence(RED, "found.language")).format(count);
