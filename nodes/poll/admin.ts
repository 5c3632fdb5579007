import type { NodeAPI } from "node-red";
import { registerRoutes, unknownNode } from "../runtime/admin";
import type { PollNode } from "./pending-jobs";

/** The endpoints behind the list of pending jobs in the poll node's dialog. */
export function registerPendingJobsRoutes(RED: NodeAPI): void {
  const find = (id: string | undefined) => {
    const node = RED.nodes.getNode(String(id)) as PollNode | null;
    return typeof node?.pendingJobs === "function" ? node : undefined;
  };

  registerRoutes(RED, "poll", {
    "GET :id/jobs": ({ params }) => {
      const node = find(params.id);
      return node ? { jobs: node.pendingJobs() } : unknownNode;
    },
    "POST :id/forget": ({ params, body }) => {
      const node = find(params.id);
      node?.forget(String(body.entry ?? ""));
      return node ? undefined : unknownNode;
    },
  });
}
