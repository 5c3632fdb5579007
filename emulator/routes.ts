import { inputBucket, outputBucket } from "./buckets";
import type { RequestKind } from "./ledger";

export interface Route {
  kind: RequestKind;
  /** The parts of the path. */
  parts: string[];
}

/** @returns what a request is about, from its method and path. Both spellings of the API's paths count: `/x/` and `/x`. */
export function route(method: string, pathname: string): Route {
  const parts = pathParts(pathname);
  return { kind: kindOf(method, parts), parts };
}

/** @returns the parts of a path, decoded. */
export const pathParts = (pathname: string): string[] => pathname.split("/").filter(Boolean).map(decoded);

function kindOf(method: string, [first, ...more]: string[]): RequestKind {
  if (first === inputBucket) return method === "PUT" ? "put" : "other";
  if (first === outputBucket) return method === "GET" ? "result" : "other";
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
