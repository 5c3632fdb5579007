import { readSummary } from "../roboflow";
import type { Outcome } from "../runtime/runner/step";
import { previewOfEvents } from "./preview";
import type { ResultRequest } from "./result-request";
import { withFilteredResult } from "./spool";

/** Output `summary`: one message for the clip, whatever was detected. */
export function sendSummary(request: ResultRequest): Promise<Outcome> {
  const { settings, task } = request;
  const { msg } = task;
  return withFilteredResult(request, async (result) => {
    const summary = await readSummary(result, settings.filter, settings.events);
    request.keepPreview(previewOfEvents(summary.events, summary.events.length));
    msg.payload = summary;
    return { msg, done: "summarySent" };
  });
}
