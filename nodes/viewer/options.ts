// Imported by the dialog as well: nothing of Node.js or Node-RED here.

import { withoutSlashesAtEnd } from "../roboflow/http/urls";

/** What a viewer node holds as saved in a flow. */
export interface ViewerOptions {
  name: string;
  /** Path of the page, below the `httpNodeRoot` of Node-RED. */
  path: string;
  /** Clips whose detections are kept; those of older ones are deleted. */
  keepClips: number;
}

export const viewerDefaults: ViewerOptions = {
  name: "",
  path: "/video",
  keepClips: 50,
};

/** Characters of a path. */
const longestPath = 200;

/**
 * The path of a page in one spelling: with a slash in front and none behind.
 *
 * @returns undefined for a path that cannot be used: only what needs no escaping in a URL, and nothing that a browser or
 *   a proxy would resolve to another path.
 */
export function normalPath(text: string): string | undefined {
  const path = withoutSlashesAtEnd(`/${text.trim()}`.replace(/^\/+/, "/"));
  const parts = path.split("/").slice(1);
  const isPlain = parts.every((part) => /^[\w.~-]+$/.test(part) && part !== "." && part !== "..");
  return path.length <= longestPath && path !== "" && isPlain ? path : undefined;
}

/** What the dialog is told of who can open the page; nothing of a user or a password. */
export interface PageAccess {
  /** Below which path pages of flows are served; null where they are not. */
  root: string | null;
  /** Whether Node-RED's settings ask for a password, or have something that may. */
  guard: "password" | "middleware" | "none";
}
