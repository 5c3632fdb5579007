import { types } from "node:util";
import { setKey } from "../../roboflow";
import { isPlainObject } from "../message";

/**
 * A message as JSON, as much of it as JSON can carry.
 *
 * JSON has no dates, no NaN, no Infinity, no -0 and no undefined. Where one stands, `json` has a plain value in its
 * place and `typed` says what it was. That list stands beside the message, so that no text of a message can be taken
 * for an encoded value, whatever it looks like.
 */
export interface EncodedMessage {
  /** The text of one JSON object. */
  json: string;
  typed: TypedValue[];
  /** Where values stood that are left out, such as `msg.snapshot`; of many, the first few and `…`. */
  missing: string[];
}

/** The way to a value, and what it was: `date`, `undefined`, `hole` (of a sparse list), or a number as text. */
export type TypedValue = [path: (string | number)[], type: string];

/** Encodes a message; never throws, whatever somebody has put into it. */
export function encodeMessage(msg: object): EncodedMessage {
  const encoder = new Encoder();
  return { json: encoder.message(msg), typed: encoder.typed, missing: encoder.missing };
}

/**
 * Puts the typed values of a parsed message back in their places.
 *
 * @throws Error when the list does not fit the message.
 */
export function restoreTyped(msg: object, typed: readonly TypedValue[]): void {
  for (const [path, type] of typed) {
    const last = path[path.length - 1] as string | number;
    const parent = path.slice(0, -1).reduce<object>((at, key) => own(at, key) as object, msg);
    const plain = own(parent, last);
    if (type === "hole") Reflect.deleteProperty(parent, last);
    else Reflect.set(parent, last, original(type, plain));
  }
}

function own(parent: object, key: string | number): unknown {
  if (!Object.hasOwn(parent, key)) throw new Error("a typed value has no place");
  return (parent as Record<string | number, unknown>)[key];
}

function original(type: string, plain: unknown): unknown {
  if (type === "undefined") return undefined;
  if (type === "date") return new Date((plain ?? Number.NaN) as string);
  return Number(type);
}

/** The request and response of core's http in: they belong to this process, which is no news to anybody. */
const neverWritten = new Set(["req", "res"]);

/** Levels of objects; JSON.stringify goes down by recursion. */
const deepest = 500;
/** Values of one property: objects that share others many times over would be written as far more than they are. */
const mostValues = 10_000_000;
/** Characters of one message: half of what V8 can hold in a string. */
const longestText = 256 * 1024 * 1024;
/** A list may have this many holes, or as many as it has members. */
const mostHoles = 1000;
/** Longer lists are not searched for named properties, which only the list of a pattern's match has. */
const longestMatch = 1000;

const mostNamed = 5;
const longestName = 80;

/** In place of a value that cannot be read or written. */
const leftOut = Symbol("left out");

type Members = Record<string | number, unknown>;

/** How far an encoder has come. */
interface Mark {
  typed: number;
  missing: number;
  path: number;
  within: number;
}

class Encoder {
  readonly typed: TypedValue[] = [];
  readonly missing: string[] = [];
  /** Where the walk is, and the objects that it is in. */
  readonly #path: (string | number)[] = [];
  readonly #within: object[] = [];
  #values = 0;
  #length = 0;

  message(msg: object): string {
    const texts: string[] = [];
    this.#within.push(msg);
    for (const key of keysOf(msg)) {
      if (neverWritten.has(key)) continue;
      this.#path[0] = key;
      const text = this.#property(key, read(msg, key));
      if (text !== undefined) texts.push(text);
    }
    return `{${texts.join(",")}}`;
  }

  /** A property of the message as a member of its JSON text. */
  #property(key: string, value: unknown): string | undefined {
    const begin = this.#mark();
    this.#values = 0;
    // Whatever somebody has made of msg.roboflow: without it nobody could tell which clip this was.
    const isRecord = key === "roboflow" && typeof value === "object" && value !== null;
    const plain = isRecord ? this.#guarded(() => this.#record(value)) : this.#plain(value);
    if (plain === leftOut) return undefined;
    const text = textOf(key, plain);
    if (text !== undefined && this.#values <= mostValues && this.#length + text.length <= longestText) {
      this.#length += text.length;
      return text;
    }
    this.#leaveOut(begin);
    return undefined;
  }

  /** What JSON.stringify is to write for a value: the value itself wherever nothing in it needs care. */
  #plain(value: unknown): unknown {
    switch (typeof value) {
      case "string":
      case "boolean":
        return value;
      case "number":
        if (Number.isFinite(value) && !Object.is(value, -0)) return value;
        return Object.is(value, -0) ? this.#typedAs("-0", 0) : this.#typedAs(String(value), null);
      case "undefined":
        return this.#typedAs("undefined", null);
      case "object":
        return value === null ? null : this.#guarded(() => this.#object(value));
      default:
        return this.#leaveOut();
    }
  }

  /** Leaves out the whole of what a proxy refuses, or a list that is too sparse. */
  #guarded(encode: () => unknown): unknown {
    const begin = this.#mark();
    try {
      return encode();
    } catch {
      return this.#leaveOut(begin);
    }
  }

  #mark(): Mark {
    return {
      typed: this.typed.length,
      missing: this.missing.length,
      path: this.#path.length,
      within: this.#within.length,
    };
  }

  #object(value: object): unknown {
    if (types.isDate(value)) return this.#date(value);
    const isTooMuch = this.#within.length >= deepest || this.#values > mostValues;
    if (isTooMuch || this.#within.includes(value)) return this.#leaveOut();
    if (Array.isArray(value)) return this.#list(value);
    return isPlainObject(value) ? this.#record(value) : this.#leaveOut();
  }

  #date(value: Date): unknown {
    // Its own methods may be anybody's.
    const time = Date.prototype.getTime.call(value);
    return this.#typedAs("date", Number.isNaN(time) ? null : new Date(time).toISOString());
  }

  #record(record: object): unknown {
    const keys = Object.keys(record);
    this.#values += keys.length;
    this.#within.push(record);
    // A proxy may tell something else the next time, so what it tells now is kept.
    let copy: Members | undefined = types.isProxy(record) ? {} : undefined;
    for (let index = 0; index < keys.length; index += 1) {
      const key = keys[index] as string;
      const value = read(record, key);
      const plain = this.#member(key, value);
      if (plain === value && plain !== leftOut && !copy) continue;
      copy ??= copyOf(record, keys.slice(0, index));
      if (plain !== leftOut) setKey(copy, key, plain);
    }
    this.#within.pop();
    return copy ?? record;
  }

  #list(list: unknown[]): unknown {
    this.#values += list.length;
    this.#within.push(list);
    let copy: unknown[] | undefined = types.isProxy(list) ? [] : undefined;
    let holes = 0;
    for (let index = 0; index < list.length; index += 1) {
      const value = read(list, index);
      const isHole = value === undefined && !Object.hasOwn(list, index);
      if (isHole) holes += 1;
      if (holes > Math.max(mostHoles, index / 2)) throw new Error("too sparse");
      const plain = isHole ? this.#note(index, "hole") : this.#member(index, value);
      if (plain === value && plain !== leftOut && !copy) continue;
      copy ??= list.slice(0, index);
      // The others keep their places.
      copy.push(plain === leftOut ? this.#note(index, "undefined") : plain);
    }
    const named = list.length > longestMatch ? [] : Object.keys(list).slice(list.length - holes);
    for (const key of named) this.#member(key, leftOut);
    this.#within.pop();
    return named.length > 0 ? (copy ?? list.slice()) : (copy ?? list);
  }

  #member(key: string | number, value: unknown): unknown {
    this.#path.push(key);
    const plain = this.#plain(value);
    this.#path.pop();
    return plain;
  }

  /** Notes what a member is, and says what is written in its place. */
  #note(key: string | number, type: string): null {
    this.typed.push([[...this.#path, key], type]);
    return null;
  }

  #typedAs(type: string, placeholder: unknown): unknown {
    this.typed.push([[...this.#path], type]);
    return placeholder;
  }

  /** @param begin where the walk of the value began, if it did. */
  #leaveOut(begin?: Mark): typeof leftOut {
    if (begin) {
      this.typed.length = begin.typed;
      this.missing.length = begin.missing;
      this.#path.length = begin.path;
      this.#within.length = begin.within;
    }
    if (this.missing.length < mostNamed) this.missing.push(nameOf(this.#path));
    else if (this.missing.length === mostNamed) this.missing.push("…");
    return leftOut;
  }
}

function keysOf(record: object): string[] {
  try {
    return Object.keys(record);
  } catch {
    return [];
  }
}

/** A property, or `leftOut` where its getter or a proxy refuses. */
function read(record: object, key: string | number): unknown {
  try {
    return (record as Members)[key];
  } catch {
    return leftOut;
  }
}

/** Undefined for what is too long for one string, or for a getter that tells something else the second time. */
function textOf(key: string, plain: unknown): string | undefined {
  try {
    return `${JSON.stringify(key)}:${JSON.stringify(plain)}`;
  } catch {
    return undefined;
  }
}

function copyOf(record: object, keys: readonly string[]): Members {
  const copy: Members = {};
  for (const key of keys) setKey(copy, key, (record as Members)[key]);
  return copy;
}

/** A path as a person writes it, such as `msg.payload[3].image`. */
function nameOf(path: readonly (string | number)[]): string {
  const name = path.reduce<string>((parent, key) => {
    if (typeof key === "number") return `${parent}[${key}]`;
    return /^[\w$]{1,80}$/.test(key)
      ? `${parent}.${key}`
      : `${parent}[${JSON.stringify(key.slice(0, longestName))}]`;
  }, "msg");
  return name.length > longestName ? `${name.slice(0, longestName - 1)}…` : name;
}
