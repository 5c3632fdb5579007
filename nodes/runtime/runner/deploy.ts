import type { Node, NodeAPI } from "node-red";

/** What Node-RED says with `flows:stopping`: what kind of deploy it is, and which ids it is about. */
export interface Deploy {
  type?: string;
  diff?: Partial<Record<(typeof diffLists)[number], string[]>>;
}

const diffLists = ["added", "changed", "removed", "rewired", "linked", "flowChanged"] as const;

/** Nodes by which a message may leave its tab. */
const leavesTab = /^(?:link (?:out|call)|subflow:.*)$/;

/**
 * Whether a deploy may lose what a node has just sent, because it stops a node that the message was on its way to.
 * True in case of doubt: where a message goes is known as far as its tab only, and for a tab without links.
 */
export function mayLose(RED: NodeAPI, deploy: Deploy | undefined): (node: Node) => boolean {
  const { type, diff } = deploy ?? {};
  if ((type !== "nodes" && type !== "flows") || !diff) return () => true;
  const changed = new Set(diffLists.flatMap((list) => diff[list] ?? []));
  const closedTabs = new Set<string>();
  RED.nodes.eachNode(({ id, type }) => {
    if ((type as string) === "tab" && !changed.has(id)) closedTabs.add(id);
  });
  RED.nodes.eachNode((node) => {
    const { type, z } = node as { type: string; z?: string };
    if (z && leavesTab.test(type)) closedTabs.delete(z);
  });
  return ({ id, z }) => !z || !closedTabs.has(z) || changed.has(id);
}
