import path from "node:path";
import type { Node, NodeAPI, NodeMessage } from "node-red";
import { encodePart, VideoError } from "../roboflow";

/** What a template makes, which decides how `{{x}}` is escaped; `{{{x}}}` never is. */
export type EscapeContext = "text" | "url" | "path";

const escapes: Record<EscapeContext, (value: string) => string> = {
  text: (value) => value,
  // A part of nothing but dots would climb in a URL's path even when percent-encoded.
  url: (value) => (/^\.{1,2}$/.test(value) ? "_".repeat(value.length) : encodePart(value)),
  path: (value) =>
    value
      .replace(/[/\\\0]/g, "_")
      .replace(/\.\.+/g, (dots) => "_".repeat(dots.length))
      .replace(/^\.$/, "_"),
};

/** The scopes beside `msg` that core's template node knows. */
const scopes = /^(?:flow|global)(?:\[([^\]]+)\])?\.(.+)$/;

/** Renders a Mustache template over a message, with `flow.`, `global.` and `env.` as in core's template node. */
export async function render(
  RED: NodeAPI,
  node: Node,
  template: string,
  msg: NodeMessage,
  context: EscapeContext,
): Promise<string> {
  if (!hasTag(template)) return template;
  const { default: mustache } = await import("mustache");
  let tokens: unknown[];
  try {
    tokens = mustache.parse(template) as unknown[];
  } catch (cause) {
    throw new VideoError("INPUT", "template", { values: { template }, cause });
  }
  const outside = new Map<string, unknown>();
  await Promise.all(
    namesIn(tokens).map(async (name) => {
      const value = await lookUpOutside(RED, node, name);
      if (value.found) outside.set(name, value.value);
    }),
  );

  class MessageContext extends mustache.Context {
    override lookup(name: string): unknown {
      return super.lookup(name) ?? outside.get(name);
    }
    override push(view: unknown): MessageContext {
      return new MessageContext(view, this);
    }
  }
  let rendered: string;
  try {
    rendered = new mustache.Writer().render(template, new MessageContext(msg), undefined, {
      escape: (value: unknown) => escapes[context](asText(value)),
    });
  } catch (cause) {
    // A value that cannot be written as a text: an object that holds itself, say.
    throw new VideoError("INPUT", "expression", { values: { value: template, type: "{{…}}" }, cause });
  }
  if (context === "path" && !hasRaw(tokens) && leadsElsewhere(rendered, template))
    throw new VideoError("INPUT", "pathLeavesFolder", { values: { template } });
  return rendered;
}

/** Whether a text is a template, whose value only a message has. */
export const hasTag = (text: string): boolean => text.includes("{{");

/** Whether a template is one single tag, so that nothing around it says where its value lands. */
export const isSingleTag = (template: string): boolean => /^\s*\{\{\{?[^{}]+\}?\}\}\s*$/.test(template);

/** Empty values can do what no single value may: join dots to a climb, or leave a slash to stand first. */
function leadsElsewhere(rendered: string, template: string): boolean {
  const plain = template.replace(/\{\{\{?[^{}]*\}\}\}?/g, "x");
  return climbs(rendered) > climbs(plain) || (path.isAbsolute(rendered) && !path.isAbsolute(plain));
}

const climbs = (file: string) => file.split(/[\\/]/).filter((part) => part === ".." || part === ".").length;
const asText = (value: unknown) => (typeof value === "object" ? JSON.stringify(value) : String(value));

function hasRaw(tokens: unknown[]): boolean {
  return tokens.some(
    (token) => Array.isArray(token) && (token[0] === "&" || (Array.isArray(token[4]) && hasRaw(token[4]))),
  );
}

/** Names of all tags, those inside sections included. */
function namesIn(tokens: unknown[]): string[] {
  const names = new Set<string>();
  for (const token of tokens as [string, string, number, number, unknown[]?][]) {
    const [kind, name, , , inner] = token;
    if (kind !== "text" && kind !== "!") names.add(name);
    if (Array.isArray(inner)) for (const nested of namesIn(inner)) names.add(nested);
  }
  return [...names];
}

async function lookUpOutside(
  RED: NodeAPI,
  node: Node,
  name: string,
): Promise<{ found: boolean; value?: unknown }> {
  if (name.startsWith("env."))
    return { found: true, value: RED.util.evaluateNodeProperty(name.slice(4), "env", node, {}) };
  const [, store, key] = scopes.exec(name) ?? [];
  if (!key) return { found: false };
  const context = node.context()[name.startsWith("flow") ? "flow" : "global"];
  const value = await new Promise((resolve, reject) => {
    const answer = (error: Error | null, found: unknown) => (error ? reject(error) : resolve(found));
    context.get(key, store as string, answer as never);
  });
  return { found: true, value };
}
