import { readEvents } from "../roboflow";
import type { Outcome } from "../runtime/runner/step";
import { previewOfEvents } from "./preview";
import type { ResultRequest } from "./result-request";
import { sendSequence } from "./sequence";
import { withFilteredResult } from "./spool";

/** Output `events`: one message for each time span in which a class was detected. */
export function sendEvents(request: ResultRequest): Promise<Outcome> {
  const { filter, events: options } = request.settings;
  return withFilteredResult(request, async (result) => {
    const events = await readEvents(result, filter, options);
    request.keepPreview(previewOfEvents(events, events.length));
    const sent = await sendSequence(request, [events], { count: events.length, progress: "event" });
    return { done: "eventsSent", values: { count: sent } };
  });
}
