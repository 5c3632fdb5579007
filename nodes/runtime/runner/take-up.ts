import { setTimeout as delay } from "node:timers/promises";
import type { Node, NodeMessage } from "node-red";
import { nextTurn } from "../../event-loop";
import type { JournalEntry } from "../journal/entry";
import { times } from "../journal/times";
import { type ClipMessage, resumedBy } from "../message";
import { Deferred } from "./deferred";
import { intake } from "./intake";
import type { Lifecycle } from "./lifecycle";

/** What a take-up needs of its node's runner. */
interface TakeUpContext {
  node: Node;
  lifecycle: Lifecycle;
  /** Reached when the node closes. */
  closing: Deferred;
  isInHand(id: string): boolean;
  clone(msg: NodeMessage): NodeMessage;
}

/** Brings what the journal holds for a node in again, as messages that the node receives. */
export class TakeUp {
  readonly #context: TakeUpContext;
  /** Entries on their way back through `receive`, by their id. */
  readonly #onTheWay = new Map<string, JournalEntry>();
  /** Reached when everything that an earlier process left has come in. */
  readonly allReceived = new Deferred();

  constructor(context: TakeUpContext) {
    this.#context = context;
  }

  /** Takes up what is neither in hand nor on its way back already; called after each deploy. */
  async begin(): Promise<void> {
    const { node, lifecycle, closing, isInHand } = this.#context;
    const { guard, journal } = lifecycle;
    const entries = journal.unsettled(node.id).filter(({ id }) => !isInHand(id) && !this.#onTheWay.has(id));
    for (const entry of entries) this.#onTheWay.set(entry.id, entry);

    const suspects = entries.filter(({ id }) => guard.isSuspect(id));
    const others = entries.filter(({ id }) => !guard.isSuspect(id));
    // What the next node may have had goes first, while that node still knows.
    const isSent = ({ state }: JournalEntry) => state === "sent";
    for (const entry of [...others.filter(isSent), ...others.filter((entry) => !isSent(entry))])
      intake.add(() => this.#receive(entry));
    await intake.caughtUp();
    let wait = times.suspectWaits;
    for (const entry of suspects) {
      await Promise.race([delay(wait, undefined, { ref: false }), closing.reached]);
      if (closing.isReached) return;
      wait = times.suspectsApart;
      guard.acquit(entry.id);
      this.#receive(entry);
    }
    await nextTurn();
    if (!closing.isReached) this.allReceived.reach();
  }

  /** The entry that a message comes back from, once; undefined for a message of somebody else. */
  entryOf(msg: NodeMessage): JournalEntry | undefined {
    const entry = this.#onTheWay.get(resumedBy(msg) ?? "");
    if (entry) this.#onTheWay.delete(entry.id);
    return entry;
  }

  /** Lets the message of an entry come in again. It names its entry: hooks of others may make another object of it. */
  #receive({ id, msg, state }: JournalEntry): void {
    const { node, closing, clone } = this.#context;
    if (closing.isReached) return;
    const copy = { ...(state === "sent" ? clone(msg) : msg) } as ClipMessage;
    copy.roboflow = { ...copy.roboflow, resumes: id };
    node.receive(copy);
  }
}
