import type { NodeMessage } from "node-red";
import { copierWithoutPayload } from "../runtime/message";
import { Pace } from "./pace";
import type { ResultRequest } from "./result-request";

/** All downloads of this process keep it together: they may send to the same node. */
const pace = new Pace();

/**
 * Sends one message for each item, in order, with `msg.parts` so that core's join node can put them together again.
 *
 * @param batches the items, as many at a time as there are at hand.
 * @param count of all items; where it is not known before the last one, only that one tells.
 * @param progress what the status counts.
 * @returns how many were sent.
 */
export async function sendSequence(
  { RED, task }: Pick<ResultRequest, "RED" | "task">,
  batches: AsyncIterable<Iterable<unknown>> | Iterable<Iterable<unknown>>,
  { count, progress }: { count: number | undefined; progress: "frame" | "event" },
): Promise<number> {
  const message = messagesOf(RED, task);
  let sent = 0;
  const send = async (payload: unknown, count: number | undefined) => {
    if (await pace.next()) {
      task.working(progress, { number: sent });
      await task.flowsRunning();
      task.signal.throwIfAborted();
    }
    task.send(message(payload, sent, count));
    sent += 1;
  };

  await task.flowsRunning();
  // Which item is the last is known only when the next one is not there.
  let held: unknown;
  for await (const batch of batches) {
    for (const item of batch) {
      if (count !== undefined) await send(item, count);
      else if (held !== undefined) await send(held, undefined);
      held = item;
    }
  }
  if (count === undefined && held !== undefined) await send(held, sent + 1);
  return sent;
}

/** Classes that each message has a copy of: more than a model has. */
const mostClasses = 2000;

/** Makes the messages of a sequence: everything but the payload and the parts is a copy of the one that came in. */
function messagesOf(RED: ResultRequest["RED"], { id, msg }: ResultRequest["task"]) {
  const { classes, ...clip } = msg.roboflow;
  // Copies of very many, for very many frames, would take the square of the result's size: then all messages share one.
  const shared = Object.keys(classes ?? {}).length > mostClasses ? Object.freeze({ ...classes }) : undefined;
  const copy = copierWithoutPayload(RED, shared ? { ...msg, roboflow: clip } : msg);
  return (payload: unknown, index: number, count: number | undefined): NodeMessage => {
    // Filled in, not spread into another object: V8 puts what `{ ...rest }` needs into its old space, 350 bytes a message.
    // 300 MB of frames took 85 to 97 MB over idle so, and 50 MB like this.
    const message = copy();
    const outerParts = message.parts;
    message.payload = payload;
    message.parts = {
      id,
      type: "array",
      index,
      ...(count === undefined ? {} : { count }),
      len: 1,
      ...(outerParts ? { parts: outerParts } : {}),
    };
    if (shared) Object.assign(message.roboflow as object, { classes: shared });
    return message as NodeMessage;
  };
}
