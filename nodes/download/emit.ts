import type { NodeAPI, NodeMessage } from "node-red";
import { nextTurn } from "../event-loop";
import type { ResultFile } from "../roboflow";
import { copierWithoutPayload } from "../runtime/message";
import type { Task } from "../runtime/runner/step";

/** Other nodes get their turn after this many messages or milliseconds, whichever comes first. */
const messagesAtOnce = 16;
const millisecondsAtOnce = 4;
/**
 * Turns of the event loop that they get at most before the next messages are sent. Core's switch node, for one, takes
 * one message a turn and would keep the rest of a long result in memory.
 */
const mostTurns = 64;

/** What is left out of the frames. */
export interface FrameChoice {
  minConfidence: number;
  /** Empty = all. */
  classes: string[];
  skipEmpty: boolean;
}

/**
 * Sends one message a frame, in order, with `msg.parts` so that core's join node can put them together again.
 *
 * @returns how many were sent.
 */
export async function emitFrames(
  RED: NodeAPI,
  result: ResultFile,
  choice: FrameChoice,
  task: Task,
): Promise<number> {
  const { signal } = task;
  const next = frameMessages(RED, task);
  const { skipEmpty } = choice;
  let sent = 0;
  let held: unknown;
  const stretch = new Stretch();

  await task.flowsRunning();
  for await (const frames of result.batches(choice, { skipEmpty })) {
    for (const frame of frames) {
      // Which frame is the last is known only when the next one is not there.
      const payload = skipEmpty ? held : frame;
      held = frame;
      if (payload === undefined) continue;
      task.send(next(payload, sent, skipEmpty ? undefined : result.summary.frames));
      sent += 1;
      if (stretch.isOver()) {
        task.working("frame", { number: sent });
        await stretch.pass();
        await task.flowsRunning();
        signal.throwIfAborted();
      }
    }
  }
  if (skipEmpty && held !== undefined) {
    task.send(next(held, sent, sent + 1));
    sent += 1;
  }
  return sent;
}

/** Makes the message of a frame: everything but the payload and the parts is a copy of the one that came in. */
function frameMessages(RED: NodeAPI, { id, msg }: Task) {
  const copy = copierWithoutPayload(RED, msg);
  return (payload: unknown, index: number, count: number | undefined): NodeMessage => {
    const { parts: outerParts, ...rest } = copy();
    const parts = {
      id,
      type: "array",
      index,
      ...(count === undefined ? {} : { count }),
      len: 1,
      ...(outerParts ? { parts: outerParts } : {}),
    };
    return { ...rest, payload, parts } as NodeMessage;
  };
}

/** What is sent in one go, held to its length. */
class Stretch {
  #messages = 0;
  #began = performance.now();

  isOver(): boolean {
    this.#messages += 1;
    return this.#messages >= messagesAtOnce || performance.now() - this.#began >= millisecondsAtOnce;
  }

  /** Gives other nodes their turn, and further ones while something in this process still asks for the next turn. */
  async pass(): Promise<void> {
    for (let turn = 0; turn < mostTurns; turn += 1) {
      await nextTurn();
      if (!process.getActiveResourcesInfo().includes("Immediate")) break;
    }
    this.#messages = 0;
    this.#began = performance.now();
  }
}
