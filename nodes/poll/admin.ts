import type { NodeAPI } from "node-red";
import type { PollNode } from "./pending";

/** The endpoints behind the list of pending jobs in the poll node's dialog. */
export function registerPendingJobsRoutes(RED: NodeAPI): void {
  const find = (id: unknown) => {
    const node = RED.nodes.getNode(String(id)) as PollNode | null;
    return typeof node?.pendingJobs === "function" ? node : undefined;
  };

  RED.httpAdmin.get(
    "/roboflow-video/poll/:id/jobs",
    RED.auth.needsPermission("roboflow-video-poll.read"),
    (request, response) => {
      const node = find(request.params.id);
      if (node) response.json({ jobs: node.pendingJobs() });
      else response.sendStatus(404);
    },
  );

  RED.httpAdmin.post(
    "/roboflow-video/poll/:id/forget",
    RED.auth.needsPermission("roboflow-video-poll.write"),
    (request, response) => {
      const node = find(request.params.id);
      node?.forget(String(request.body?.entry ?? ""));
      response.sendStatus(node ? 204 : 404);
    },
  );
}
