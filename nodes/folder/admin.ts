import { stat } from "node:fs/promises";
import type { NodeAPI } from "node-red";
import { registerRoutes } from "../runtime/admin";
import { resolvePath } from "../runtime/paths";
import type { FolderState } from "./options";

/** Characters of a path that are looked at. */
const longestPath = 4096;

/** The endpoint behind the folder node's dialog: whether a folder is there, and nothing of what is in it. */
export function registerFolderRoutes(RED: NodeAPI): void {
  registerRoutes(RED, "folder", {
    "POST check": async ({ body }): Promise<{ state: FolderState }> => {
      const folder = String(body.folder ?? "").slice(0, longestPath);
      if (!folder || folder.includes("\0")) return { state: "missing" };
      const stats = await stat(resolvePath(RED, folder)).catch(() => undefined);
      if (!stats) return { state: "missing" };
      return { state: stats.isDirectory() ? "folder" : "file" };
    },
  });
}
