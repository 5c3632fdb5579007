import type { NodeMessage } from "node-red";
import { asClipMessage, type ClipMessage } from "../message";
import { encodeMessage, restoreTyped } from "./codec";

/** How an entry's outcome is told. */
export interface StoredFailure {
  code: string;
  message: string;
  /** The key of its words under the node; those of an older version have none. */
  status?: string;
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
 * - `taken`: settled and gone but for its token, which its sender may still repeat: a disabled one, say.
 */
export interface JournalEntry {
  id: string;
  node: string;
  /** When the message was taken, ISO 8601: for people, since the wall clock may jump. */
  at: string;
  /** The same by the journal's own clock. */
  clock: number;
  state: "accepted" | "intent" | "sent" | "failed" | "aborted" | "taken";
  msg: NodeMessage;
  /** The hand-over token that the message came with. */
  token?: string;
  failure?: StoredFailure;
  /** When its node was found not to be in the configuration, by the journal's own clock. */
  orphanedAt?: number;
}

/** The clip's job id, for warnings that name what is dropped. */
export const jobOf = ({ msg }: JournalEntry): string | undefined =>
  (msg as Partial<ClipMessage>).roboflow?.jobId;

const writtenStates: ReadonlySet<string> = new Set(["accepted", "intent", "sent", "failed", "taken"]);

/** An entry as its file holds it, and where in its message values stood that no file can hold. */
export function entryText({ msg, ...rest }: JournalEntry): { text: string; missing: string[] } {
  const { json, typed, missing } = encodeMessage(msg);
  const head = JSON.stringify(typed.length > 0 ? { ...rest, typed } : rest);
  return { text: `${head.slice(0, -1)},"msg":${json}}`, missing };
}

function isFailure(value: unknown): value is StoredFailure {
  const { code, message, statusCode } = (value ?? {}) as Partial<StoredFailure>;
  const texts = [code, message].every((text) => typeof text === "string");
  return texts && ["number", "undefined"].includes(typeof statusCode);
}

/**
 * Reads the entry that a node's file should hold.
 *
 * @throws Error when it holds something else.
 */
export function readEntry(text: string, node: string, id: string): JournalEntry {
  const { typed = [], ...entry } = JSON.parse(text);
  const isEntry =
    entry.id === id &&
    entry.node === node &&
    writtenStates.has(entry.state) &&
    !Number.isNaN(Date.parse(entry.at)) &&
    ["number", "undefined"].includes(typeof entry.clock) &&
    ["number", "undefined"].includes(typeof entry.orphanedAt) &&
    typeof entry.msg === "object" &&
    ["string", "undefined"].includes(typeof entry.token) &&
    // Earlier versions wrote by which output a message leaves, always the first.
    (entry.output ?? 0) === 0 &&
    (entry.state !== "failed" || isFailure(entry.failure));
  if (!isEntry) throw new Error("not a journal entry");
  restoreTyped(entry.msg, typed);
  asClipMessage(entry.msg);
  return entry;
}
