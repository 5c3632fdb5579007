import type { NodeAPI } from "node-red";
import { registerRoutes } from "../runtime/admin";
import type { PageAccess } from "./options";

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
