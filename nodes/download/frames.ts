import type { Outcome } from "../runtime/runner/step";
import { noteCounts, type ResultRequest } from "./result-request";
import { sendSequence } from "./sequence";
import { withSpooledResult } from "./spool";

/** Output `frames`: one message for each frame. */
export function sendFrames(request: ResultRequest): Promise<Outcome> {
  const { task, settings } = request;
  const { filter, skipEmpty } = settings;
  return withSpooledResult(request, async (result) => {
    noteCounts(task, result.summary);
    const count = skipEmpty ? undefined : result.summary.frames;
    const sent = await sendSequence(request, result.batches(filter, { skipEmpty }), count);
    return { done: "framesSent", values: { count: sent } };
  });
}
