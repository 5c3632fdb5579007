import type { Node, NodeAPI, NodeMessage } from "node-red";
import { isHttpUrl, VideoError } from "../roboflow";
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
