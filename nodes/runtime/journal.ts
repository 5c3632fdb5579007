import { randomUUID } from "node:crypto";
import type { NodeMessage } from "node-red";
import { JournalFiles } from "./journal-files";
import { type ClipMessage, jsonCopy } from "./message";

/** How an entry's outcome is told. */
export interface StoredFailure {
  code: string;
  message: string;
  statusCode?: number;
  cause?: { code?: string; message: string };
}

/**
 * One accepted message, from the moment its node took it until a second after its outcome was sent.
 *
 * - `accepted`: the work is to be done (again after a restart).
 * - `intent`: a paid request is about to be sent or was sent; after a restart nobody knows.
 * - `sent`: `msg` is the outgoing message, sent again after a restart as a repeat.
 * - `failed`: `failure` is raised again after a restart.
 * - `aborted`: cut off by a deploy and not to be done again; never written down.
 */
export interface JournalEntry {
  id: string;
  node: string;
  /** When the message was taken, ISO 8601. */
  at: string;
  state: "accepted" | "intent" | "sent" | "failed" | "aborted";
  msg: NodeMessage;
  /** The hand-over token that the message came with. */
  token?: string;
  /** The output that a `sent` message leaves by. */
  output?: number;
  failure?: StoredFailure;
}

/** An entry in memory: whether it is on disk is nobody's business outside. */
interface Held {
  entry: JournalEntry;
  written: boolean;
  linger?: NodeJS.Timeout;
}

/** The clip's job id, for warnings that name what is dropped. */
export const jobOf = ({ msg }: JournalEntry): string | undefined =>
  (msg as Partial<ClipMessage>).roboflow?.jobId;

/** A settled entry stays this many milliseconds, so that a kill in the hand-over loses nothing. */
const lingerOfSender = 1000;
/** One that was handed over to us stays longer than its sender's, which may still repeat it. */
const lingerOfReceiver = 2000;
/** Tokens remembered per node; a sender repeats only what it sent in its last second. */
const tokensKept = 10_000;

/**
 * What the nodes have accepted and not yet settled, in memory and, where the node wants it, on disk.
 * It lives as long as the process: a deploy hands a node's entries to the node that comes after it.
 */
export class Journal {
  readonly #files: JournalFiles;
  readonly #held = new Map<string, Map<string, Held>>();
  readonly #tokens = new Map<string, Set<string>>();
  readonly #read = new Set<string>();

  constructor(readonly root: string) {
    this.#files = new JournalFiles(root);
  }

  /**
   * Takes a message in.
   *
   * @param durable whether to write it down.
   * @returns the entry, and the file system's error when it could only be held in memory.
   */
  accept(
    node: string,
    msg: ClipMessage,
    { durable }: { durable: boolean },
  ): { entry: JournalEntry; trouble?: unknown } {
    const token = msg.roboflow.handover?.token;
    delete msg.roboflow.handover;
    const entry: JournalEntry = {
      id: randomUUID(),
      node,
      at: new Date().toISOString(),
      state: "accepted",
      msg,
      ...(token ? { token } : {}),
    };
    if (token) this.#note(node, token);
    const held = { entry, written: false };
    this.#of(node).set(entry.id, held);
    try {
      if (durable) this.#write(held, { sync: false, partly: false });
      return { entry };
    } catch (trouble) {
      return { entry, trouble };
    }
  }

  /** Whether this node has taken the message with this token before. */
  knows(node: string, token: string): boolean {
    return this.#tokens.get(node)?.has(token) ?? false;
  }

  /**
   * Says that a paid request is about to be sent; on the disk itself when this returns.
   *
   * @throws the file system's error: then the request must not be sent.
   */
  intend(entry: JournalEntry): void {
    this.#change(entry, { state: "intent" });
    this.#write(this.#held.get(entry.node)?.get(entry.id), { sync: true, partly: true });
  }

  /** Takes an intention back: the request was certainly not accepted. */
  withdraw(entry: JournalEntry): void {
    this.#change(entry, { state: "accepted" });
    this.#rewrite(entry);
  }

  /** Notes the outcome before it is sent. */
  settle(
    entry: JournalEntry,
    outcome: Pick<JournalEntry, "msg" | "output"> | { failure: StoredFailure },
  ): void {
    this.#change(entry, { state: "failure" in outcome ? "failed" : "sent", ...outcome });
    this.#rewrite(entry);
  }

  /** Marks what a deploy has cut off and nobody is to do again. */
  abort(entry: JournalEntry): void {
    this.#change(entry, { state: "aborted" });
  }

  /** Removes an entry about a second after its outcome was sent. */
  linger(entry: JournalEntry): void {
    const held = this.#held.get(entry.node)?.get(entry.id);
    if (!held) return;
    if (!held.written) return this.remove(entry);
    held.linger = setTimeout(() => this.remove(entry), entry.token ? lingerOfReceiver : lingerOfSender);
  }

  /** Removes every lingering entry of a node at once: its outcomes have been handed over. */
  endLinger(node: string): void {
    for (const { entry, linger } of [...this.#of(node).values()]) if (linger) this.remove(entry);
  }

  /** Forgets an entry. */
  remove(entry: JournalEntry): void {
    const held = this.#held.get(entry.node)?.get(entry.id);
    clearTimeout(held?.linger);
    this.#held.get(entry.node)?.delete(entry.id);
    if (held?.written) this.#files.remove(entry.node, entry.id);
  }

  /** Removes the folder of a node that has nothing in it. */
  tidy(node: string): void {
    this.#files.tidy(node);
  }

  /** What a node has not settled, oldest first. */
  unsettled(node: string): JournalEntry[] {
    return [...this.#of(node).values()].filter(({ linger }) => !linger).map(({ entry }) => entry);
  }

  /** Ids of all nodes that have something here or on disk. */
  async nodes(): Promise<string[]> {
    const inMemory = [...this.#held].filter(([, entries]) => entries.size > 0).map(([node]) => node);
    return [...new Set([...inMemory, ...(await this.#files.nodes())])];
  }

  /**
   * Reads a node's entries from disk, once in the life of the process; from then on memory knows better.
   *
   * @returns files set aside because they were damaged, and entries dropped because they were too old.
   */
  async load(node: string): Promise<{ damaged: string[]; old: JournalEntry[] }> {
    if (this.#read.has(node)) return { damaged: [], old: [] };
    this.#read.add(node);
    const { entries, damaged } = await this.#files.read(node);
    const held = this.#of(node);
    const old: JournalEntry[] = [];
    for (const entry of entries) {
      if (held.has(entry.id)) continue;
      held.set(entry.id, { entry, written: true });
      if (entry.token) this.#note(node, entry.token);
      if (Date.now() - Date.parse(entry.at) > oldest) {
        old.push(entry);
        this.remove(entry);
      }
    }
    return { damaged, old };
  }

  #of(node: string): Map<string, Held> {
    const held = this.#held.get(node) ?? new Map<string, Held>();
    this.#held.set(node, held);
    return held;
  }

  #note(node: string, token: string): void {
    const tokens = this.#tokens.get(node) ?? new Set<string>();
    this.#tokens.set(node, tokens.add(token));
    if (tokens.size > tokensKept) for (const first of tokens) return void tokens.delete(first);
  }

  #change(entry: JournalEntry, change: Partial<JournalEntry>): void {
    Object.assign(entry, change);
  }

  /** Writes an entry again that is on disk; when the disk refuses now, the older state there stays. */
  #rewrite(entry: JournalEntry): void {
    const held = this.#held.get(entry.node)?.get(entry.id);
    if (!held?.written) return;
    try {
      this.#write(held, { sync: false, partly: entry.state !== "accepted" });
    } catch {
      // The older entry is safe to come back to: at worst the outcome is sent, or the doubt raised, once more.
    }
  }

  /** @param partly write what JSON can carry even when that is not the whole message. */
  #write(held: Held | undefined, { sync, partly }: { sync: boolean; partly: boolean }): void {
    if (!held) return;
    const { copy, whole } = jsonCopy(held.entry.msg);
    if (!whole && !partly) return;
    this.#files.write({ ...held.entry, msg: copy as NodeMessage }, sync);
    held.written = true;
  }
}

/** Entries older than 8 days are of no use: an upload is kept for 7 (API page, "Limits"). */
const oldest = 8 * 24 * 3600 * 1000;
