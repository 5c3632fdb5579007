import { checkResultSize } from "../roboflow";
import type { Outcome } from "../runtime/runner/step";
import { noteCounts, type ResultRequest } from "./result-request";
import { withSpooledResult } from "./spool";

/** Output `results`: the whole result as one value. */
export function sendResult(request: ResultRequest): Promise<Outcome> {
  const { task } = request;
  const { msg } = task;
  return withSpooledResult({ ...request, checkSize: checkResultSize }, async (result) => {
    msg.payload = await result.value();
    noteCounts(task, result.summary);
    return { msg, done: "downloaded" };
  });
}
