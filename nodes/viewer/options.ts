// Imported by the dialog as well: nothing of Node.js or Node-RED here.

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

/** A path or the beginning of one, to which another can be added. */
export function withoutSlashAtEnd(path: string): string {
  let end = path.length;
  while (path[end - 1] === "/") end--;
  return path.slice(0, end);
}

/**
 * The path of a page in one spelling: with a slash in front and none behind.
 *
 * @returns undefined for a path that cannot be used: only what needs no escaping in a URL, and nothing that a browser or
 *   a proxy would resolve to another path.
 */
export function normalPath(text: string): string | undefined {
  const path = withoutSlashAtEnd(`/${text.trim()}`.replace(/^\/+/, "/"));
  const parts = path.split("/").slice(1);
  const isPlain = parts.every((part) => /^[\w.~-]+$/.test(part) && part !== "." && part !== "..");
  return path.length <= longestPath && path !== "" && isPlain ? path : undefined;
}
