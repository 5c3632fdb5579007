import { randomUUID } from "node:crypto";
import type { NodeMessage } from "node-red";
import { type ClipMessage, handoverOf } from "../message";
import { JournalClock, notedEvery } from "./clock";
import type { JournalEntry, StoredFailure } from "./entry";
import { JournalFiles, type Leftovers } from "./files";

/** An entry in memory: whether it is on disk is nobody's business outside. */
interface Held {
  entry: JournalEntry;
  /** Whether it is to be written at all. */
  durable: boolean;
  written: boolean;
  intending?: Promise<void>;
  linger?: NodeJS.Timeout;
}

/** A settled entry stays this many milliseconds, so that a kill in the hand-over loses nothing. */
const lingerOfSender = 1000;
/** One that was handed over to us stays longer than its sender's, which may still repeat it. */
const lingerOfReceiver = 2000;
/** Tokens remembered per node, in case a sender in another process repeats; in this one none does in its life. */
const tokensKept = 10_000;

/**
 * What the nodes have accepted and not yet settled, in memory and, where the node wants it, on disk.
 * It lives as long as the process: a deploy hands a node's entries to the node that comes after it.
 */
export class Journal {
  readonly #files: JournalFiles;
  readonly #clock: JournalClock;
  readonly #held = new Map<string, Map<string, Held>>();
  /** Those whose outcome has been sent, in the order of sending. */
  readonly #lingering = new Set<JournalEntry>();
  /** Those of which only the token is left, by the sender's entry that it is kept for. */
  readonly #taken = new Map<string, JournalEntry[]>();
  /** How often each node has taken a message with a token: two ways from one sender to it make two. */
  readonly #tokens = new Map<string, Map<string, number>>();

  constructor(readonly root: string) {
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
    const { token, repeat } = handoverOf(msg) ?? {};
    delete msg.roboflow.handover;
    const entry: JournalEntry = {
      id: randomUUID(),
      node,
      at: new Date().toISOString(),
      clock: this.#clock.now(),
      state: "accepted",
      msg,
      ...(token ? { token } : {}),
    };
    // Nobody repeats a repeat: who sends such a message later does it on purpose.
    if (token && !repeat) this.#note(node, token);
    const held = { entry, durable, written: false };
    this.#of(node).set(entry.id, held);
    try {
      return { entry, missing: durable && !outcomeOnly ? this.#write(held) : [] };
    } catch (trouble) {
      return { entry, missing: [], trouble };
    }
  }

  /**
   * Whether this node has taken the message with this token before. Says so as often as it was taken, since that
   * is how often its sender repeats it; who sends such a message later does it on purpose.
   */
  isRepeat(node: string, token: string): boolean {
    const tokens = this.#tokens.get(node);
    const taken = tokens?.get(token) ?? 0;
    if (taken > 1) tokens?.set(token, taken - 1);
    else tokens?.delete(token);
    return taken > 0;
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
    outcome: Pick<JournalEntry, "msg" | "output"> | { failure: StoredFailure },
  ): string[] {
    Object.assign(entry, { state: "failure" in outcome ? "failed" : "sent", ...outcome });
    return this.#rewrite(entry);
  }

  /** Marks what a deploy has cut off and nobody is to do again. */
  abort(entry: JournalEntry): void {
    entry.state = "aborted";
  }

  /** Removes an entry about a second after its outcome was sent. */
  linger(entry: JournalEntry): void {
    const held = this.#heldOf(entry);
    if (held?.written) {
      held.linger = setTimeout(() => this.remove(entry), entry.token ? lingerOfReceiver : lingerOfSender);
      this.#lingering.add(entry);
    } else this.remove(entry);
  }

  /** Removes every lingering entry at once, senders before receivers: all outcomes have been handed over. */
  endLinger(): void {
    for (const entry of this.#lingering) this.remove(entry);
  }

  /** Forgets an entry, but not its token while its sender has an entry that a restart would send again. */
  remove(entry: JournalEntry): void {
    const held = this.#heldOf(entry);
    if (!held) return;
    clearTimeout(held.linger);
    this.#lingering.delete(entry);
    if (held.written && this.#mayBeRepeated(entry)) this.#keepToken(held);
    else this.#delete(held);
    const receivers = this.#taken.get(entry.id) ?? [];
    this.#taken.delete(entry.id);
    for (const receiver of receivers) this.remove(receiver);
  }

  #mayBeRepeated({ token }: JournalEntry): boolean {
    if (!token) return false;
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
      .filter(({ linger, entry }) => !linger && entry.state !== "taken")
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
      if (entry.token) this.#note(entry.node, entry.token);
    }
    for (const entry of entries) if (entry.state === "taken") this.remove(entry);
    return damaged;
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

  #note(node: string, token: string): void {
    const tokens = this.#tokens.get(node) ?? new Map<string, number>();
    this.#tokens.set(node, tokens.set(token, (tokens.get(token) ?? 0) + 1));
    if (tokens.size > tokensKept) for (const first of tokens.keys()) return void tokens.delete(first);
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
