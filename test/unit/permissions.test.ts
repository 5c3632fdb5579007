import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeAPI } from "node-red";
import { registerAccountRoutes } from "../../nodes/account/admin";
import { registerPendingJobsRoutes } from "../../nodes/poll/admin";

test("every endpoint asks for a permission: to write for what uses the key or changes something", () => {
  const asked: Record<string, string> = {};
  const note = (method: string) => (path: string, permission: string) => {
    asked[`${method} ${path}`] = permission;
  };
  const RED = {
    auth: { needsPermission: (permission: string) => permission },
    httpAdmin: { get: note("GET"), post: note("POST") },
  } as unknown as NodeAPI;
  registerAccountRoutes(RED);
  registerPendingJobsRoutes(RED);
  assert.deepEqual(asked, {
    "POST /roboflow-video/account/test": "roboflow-video-account.write",
    "POST /roboflow-video/account/:id/models": "roboflow-video-account.write",
    "GET /roboflow-video/poll/:id/jobs": "roboflow-video-poll.read",
    "POST /roboflow-video/poll/:id/forget": "roboflow-video-poll.write",
  });
});
