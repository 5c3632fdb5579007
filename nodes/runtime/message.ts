import { randomUUID } from "node:crypto";
import { types } from "node:util";
import type { NodeAPI, NodeMessage } from "node-red";
import { isObject, setKey } from "../roboflow";

/** What `msg.roboflow` gathers along the way; JSON-safe (message contract). */
export interface Clip {
  /** One per clip. */
  id: string;
  /** The clip's own name. */
  fileName?: string;
  /** The name that it was sent under. */
  uploadName?: string;
  /** The absolute path of the file that was sent, where it is on this machine. */
  videoPath?: string;
  /** Bytes. */
  fileSize?: number;
  /** What the file is; what could not be read is left out. Seconds from the first frame to the end, frames per second. */
  video?: {
    container?: string;
    codec?: string;
    width?: number;
    height?: number;
    duration?: number;
    fps?: number;
  };
  inputUrl?: string;
  uploadedAt?: string;
  expiresAt?: string;
  jobId?: string;
  inferFps?: number;
  models?: unknown[];
  startedAt?: string;
  /** Frames that the result should have: duration × rate, rounded up. */
  expectedFrames?: number;
  status?: number;
  polls?: number;
  finishedAt?: string;
  outputUrl?: string;
  frames?: number;
  detections?: number;
  classes?: Record<string, number>;
  nullFrames?: number;
  /** The result was written to a file although it is damaged. */
  damaged?: true;
  /** Set on the way from one of our nodes to the next, so that a repeat after a restart is recognised. */
  handover?: Handover;
  /** Set while a message comes back from the journal through its own node: the id of its entry. */
  resumes?: string;
  [further: string]: unknown;
}

export interface Handover {
  token: string;
  /** Sent again, because a deploy or a restart may have lost it. */
  repeat?: boolean;
  /** Which repeat it is. */
  delivery?: string;
}

/** A message that one of our nodes has taken. */
export type ClipMessage = NodeMessage & { roboflow: Clip; statusCode?: number; [property: string]: unknown };

/** What our nodes write to a message. */
const written = ["payload", "roboflow", "filename", "statusCode"];

/** The message, or a copy where it takes no changes (frozen, a getter, a Proxy): to be known before money is spent. */
export const writable = (msg: NodeMessage): NodeMessage =>
  takesChanges(msg, written) ? msg : (copyOfAll(msg) as NodeMessage);

/**
 * A message of its own with the same values, without what a getter or a proxy refuses to show. One that holds itself
 * holds its copy then: the message would be in there a second time.
 */
export function shallowCopy(msg: NodeMessage): NodeMessage {
  const copy = copyOfAll(msg) as Record<string, unknown>;
  for (const [name, value] of Object.entries(copy)) if (value === msg) copy[name] = copy;
  return copy as NodeMessage;
}

/** Gives a writable message its `msg.roboflow` when it has none, so that any of the nodes may be the first. */
export function asClipMessage(msg: NodeMessage): ClipMessage {
  const message = msg as ClipMessage;
  const { roboflow } = message;
  message.roboflow = isObject(roboflow) ? writableClip(roboflow as Clip) : { id: randomUUID() };
  if (typeof message.roboflow.id !== "string" || !message.roboflow.id) message.roboflow.id = randomUUID();
  return message;
}

/**
 * Puts a node's answer into a message. Whoever else holds the message may have frozen it while the node was at work, and
 * an answer may have been paid for: so this never fails.
 *
 * @param found what goes into `msg.roboflow`.
 * @returns the message, or a copy where it takes no changes any more.
 */
export function withAnswer(
  msg: ClipMessage,
  answer: Record<string, unknown>,
  found: Partial<Clip>,
): ClipMessage {
  const message = writable(msg) as ClipMessage;
  message.roboflow = Object.assign(writableClip(message.roboflow), found);
  return Object.assign(message, answer);
}

const writableClip = (clip: Clip): Clip =>
  takesChanges(clip, Object.keys(clip)) ? clip : (copyOfAll(clip) as Clip);

function takesChanges(object: object, names: readonly string[]): boolean {
  if (types.isProxy(object) || !Object.isExtensible(object)) return false;
  return names.every((name) => {
    const own = Object.getOwnPropertyDescriptor(object, name);
    return own ? own.writable && own.configurable : inheritedTakesChanges(object, name);
  });
}

function inheritedTakesChanges(object: object, name: string): boolean {
  for (let at = Object.getPrototypeOf(object); at !== null; at = Object.getPrototypeOf(at)) {
    if (types.isProxy(at)) return false;
    const inherited = Object.getOwnPropertyDescriptor(at, name);
    if (inherited) return inherited.writable === true;
  }
  return true;
}

/** A copy with all of an object's properties, without what a getter or a proxy refuses to show. */
function copyOfAll(object: object): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  const take = (name: string) => {
    const value = (object as Record<string, unknown>)[name];
    if (value !== undefined) setKey(copy, name, value);
  };
  const attempt = <Result>(act: () => Result): Result | undefined => {
    try {
      return act();
    } catch {
      return undefined;
    }
  };
  // Those that are inherited are not among its own: the ones that matter are asked for by name.
  const names = attempt(() => Object.getOwnPropertyNames(object)) ?? [];
  for (const name of new Set([...names, "_msgid", ...written])) attempt(() => take(name));
  return copy;
}

/** Names of a message's clip and job; empty where one is not known or no text, since the message may hold anything. */
export function clipNames({ roboflow }: ClipMessage): { fileName: string; jobId: string } {
  const { fileName, jobId } = roboflow as { fileName?: unknown; jobId?: unknown };
  const text = (value: unknown) => (typeof value === "string" ? value : "");
  return { fileName: text(fileName), jobId: text(jobId) };
}

/** How one of our nodes handed this message over; undefined for what somebody else has put there. */
export function handoverOf({ roboflow }: ClipMessage): Handover | undefined {
  const { handover } = roboflow as { handover?: Partial<Handover> | null };
  return typeof handover?.token === "string" ? (handover as Handover) : undefined;
}

/** The id of the journal's entry that a message comes back from, if it does. */
export function resumedBy(msg: NodeMessage): string | undefined {
  const { roboflow } = msg as { roboflow?: { resumes?: unknown } | null };
  return typeof roboflow?.resumes === "string" ? roboflow.resumes : undefined;
}

/**
 * Copies a message that is to be sent several times with another payload each. As RED.util.cloneMessage does it, and
 * many times faster where properties are plain data, which shows at a hundred thousand frames.
 *
 * @returns makes one copy, without what a getter or a proxy refuses to show.
 */
export function copierWithoutPayload(RED: NodeAPI, msg: ClipMessage): () => Record<string, unknown> {
  const copiers = new Map<string, () => unknown>();
  for (const key of Object.keys(msg)) {
    if (key === "payload") continue;
    try {
      const value = msg[key];
      // Node-RED shares these two as well: they stand for one connection.
      if (key === "req" || key === "res") copiers.set(key, () => value);
      else if (isPlainData(value)) copiers.set(key, () => cloneData(value));
      else
        copiers.set(
          key,
          () => (RED.util.cloneMessage({ value } as NodeMessage) as { value?: unknown }).value,
        );
    } catch {
      // Left out.
    }
  }
  return () => {
    const copy: Record<string, unknown> = {};
    for (const [key, copied] of copiers) {
      try {
        setKey(copy, key, copied());
      } catch {
        copiers.delete(key);
      }
    }
    return copy;
  };
}

/** Levels and values up to which a property is looked through; what shares or holds itself shows as endless. */
const deepest = 200;
const mostValues = 100_000;

/** Whether a value is no more than what cloneData copies. */
function isPlainData(value: unknown, depth = 0, seen = { values: 0 }): boolean {
  if (typeof value === "function") return false;
  if (typeof value !== "object" || value === null || types.isDate(value)) return true;
  seen.values += 1;
  if (depth > deepest || seen.values > mostValues) return false;
  const isList = Array.isArray(value);
  const keys = Object.keys(value);
  if (isList ? keys.length !== value.length : !isPlainObject(value)) return false;
  return keys.every((key) => isPlainData((value as Record<string, unknown>)[key], depth + 1, seen));
}

/** Whether an object is no more than its properties. Its Object.prototype may be that of a function node's sandbox. */
export function isPlainObject(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** A copy of plain data. */
function cloneData<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  // Not by `map`: a list from a function node's sandbox would make another one there.
  if (Array.isArray(value)) return Array.from(value, cloneData) as T;
  if (types.isDate(value)) return new Date(value) as T;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) setKey(copy, key, cloneData((value as Record<string, unknown>)[key]));
  return copy as T;
}
