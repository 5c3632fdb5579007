import type { RequestKind } from "./ledger";

export interface Route {
  kind: RequestKind;
  /** The parts of the path. */
  parts: string[];
}

/** @returns what a request is about, from its method and path. Both spellings of the API's paths count: `/x/` and `/x`. */
export function route(method: string, pathname: string): Route {
  const parts = pathname.split("/").filter(Boolean).map(decoded);
  return { kind: kindOf(method, parts), parts };
}

function kindOf(method: string, [first, ...more]: string[]): RequestKind {
  if (first === "roboflow_video_inference_input") return method === "PUT" ? "put" : "other";
  if (first === "roboflow_video_inference_output") return method === "GET" ? "result" : "other";
  if (first === "video_upload_signed_url" && more.length === 0)
    return method === "POST" ? "signed-url" : "other";
  if (first === "videoinfer" && more.length === 0) {
    if (method === "POST") return "start";
    return method === "GET" ? "status" : "other";
  }
  if (method !== "GET" || more.length > 1) return "other";
  if (first === undefined) return "key";
  return more.length === 0 ? "workspace" : "project";
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
