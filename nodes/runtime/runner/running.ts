import { VideoError } from "../../roboflow";
import type { JournalEntry } from "../journal/entry";
import type { ClipMessage } from "../message";
import type { StatusLine } from "../status";
import type { StatusKey } from "../text";
import type { Deferred } from "./deferred";
import type { Lifecycle } from "./lifecycle";
import type { Task } from "./step";

/** A message that a node is working on. */
export interface Running {
  entry: JournalEntry;
  /** Node-RED's own object, which goes to the next node or to Catch. */
  msg: ClipMessage;
  resumed: boolean;
  controller: AbortController;
  /** Aborted when the grace period is over. */
  graceController: AbortController;
  /** Stopped on purpose: nothing more is sent. */
  isDropped: boolean;
  /** Resolves when the work has ended, in whatever way. */
  ended: Promise<void>;
}

export const newRunning = (entry: JournalEntry, msg: ClipMessage, resumed: boolean): Running => ({
  entry,
  msg,
  resumed,
  controller: new AbortController(),
  graceController: new AbortController(),
  isDropped: false,
  ended: Promise.resolve(),
});

interface TaskContext {
  lifecycle: Lifecycle;
  status: StatusLine;
  /** Reached when the node closes. */
  closing: Deferred;
  send: Task["send"];
}

/** A message in hand as the step's work sees it. */
export function taskOf(running: Running, { lifecycle, status, closing, send }: TaskContext): Task {
  const { entry, msg, resumed, controller, graceController } = running;
  const { journal, guard } = lifecycle;
  let stage: StatusKey | undefined;
  return {
    id: entry.id,
    age: () => journal.ageOf(entry),
    resumed,
    msg,
    signal: controller.signal,
    // Made when it is asked for: ten thousand waiting jobs do not.
    get graceSignal() {
      return graceController.signal;
    },
    working: (key, values, options): void => {
      // Another part of the work begins.
      if (key !== stage) guard.mark(entry.id);
      stage = key;
      if (!controller.signal.aborted) status.working(entry.id, { key, values, trouble: options?.trouble });
    },
    send: (msg) => {
      if (!running.isDropped) send(msg);
    },
    flowsRunning: async () => {
      if (lifecycle.isRestarting) await Promise.race([lifecycle.flowsRunning(), closing.reached]);
    },
    intend: async () => {
      // No paid request begins after a deploy has: the node that comes after this one does it.
      const { signal } = controller;
      try {
        await journal.intend(entry, signal);
      } catch (cause) {
        signal.throwIfAborted();
        throw new VideoError("STORAGE", "journalNeeded", { values: { path: journal.root }, cause });
      }
    },
    withdraw: () => journal.withdraw(entry),
  };
}
