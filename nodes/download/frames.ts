import type { Outcome } from "../runtime/runner/step";
import { FramePreview } from "./preview";
import type { ResultRequest } from "./result-request";
import { sendSequence } from "./sequence";
import { withFilteredResult } from "./spool";

/** Output `frames`: one message for each frame. */
export function sendFrames(request: ResultRequest): Promise<Outcome> {
  const { filter, skipEmpty } = request.settings;
  return withFilteredResult(request, async (result) => {
    const preview = new FramePreview();
    const frames = preview.watch(result.batches(filter, { skipEmpty }));
    const count = skipEmpty ? undefined : result.summary.frames;
    const sent = await sendSequence(request, frames, { count, progress: "frame" });
    request.keepPreview(preview.rows);
    return { done: "framesSent", values: { count: sent } };
  });
}
