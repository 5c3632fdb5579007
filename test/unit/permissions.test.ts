import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import type { NodeAPI } from "node-red";
import { registerAccountRoutes } from "../../nodes/account/admin";
import { registerPreviewRoutes } from "../../nodes/download/admin";
import { registerPendingJobsRoutes } from "../../nodes/poll/admin";
import { guards } from "../../nodes/runtime/admin";

const nodes = path.join(__dirname, "..", "..", "nodes");

test("every endpoint asks for a permission, is for this origin only, and takes JSON with a header where it uses the key or changes something", () => {
  const asked: Record<string, unknown[]> = {};
  const note =
    (method: string) =>
    (place: string, ...handlers: unknown[]) => {
      asked[`${method} ${place}`] = handlers.slice(0, -1);
    };
  const RED = {
    auth: { needsPermission: (permission: string) => permission },
    httpAdmin: { get: note("GET"), post: note("POST") },
  } as unknown as NodeAPI;
  registerAccountRoutes(RED);
  registerPendingJobsRoutes(RED);
  registerPreviewRoutes(RED);
  assert.deepEqual(asked, {
    "POST /roboflow-video/account/test": ["roboflow-video-account.write", ...guards.POST],
    "POST /roboflow-video/account/:id/models": ["roboflow-video-account.write", ...guards.POST],
    "GET /roboflow-video/poll/:id/jobs": ["roboflow-video-poll.read", ...guards.GET],
    "POST /roboflow-video/poll/:id/forget": ["roboflow-video-poll.write", ...guards.POST],
    "GET /roboflow-video/download/:id/preview": ["roboflow-video-download.read", ...guards.GET],
  });
});

test("no endpoint of the editor's is registered anywhere else", () => {
  const files = readdirSync(nodes, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".ts"),
  );
  const registering = files.filter((file) =>
    readFileSync(path.join(nodes, file), "utf8").includes("RED.httpAdmin."),
  );
  assert.deepEqual(registering, [path.join("runtime", "admin.ts")]);
});
