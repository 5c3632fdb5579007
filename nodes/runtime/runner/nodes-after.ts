import type { NodeAPI } from "node-red";

/** A node as Node-RED runs it: where its wires and, for a link node, its links lead. */
interface Wired {
  wires?: string[][];
  links?: string[];
}

/** IDs of all nodes that a message from this one may reach, whatever stands between them. */
export function nodesAfter(RED: NodeAPI, id: string): Set<string> {
  const found = new Set<string>();
  const open = [id];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const { wires = [], links = [] } = (RED.nodes.getNode(at) ?? {}) as Wired;
    for (const next of [...wires.flat(), ...links]) {
      if (found.has(next)) continue;
      found.add(next);
      open.push(next);
    }
  }
  return found;
}
