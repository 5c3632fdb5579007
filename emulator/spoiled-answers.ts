import { type Answer, apiError, json, storageError } from "./answers";
import type { Fault } from "./faults";

/** The answer that a fault puts in the place of the right one; undefined when it spoils the right one on its way. */
export function answerInstead(fault: Fault): Answer | undefined {
  const answer = bare(fault);
  if (!answer) return undefined;
  Object.assign(answer.headers, retryAfter(fault), lowerCase(fault.headers ?? {}));
  if (fault.early) answer.close = true;
  return answer;
}

function bare(fault: Fault): Answer | undefined {
  switch (fault.do) {
    case "answer":
      return ordered(fault);
    case "html":
      return {
        status: fault.status ?? 502,
        headers: { "content-type": "text/html" },
        body: "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>",
      };
    case "empty":
      return { status: fault.status ?? 200, headers: {}, body: "" };
    case "not-json":
      return {
        status: fault.status ?? 200,
        headers: { "content-type": "application/json" },
        body: "this is not JSON",
      };
    case "wrong-shape":
      return json(fault.status ?? 200, fault.body ?? { hello: "world" });
    case "redirect":
      return {
        status: fault.status ?? 302,
        headers: { location: fault.location ?? "http://elsewhere.invalid/" },
        body: "",
      };
    case "expired":
      return storageError(400, "ExpiredToken", "The provided token has expired.");
    default:
      return undefined;
  }
}

function ordered(fault: Fault): Answer {
  const status = fault.status ?? 500;
  if (typeof fault.body === "string") {
    return { status, headers: { "content-type": "text/plain" }, body: fault.body };
  }
  if (fault.body !== undefined) return json(status, fault.body);
  if (fault.kind === "put" || fault.kind === "result") {
    return storageError(status, fault.message ?? "OrderedFault", "This answer was ordered by a test.");
  }
  return apiError(status, fault.message ?? `ordered answer ${status}`, { shape: fault.shape });
}

function retryAfter({ retryAfter: seconds, retryAfterAs }: Fault): Record<string, string> {
  if (seconds === undefined) return {};
  if (retryAfterAs !== "date") return { "retry-after": String(seconds) };
  // A date knows whole seconds only: rounded up, so that the wait is never shorter than ordered.
  const then = Math.ceil(Date.now() / 1000 + seconds) * 1000;
  return { "retry-after": new Date(then).toUTCString() };
}

function lowerCase(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
