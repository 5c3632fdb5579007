import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** A node as it stands in a flow. */
export interface FlowPart {
  id: string;
  type: string;
  outputs?: number;
  wires?: string[][];
}

/** What Node-RED would stumble over when it imports a flow: unknown types, wires to nowhere, an ID that is there twice. */
export function flowProblems(flow: FlowPart[], manifest: { "node-red": { nodes: object } }): string[] {
  const known = new Set([...coreTypes(), ...Object.keys(manifest["node-red"].nodes)]);
  const ids = flow.map(({ id }) => id);
  const problems: string[] = [];
  for (const { id, type, outputs, wires = [] } of flow) {
    if (!known.has(type) && !type.startsWith("subflow:")) problems.push(`unknown type ${type}`);
    if (ids.indexOf(id) !== ids.lastIndexOf(id)) problems.push(`ID ${id} is there twice`);
    if (outputs !== undefined && wires.length > outputs) problems.push(`${id} has more wires than outputs`);
    for (const target of wires.flat())
      if (!ids.includes(target)) problems.push(`${id} is wired to ${target}`);
  }
  return [...new Set(problems)];
}

/** The types that Node-RED brings itself. */
function coreTypes(): string[] {
  const folder = path.join(__dirname, "..", "..", "node_modules", "@node-red", "nodes", "core");
  const types = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".html") && !file.startsWith("locales"))
    .flatMap((file) => [
      ...readFileSync(path.join(folder, file), "utf8").matchAll(/data-template-name="([^"]+)"/g),
    ])
    .map(([, type]) => type as string);
  return ["tab", "group", "subflow", ...types];
}
