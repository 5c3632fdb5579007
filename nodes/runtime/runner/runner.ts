import { randomUUID } from "node:crypto";
import type { Node, NodeAPI, NodeMessage } from "node-red";
import { nextTurn } from "../../event-loop";
import { startUncertain, VideoError } from "../../roboflow";
import { findAccount } from "../accounts";
import { describeFailure, NodeFailure, statusOf } from "../failure";
import type { JournalEntry } from "../journal/entry";
import type { Journal } from "../journal/journal";
import {
  asClipMessage,
  type ClipMessage,
  clipNames,
  type Handover,
  handoverOf,
  shallowCopy,
  withAnswer,
  writable,
} from "../message";
import { StatusLine } from "../status";
import type { StatusKey } from "../text";
import { Deferred } from "./deferred";
import { intake } from "./intake";
import { JournalWarnings } from "./journal-warnings";
import { type Lifecycle, lifecycleOf, type Resumable } from "./lifecycle";
import { newRunning, type Running, taskOf } from "./running";
import type { Outcome, Step, Task } from "./step";
import { TakeUp } from "./take-up";

/** The message was dropped on purpose (a reset): `done()` without an error. */
class Dropped extends Error {}
/** The node is closing: whoever comes after it goes on. */
class Closing extends Error {}

/** Milliseconds that a deploy waits for the answer to a paid request. */
const gracePeriodMs = 700;
/** Turns of the event loop in which what was sent reaches the next node, and what was sent to us arrives. */
const handoverTurns = 5;

/** How a message came in. */
interface Delivery {
  send: (msg: never) => void;
  done: (error?: Error) => void;
  /** Whether it came from the journal. */
  resumed: boolean;
}

/**
 * Runs every message of a flow node to exactly one outcome: a message sent and `done()`, or `done(err)`.
 * Between the two stands the journal, so that the outcome comes even if the process is killed first.
 */
export class Runner implements Resumable {
  readonly #RED: NodeAPI;
  readonly node: Node;
  readonly #step: Step;
  readonly #lifecycle: Lifecycle;
  readonly #status: StatusLine;
  readonly #running = new Map<string, Running>();
  readonly #takeUp: TakeUp;
  readonly #journalWarnings: JournalWarnings;
  readonly #closing = new Deferred();
  /** Closed for good: what is left in the journal belongs to the node that comes after this one. */
  #gone = false;

  constructor(RED: NodeAPI, node: Node, step: Step) {
    this.#RED = RED;
    this.node = node;
    this.#step = step;
    this.#lifecycle = lifecycleOf(RED);
    this.#status = new StatusLine(RED, node);
    this.#journalWarnings = new JournalWarnings(RED, node, this.#status, (error) =>
      this.#describe(error, undefined),
    );
    this.#takeUp = new TakeUp({
      node,
      lifecycle: this.#lifecycle,
      closing: this.#closing,
      isInHand: (id) => this.#running.has(id),
      clone: (msg) => this.#clone(msg),
    });
    this.#lifecycle.join(this);
    node.on("input", (msg, send, done) => {
      intake.add(() => this.#input(msg, send, done));
    });
    node.on("close", (done: () => void) => {
      this.#close().finally(done);
    });
  }

  /** Reports at deploy time what cannot work, as a log line and under the node. */
  reportConfigError(error: VideoError): void {
    const failure = this.#describe(error, undefined);
    this.node.error(failure.message);
    this.#status.broken(statusOf(failure));
  }

  /** Resolves when what an earlier process left for this node has been taken up. */
  get restored(): Promise<void> {
    return this.#takeUp.allReceived.reached;
  }

  /** Resolves when each message that has come in so far is in the journal. */
  takenIn(): Promise<void> {
    return intake.caughtUp();
  }

  /** Messages that this node has accepted and whose outcome is not sent yet, those of an earlier process among them. */
  inHand(): ClipMessage[] {
    return this.#lifecycle.journal.unsettled(this.node.id).map(({ msg }) => msg as ClipMessage);
  }

  /** Their {@link Task.id}s. */
  idsInHand(): Set<string> {
    return new Set(this.#lifecycle.journal.unsettled(this.node.id).map(({ id }) => id));
  }

  /** Paths of all files that a message in the journal speaks of, of whichever node. */
  filesInJournal(): Set<unknown> {
    const files = new Set<unknown>();
    for (const msg of this.#lifecycle.journal.messages()) {
      const { payload, filename, roboflow } = msg as Partial<ClipMessage>;
      for (const file of [payload, filename, roboflow?.videoPath])
        if (typeof file === "string") files.add(file);
    }
    return files;
  }

  /** Shows trouble that no message is to blame for, until it is over. */
  showTrouble(key: StatusKey | undefined): void {
    this.#status.standing(key);
  }

  /**
   * Drops messages in hand: each ends with `done()` and no error.
   *
   * @param select ids of their entries. Asked once more when everything in the journal has been taken up, since what is
   *   still there is meant as well.
   */
  drop(select: () => readonly string[] | "all"): void {
    const dropThose = (isMeant: (running: Running) => boolean) => {
      const ids = select();
      const selected = ids === "all" ? [...this.#running.values()] : ids.map((id) => this.#running.get(id));
      for (const running of selected) {
        if (!running || !isMeant(running)) continue;
        running.isDropped = true;
        // There may be thousands.
        intake.add(() => {
          for (const controller of [running.controller, running.graceController])
            controller.abort(new Dropped());
        });
      }
    };
    dropThose(() => true);
    // Of what comes in from now on, only what comes from the journal is meant.
    const { allReceived } = this.#takeUp;
    if (!allReceived.isReached) allReceived.reached.then(() => dropThose(({ resumed }) => resumed));
  }

  /** Takes up what the journal holds for this node; called after each deploy, also one that left it running. */
  resume(): void {
    this.#takeUp.begin().catch((error) => this.#reportForeignError(error));
  }

  showAsEarlier(): void {
    this.#status.showAsEarlier();
  }

  #input(given: NodeMessage, send: Delivery["send"], done: Delivery["done"]): void {
    const msg = writable(given);
    const takenUp = this.#takeUp.entryOf(msg);
    if (takenUp) {
      const message = asClipMessage(msg);
      delete message.roboflow.resumes;
      if (!this.#closing.isReached) this.#run(takenUp, message, { send, done, resumed: true });
      return;
    }
    const command = this.#step.command?.(msg);
    if (command) {
      command
        .then(
          () => done(),
          (error) => done(this.#nodeFailure(this.#describe(error, undefined), asClipMessage(msg))),
        )
        .catch((error) => this.#reportForeignError(error));
      return;
    }
    const message = asClipMessage(msg);
    const { journal } = this.#lifecycle;
    const sentBy = handoverOf(message);
    if (sentBy && journal.isDuplicate(this.node.id, sentBy)) {
      done();
      return;
    }
    // Those that come in while one is in hand have nothing new to tell.
    if (this.#running.size === 0) this.#lifecycle.clipComesIn(this.node);
    const entry = this.#accept(message);
    // Taken in all the same while closing: the node that comes after this one finds it in the journal.
    if (!this.#closing.isReached) this.#run(entry, message, { send, done, resumed: false });
  }

  #accept(message: ClipMessage): JournalEntry {
    const { journal } = this.#lifecycle;
    const { entry, missing, trouble } = journal.accept(this.node.id, message, {
      durable: this.#step.resume,
      outcomeOnly: this.#step.worksInMemory?.(message),
    });
    this.#journalWarnings.noteMissing(missing);
    // A paid step says so itself, as an error of the message.
    if (!this.#step.paid) this.#journalWarnings.noteStorage(trouble);
    return entry;
  }

  #run(entry: JournalEntry, msg: ClipMessage, { send, done, resumed }: Delivery): void {
    const running = newRunning(entry, msg, resumed);
    this.#running.set(entry.id, running);
    const task = taskOf(running, {
      lifecycle: this.#lifecycle,
      status: this.#status,
      closing: this.#closing,
      send: send as Task["send"],
    });
    running.ended = this.#toOutcome(task, running, done)
      .catch((error) => this.#reportForeignError(error, msg))
      .finally(() => this.#running.delete(entry.id));
  }

  /**
   * Node-RED itself or another node's callback has failed; an unhandled rejection would end the process. What the message
   * has come to is in the journal, and its job's ID in the log.
   */
  #reportForeignError(error: unknown, msg?: ClipMessage): void {
    this.node.error(this.#describe(error, msg).message);
  }

  async #toOutcome(task: Task, running: Running, done: (error?: Error) => void): Promise<void> {
    const { entry, controller } = running;
    const { journal, guard } = this.#lifecycle;
    const endDropped = () => {
      journal.remove(entry);
      this.#status.ended(entry.id);
      this.#step.dropped?.(task.msg);
      done();
    };
    let outcome: Outcome | undefined;
    try {
      guard.mark(entry.id);
      outcome = await this.#outcomeOf(entry, task).finally(() => guard.mark(entry.id));
    } catch (error) {
      if (this.#gone) return;
      if (running.isDropped) return endDropped();
      // Cut off: it stays in the journal as it is. What ended within the grace period counts all the same.
      if (controller.signal.reason instanceof Closing && !(error instanceof VideoError)) return;
      this.#settle(entry, { msg: task.msg, failure: this.#describe(error, task.msg) });
    }
    if (this.#gone) return;
    if (outcome?.msg) {
      outcome.msg = withAnswer(outcome.msg, {}, { handover: handover(running) });
      if (!this.#step.outcomeIsRemade) this.#settle(entry, { msg: outcome.msg });
    }
    await task.flowsRunning();
    if (running.isDropped) return endDropped();
    // The node that comes after this one sends it.
    if (this.#closing.isReached) return;
    if (entry.failure) {
      done(this.#nodeFailure(entry.failure, withAnswer(task.msg, {}, { handover: handover(running) })));
      this.#status.ended(entry.id, { failed: statusOf(entry.failure) });
    } else {
      if (outcome?.msg) task.send(outcome.msg);
      done();
      this.#status.ended(entry.id, { done: outcome?.done ?? "done", values: outcome?.values });
    }
    this.#journalWarnings.show();
    journal.linger(entry);
  }

  /**
   * Notes an outcome. It has come about whether or not it can be noted, and may have been paid for. The journal keeps a
   * copy of the message: whoever gets it next changes it.
   */
  #settle(entry: JournalEntry, outcome: Parameters<Journal["settle"]>[1] & { msg: ClipMessage }): void {
    try {
      const msg = this.#step.resume ? this.#clone(outcome.msg) : outcome.msg;
      this.#journalWarnings.noteMissing(this.#lifecycle.journal.settle(entry, { ...outcome, msg }));
    } catch (error) {
      this.#reportForeignError(error, outcome.msg);
    }
  }

  #clone(msg: NodeMessage): NodeMessage {
    try {
      return this.#RED.util.cloneMessage(msg);
    } catch {
      // Something in it refuses.
      return shallowCopy(msg);
    }
  }

  async #outcomeOf(entry: JournalEntry, task: Task): Promise<Outcome | undefined> {
    switch (entry.state) {
      case "accepted":
        return this.#step.work(task);
      case "sent":
        return { msg: task.msg, done: "sentAgain" };
      case "intent":
        throw startUncertain();
      case "aborted":
        throw new VideoError("ABORTED", "aborted");
      case "failed":
      case "taken":
        return undefined;
    }
  }

  #describe(error: unknown, msg: ClipMessage | undefined) {
    const secrets = findAccount(this.#RED, this.#step.account)?.secrets() ?? [];
    return describeFailure(this.#RED, this.#step.name, error, { secrets, ...(msg && clipNames(msg)) });
  }

  /** `msg.statusCode` holds the HTTP status of this failure, never that of an earlier one. */
  #nodeFailure(failure: NonNullable<JournalEntry["failure"]>, msg: ClipMessage): NodeFailure {
    if (failure.statusCode === undefined) delete msg.statusCode;
    else msg.statusCode = failure.statusCode;
    return new NodeFailure(failure);
  }

  async #close(): Promise<void> {
    // A reset that has come in but was not taken in yet means what has come in before it.
    if (this.#step.command) await intake.caughtUp();
    this.#closing.reach();
    const { journal } = this.#lifecycle;
    const reason = new Closing();
    const abort = (which: "controller" | "graceController") => {
      for (const running of this.#running.values()) running[which].abort(reason);
    };
    abort("controller");
    const graceEnd = setTimeout(() => abort("graceController"), gracePeriodMs);
    let lastMoment: NodeJS.Timeout | undefined;
    await Promise.race([
      Promise.all([...this.#running.values()].map(({ ended }) => ended)),
      new Promise((resolve) => {
        lastMoment = setTimeout(resolve, gracePeriodMs + 100);
      }),
    ]);
    clearTimeout(graceEnd);
    clearTimeout(lastMoment);
    for (let turn = 0; turn < handoverTurns; turn += 1) await nextTurn();
    // The rest of what has come in: the node that comes after this one finds it in the journal.
    await intake.caughtUp();
    this.#gone = true;
    if (!this.#step.resume)
      for (const entry of journal.unsettled(this.node.id))
        if (entry.state === "accepted") journal.abort(entry);
    this.#status.close();
    this.#lifecycle.leave(this);
  }
}

/**
 * The token of an outcome is the same each time the work is done: even if the outcome could not be written down, a
 * repeat is known.
 */
const handover = ({ entry, resumed }: Running): Handover => ({
  token: entry.id,
  ...(resumed ? { repeat: true, delivery: randomUUID() } : {}),
});
