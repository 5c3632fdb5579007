import type { NodeAPI } from "node-red";

/** A node as Node-RED runs it: where its wires lead, and in a link out node those of its links. */
interface Wired {
  wires?: string[][];
}

/** IDs of all nodes that a message from this one may reach, whatever stands between them. */
export function nodesAfter(RED: NodeAPI, id: string): Set<string> {
  const found = new Set<string>();
  const open = [id];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const { wires = [] } = (RED.nodes.getNode(at) ?? {}) as Wired;
    for (const next of wires.flat()) {
      if (found.has(next)) continue;
      found.add(next);
      open.push(next);
    }
  }
  return found;
}
