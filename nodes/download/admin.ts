import type { Node, NodeAPI } from "node-red";
import { registerRoutes, unknownNode } from "../runtime/admin";
import type { Preview } from "./preview-rows";

/** A download node, with what came out last since it was deployed. */
export interface DownloadNode extends Node {
  preview?: Preview;
}

/** The endpoint behind the preview in the download node's dialog. */
export function registerPreviewRoutes(RED: NodeAPI): void {
  registerRoutes(RED, "download", {
    "GET :id/preview": ({ params }) => {
      const node = RED.nodes.getNode(String(params.id)) as DownloadNode | null;
      return node?.type === "roboflow-video-download" ? { preview: node.preview } : unknownNode;
    },
  });
}
