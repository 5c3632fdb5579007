import type { NodeAPI } from "node-red";
import english from "../locales/en-US/account.json";

/** The catalogue that all nodes share stands beside the account node. */
const namespace = "@camera-flows/node-red-roboflow-video/roboflow-video-account";

/** Values for the `__name__` placeholders of a text. */
export type TextValues = Record<string, string | number>;

/**
 * A text of the shared catalogue in the server's language; in English where the catalogue was not loaded, as
 * when a node runs outside a real Node-RED, since an error without its words helps nobody.
 */
export function text(RED: NodeAPI, key: string, values: TextValues = {}): string {
  const found = RED._(`${namespace}:${key}`, values as never) as unknown;
  if (typeof found === "string" && !found.endsWith(key)) return found;
  return fill(lookUp(key) ?? key, values);
}

function lookUp(key: string): string | undefined {
  let found: unknown = english;
  for (const part of key.split(".")) found = (found as Record<string, unknown> | undefined)?.[part];
  return typeof found === "string" ? found : undefined;
}

const fill = (template: string, values: TextValues) =>
  template.replace(/__(\w+?)__/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
