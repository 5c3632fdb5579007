import type { NodeAPI } from "node-red";
import { registerRoutes } from "../runtime/admin";

/** What the dialog is told of who can open the page; nothing of a user or a password. */
export interface PageAccess {
  /** Below which path pages of flows are served; null where they are not. */
  root: string | null;
  /** Whether Node-RED's settings ask for a password, or have something that may. */
  guard: "password" | "middleware" | "none";
}

/** The endpoint behind the viewer's dialog. */
export function registerViewerRoutes(RED: NodeAPI): void {
  registerRoutes(RED, "viewer", { "GET access": () => accessOf(RED) });
}

function accessOf({ settings }: NodeAPI): PageAccess {
  const { httpNodeRoot, httpNodeAuth, httpNodeMiddleware } = settings as unknown as Record<string, unknown>;
  return {
    root: httpNodeRoot === false ? null : typeof httpNodeRoot === "string" ? httpNodeRoot : "/",
    guard: httpNodeAuth ? "password" : httpNodeMiddleware ? "middleware" : "none",
  };
}
