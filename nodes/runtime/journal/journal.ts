import { randomUUID } from "node:crypto";
import type { NodeMessage } from "node-red";
import { type ClipMessage, type Handover, handoverOf, shallowCopy } from "../message";
import { JournalClock, notedEvery } from "./clock";
import { Deduplicator } from "./deduplicator";
import type { JournalEntry, StoredFailure } from "./entry";
import { JournalFiles, type Leftovers } from "./files";
import { Linger } from "./linger";
import { times } from "./times";

/** An entry in memory: whether it is on disk is nobody's business outside. */
interface Held {
  entry: JournalEntry;
  /** Whether it is to be written at all. */
  durable: boolean;
  written: boolean;
  intending?: Promise<void>;
  /** Whether it has been named as one of a node that is not there. */
  named?: boolean;
}

/**
 * What the nodes have accepted and not yet settled, in memory and, where the node wants it, on disk.
 * It lives as long as the process: a deploy hands a node's entries to the node that comes after it.
 */
export class Journal {
  readonly #files: JournalFiles;
  readonly #clock: JournalClock;
  readonly #held = new Map<string, Map<string, Held>>();
  /** Those whose outcome has been sent. */
  readonly #lingering: Linger;
  /** Those of which only the token is left, by the sender's entry that it is kept for. */
  readonly #taken = new Map<string, JournalEntry[]>();
  readonly #deduplicator = new Deduplicator();

  /** @param isTakingIn whether messages have come in that are not accepted yet: their senders must keep them. */
  constructor(
    readonly root: string,
    { isTakingIn = () => false }: { isTakingIn?: () => boolean } = {},
  ) {
    this.#lingering = new Linger((entry) => this.remove(entry), isTakingIn);
    this.#files = new JournalFiles(root);
    this.#clock = new JournalClock(root);
    setInterval(() => {
      if (this.#hasWritten()) this.#clock.note();
    }, notedEvery).unref();
  }

  /** Milliseconds since an entry's message was taken, as far as Node-RED ran in them. */
  ageOf({ clock }: JournalEntry): number {
    return Math.max(0, this.#clock.now() - clock);
  }

  /**
   * Takes a message in.
   *
   * @param durable whether to write it down.
   * @param outcomeOnly not before its outcome: the work needs a value that no file of the journal can hold.
   * @returns the entry; where values stood that could not be written; and the file system's error when it could only be
   *   held in memory.
   */
  accept(
    node: string,
    msg: ClipMessage,
    { durable, outcomeOnly = false }: { durable: boolean; outcomeOnly?: boolean },
  ): { entry: JournalEntry; missing: string[]; trouble?: unknown } {
    const { token } = handoverOf(msg) ?? {};
    delete msg.roboflow.handover;
    const entry: JournalEntry = {
      id: randomUUID(),
      node,
      at: new Date().toISOString(),
      clock: this.#clock.now(),
      state: "accepted",
      // The node changes the object that it got; what it finds out, in `msg.roboflow`, is worth keeping.
      msg: shallowCopy(msg),
      ...(token ? { token } : {}),
    };
    const held = { entry, durable, written: false };
    this.#of(node).set(entry.id, held);
    try {
      return { entry, missing: durable && !outcomeOnly ? this.#write(held) : [] };
    } catch (trouble) {
      return { entry, missing: [], trouble };
    }
  }

  /** Whether a message that one of our nodes has sent is one that this node has taken before; counts it. */
  isDuplicate(node: string, handover: Handover): boolean {
    return this.#deduplicator.isDuplicate(node, handover, () => this.#mayBeRepeated(handover.token));
  }

  /**
   * Says that a paid request is about to be sent; on the disk itself when this resolves.
   *
   * @param signal when it is aborted meanwhile, the entry stays accepted.
   * @throws the file system's error, or the signal's reason: then the request must not be sent.
   */
  intend(entry: JournalEntry, signal: AbortSignal): Promise<void> {
    const held = this.#heldOf(entry);
    if (!held) throw new Error("not in the journal");
    // On a slow disk a node that has been closed may still be at it when the node that comes after it begins.
    const before = held.intending ?? Promise.resolve();
    held.intending = before.catch(() => {}).then(() => this.#intend(held, signal));
    return held.intending;
  }

  async #intend(held: Held, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await this.#files.commit({ ...held.entry, state: "intent" });
    held.written = true;
    if (!signal.aborted) {
      held.entry.state = "intent";
      return;
    }
    if (this.#heldOf(held.entry)) this.#rewrite(held.entry);
    else this.#files.remove(held.entry, !this.#held.has(held.entry.node));
    throw signal.reason;
  }

  /** Takes an intention back: the request was certainly not accepted. */
  withdraw(entry: JournalEntry): void {
    entry.state = "accepted";
    this.#rewrite(entry);
  }

  /**
   * Notes the outcome before it is sent.
   *
   * @returns where in its message values stood that could not be written.
   */
  settle(
    entry: JournalEntry,
    outcome: { msg: NodeMessage } | { msg?: NodeMessage; failure: StoredFailure },
  ): string[] {
    Object.assign(entry, { state: "failure" in outcome ? "failed" : "sent", ...outcome });
    return this.#rewrite(entry);
  }

  /** Marks what a deploy has cut off and nobody is to do again. */
  abort(entry: JournalEntry): void {
    entry.state = "aborted";
  }

  /** Removes an entry when enough time has passed since its outcome was sent, counted while flows run. */
  linger(entry: JournalEntry): void {
    if (this.#heldOf(entry)?.written)
      this.#lingering.add(entry, entry.token ? times.lingerOfReceiver : times.linger);
    else this.remove(entry);
  }

  /** Flows stop: what was sent last may die in the queue of a node that closes, so no entry is removed any more. */
  flowsStop(): void {
    this.#lingering.stop();
  }

  /**
   * Flows run again.
   *
   * @param isLost whether what this node sent last may have been lost meanwhile; then it is unsettled again.
   */
  flowsRun(isLost: (node: string) => boolean): void {
    for (const entry of this.#lingering.entries()) if (isLost(entry.node)) this.#lingering.delete(entry);
    this.#lingering.start();
  }

  /**
   * Flows do not start again, but some nodes have been left running.
   *
   * @param mayLose whether what this node sends may be lost: then its entries stay until flows run.
   */
  flowsRunPartly(mayLose: (node: string) => boolean): void {
    this.#lingering.start((entry) => mayLose(entry.node));
  }

  /** Forgets an entry, but not its token while its sender has an entry that a restart would send again. */
  remove(entry: JournalEntry): void {
    const held = this.#heldOf(entry);
    if (!held) return;
    this.#lingering.delete(entry);
    if (held.written && entry.token && this.#mayBeRepeated(entry.token)) this.#keepToken(held);
    else this.#delete(held);
    const receivers = this.#taken.get(entry.id) ?? [];
    this.#taken.delete(entry.id);
    for (const receiver of receivers) this.remove(receiver);
  }

  /** Whether the sender of the message with this token still has it. */
  #mayBeRepeated(token: string): boolean {
    for (const ofNode of this.#held.values()) {
      const sender = ofNode.get(token);
      if (sender) return sender.entry.state !== "taken";
    }
    return false;
  }

  #keepToken(held: Held): void {
    const { id, node, at, clock, token = "", msg } = held.entry;
    const { roboflow } = msg as ClipMessage;
    const isNews = held.entry.state !== "taken";
    held.entry = {
      id,
      node,
      at,
      clock,
      state: "taken",
      msg: { roboflow: { id: roboflow.id } } as ClipMessage,
      token,
    };
    this.#taken.set(token, [...(this.#taken.get(token) ?? []), held.entry]);
    if (isNews) this.#rewrite(held.entry);
  }

  #delete({ entry, written }: Held): void {
    const ofNode = this.#of(entry.node);
    ofNode.delete(entry.id);
    if (ofNode.size === 0) this.#held.delete(entry.node);
    if (this.#held.size === 0) this.#clock.forget();
    if (written) this.#files.remove(entry, ofNode.size === 0);
  }

  /** What a node has not settled, oldest first. */
  unsettled(node: string): JournalEntry[] {
    const held = this.#held.get(node)?.values() ?? [];
    return [...held]
      .filter(({ entry }) => entry.state !== "taken" && !this.#lingering.has(entry))
      .map(({ entry }) => entry);
  }

  /** Messages of all entries, as they came in or go out. */
  *messages(): Generator<NodeMessage> {
    for (const ofNode of this.#held.values()) for (const { entry } of ofNode.values()) yield entry.msg;
  }

  /** Ids of all nodes that have something here. */
  nodes(): string[] {
    return [...this.#held.keys()];
  }

  /**
   * Takes in what an earlier process left on disk, however long ago: the wall clock cannot tell.
   *
   * @returns files set aside because they were damaged.
   */
  async load(): Promise<Leftovers["damaged"]> {
    const { entries, damaged } = await this.#files.readLeft();
    if (entries.length > 0) this.#clock.note();
    for (const entry of entries) {
      // Those of an older version have no such time.
      entry.clock ??= this.#clock.now();
      this.#of(entry.node).set(entry.id, { entry, durable: true, written: true });
      if (entry.token) this.#deduplicator.note(entry.node, entry.token);
    }
    // Stays after all where its sender may still repeat it.
    for (const entry of entries) if (entry.state === "taken") this.remove(entry);
    return damaged;
  }

  /**
   * Sets an entry aside that has ended two processes in a row.
   *
   * @returns the entry and its file, if there is such an entry.
   */
  setAside(id: string): { entry: JournalEntry; file: string } | undefined {
    for (const ofNode of this.#held.values()) {
      const entry = ofNode.get(id)?.entry;
      if (!entry) continue;
      const file = this.#files.setAside(entry);
      this.remove(entry);
      return { entry, file };
    }
    return undefined;
  }

  /**
   * Keeps what a node has left that is not in the configuration, as far as it is on disk, for some days.
   *
   * @returns the entries that are kept, but each only once; those removed since the days are over; and those that could
   *   not be kept.
   */
  keepOrphans(node: string): Record<"kept" | "old" | "lost", JournalEntry[]> {
    const found = { kept: [] as JournalEntry[], old: [] as JournalEntry[], lost: [] as JournalEntry[] };
    for (const entry of this.unsettled(node)) {
      const held = this.#heldOf(entry);
      if (held?.written && this.#isKept(entry)) {
        if (!held.named) found.kept.push(entry);
        held.named = true;
        continue;
      }
      found[held?.written ? "old" : "lost"].push(entry);
      this.remove(entry);
    }
    return found;
  }

  #isKept(entry: JournalEntry): boolean {
    if (entry.orphanedAt === undefined) {
      entry.orphanedAt = this.#clock.now();
      this.#rewrite(entry);
    }
    return this.#clock.now() - entry.orphanedAt <= times.orphansKept;
  }

  /** A node is in the configuration, perhaps again. */
  adopt(node: string): void {
    for (const entry of this.unsettled(node)) {
      if (entry.orphanedAt === undefined) continue;
      delete entry.orphanedAt;
      this.#rewrite(entry);
    }
  }

  #of(node: string): Map<string, Held> {
    const held = this.#held.get(node) ?? new Map<string, Held>();
    this.#held.set(node, held);
    return held;
  }

  #hasWritten(): boolean {
    for (const ofNode of this.#held.values())
      for (const { written } of ofNode.values()) if (written) return true;
    return false;
  }

  #heldOf({ node, id }: JournalEntry): Held | undefined {
    return this.#held.get(node)?.get(id);
  }

  /** Writes an entry that has changed; when the disk refuses now, the older state there stays. */
  #rewrite(entry: JournalEntry): string[] {
    const held = this.#heldOf(entry);
    if (!held?.durable) return [];
    try {
      return this.#write(held);
    } catch {
      // The older entry is safe to come back to: at worst the outcome is sent, or the doubt raised, once more.
      return [];
    }
  }

  #write(held: Held): string[] {
    const missing = this.#files.write(held.entry);
    held.written = true;
    return missing;
  }
}
