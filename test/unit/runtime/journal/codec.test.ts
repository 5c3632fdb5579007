import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createContext, runInContext } from "node:vm";
import fc from "fast-check";
import { encodeMessage, restoreTyped, type TypedValue } from "../../../../nodes/runtime/journal/codec";
import { carried } from "./carried";

/** A message as it comes back from its text, as the next process reads it. */
function afterRestart(msg: object) {
  const { json, typed, missing } = encodeMessage(msg);
  const read: Record<string, unknown> = JSON.parse(json);
  restoreTyped(read, JSON.parse(JSON.stringify(typed)) as TypedValue[]);
  return { read, missing };
}

const refuse = () => {
  throw new Error("no");
};
class Camera {
  name = "yard";
}

/** Values that JSON carries, those that it carries with our help, and those that nothing carries. */
const awkward = fc.oneof(
  fc.constantFrom<unknown>(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, undefined),
  // Without the invalid one, which equals no other for assert; it has a test of its own.
  fc.date({ noInvalidDate: true }),
  fc.constantFrom<unknown>(
    "2026-11-27T09:00:00.000Z",
    "NaN",
    "undefined",
    '{"$date":5}',
    "\ud800",
    "\u2028",
    "\0",
  ),
  fc
    .constantFrom<() => unknown>(
      () => Buffer.from("jpg"),
      () => new Float64Array([1, 2]),
      () => new ArrayBuffer(4),
      () => new Map([["a", 1]]),
      () => new Set([1]),
      () => new Error("boom"),
      () => /a+b/g,
      () => Symbol("s"),
      () => 10n,
      () => refuse,
      () => new Camera(),
      () => Object.create({ inherited: 1 }),
      () => new WeakMap(),
      () => Promise.resolve(1),
      () => new String("boxed"),
      () => new Proxy({}, { ownKeys: refuse }),
    )
    .map((make) => make()),
);
const key = fc.oneof(
  fc.string(),
  fc.constantFrom("__proto__", "constructor", "toJSON", "a", "0", "length", "req", "", "\ud800", "é"),
);
const { value: anyValue } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    awkward,
    fc.jsonValue(),
    tie("list"),
    tie("record"),
  ),
  list: fc.oneof(fc.array(tie("value"), { maxLength: 6 }), fc.sparseArray(tie("value"), { maxLength: 6 })),
  record: fc.dictionary(key, tie("value"), { maxKeys: 6, noNullPrototype: false }),
}));
const anyMessage = fc.dictionary(key, anyValue, { maxKeys: 8 });

describe("a message written down and read again", () => {
  it("is as it was but for what nothing can carry, which is named", () => {
    fc.assert(
      fc.property(anyMessage, (msg) => {
        const { read, missing } = afterRestart(msg);
        const left: string[] = [];
        assert.deepStrictEqual(read, carried(msg, left));
        assert.deepStrictEqual(missing, left.length > 5 ? [...left.slice(0, 5), "…"] : left);
      }),
      { numRuns: 1000 },
    );
  });

  it("has an invalid date where it had one", () => {
    const { read } = afterRestart({ when: new Date(Number.NaN), list: [new Date(Number.NaN)] });
    const { when, list } = read as { when: Date; list: Date[] };
    for (const date of [when, list[0]]) assert.ok(date instanceof Date && Number.isNaN(date.getTime()));
  });

  it("is as JSON has it where JSON has it all", () => {
    fc.assert(
      fc.property(fc.dictionary(key, fc.jsonValue({ noUnicodeString: false })), (msg) => {
        const { json, typed, missing } = encodeMessage(msg);
        assert.deepEqual([typed.filter(([, type]) => type !== "-0"), missing], [[], []]);
        const { req: _, ...rest } = msg;
        assert.equal(json, JSON.stringify(rest));
      }),
      { numRuns: 1000 },
    );
  });

  it("keeps the message itself as it was, and holds none of it", () => {
    const list = [Number.NaN, { when: new Date(5), f: refuse }];
    const msg = { list };
    const before = structuredClone({ list: [list[0], { when: new Date(5) }] });
    const { read } = afterRestart(msg);
    assert.equal(msg.list, list);
    assert.deepStrictEqual(read, before);
    assert.deepStrictEqual(list, [Number.NaN, { when: new Date(5), f: refuse }]);
  });

  it("goes round in circles only once", () => {
    const camera: Record<string, unknown> = { name: "yard", zones: [{ id: 1 }] };
    (camera.zones as object[]).push({ camera, id: 2 });
    const msg: Record<string, unknown> = { camera, again: camera };
    msg.itself = [msg];
    const { read, missing } = afterRestart(msg);
    const expected = { name: "yard", zones: [{ id: 1 }, { id: 2 }] };
    assert.deepStrictEqual(read, { camera: expected, again: expected, itself: [undefined] });
    assert.deepEqual(missing, ["msg.camera.zones[1].camera", "msg.again.zones[1].camera", "msg.itself[0]"]);
  });

  it("carries what a function node's sandbox has made", () => {
    const made = runInContext(
      "({ when: new Date(5), list: [{ a: NaN }], seen: new Map() })",
      createContext(),
    );
    const { read, missing } = afterRestart({ made });
    assert.deepStrictEqual(read, { made: { when: new Date(5), list: [{ a: Number.NaN }] } });
    assert.deepEqual(missing, ["msg.made.seen"]);
  });

  it("is read through getters and proxies, and goes without what they refuse", () => {
    const { proxy: revoked, revoke } = Proxy.revocable({}, {});
    revoke();
    let asked = 0;
    const shy = Object.defineProperty({ a: 1 }, "b", { get: refuse, enumerable: true });
    const msg = {
      plain: new Proxy({ a: 1, list: new Proxy([1, -0, refuse], {}) }, {}),
      getter: Object.defineProperty({}, "now", { get: () => new Date(5), enumerable: true }),
      // Once a text, then what JSON.stringify cannot write.
      fickle: Object.defineProperty({}, "x", { get: () => (asked++ === 0 ? "x" : 1n), enumerable: true }),
      shy,
      closed: new Proxy({}, { getPrototypeOf: refuse }),
      shyProxy: new Proxy({ a: 1 }, { get: refuse }),
      revoked,
    };
    const { read, missing } = afterRestart(
      Object.defineProperty(msg, "shiest", { get: refuse, enumerable: true }),
    );
    assert.deepStrictEqual(read, {
      plain: { a: 1, list: [1, -0, undefined] },
      getter: { now: new Date(5) },
      shy: { a: 1 },
      shyProxy: {},
    });
    assert.deepEqual(missing, [
      "msg.plain.list[2]",
      "msg.fickle",
      "msg.shy.b",
      "msg.closed",
      "msg.shyProxy.a",
      "…",
    ]);
  });

  it("is nothing, and no error, where it refuses altogether", () => {
    assert.deepEqual(afterRestart(new Proxy({}, { ownKeys: refuse })).read, {});
  });

  it("calls no toJSON of a message", () => {
    const { read, missing } = afterRestart({
      spoof: { a: 1, toJSON: () => "spoofed" },
      list: Object.assign([1], { toJSON: () => "spoofed" }),
      when: Object.assign(new Date(5), { toJSON: refuse, getTime: refuse, toISOString: refuse }),
    });
    assert.deepStrictEqual(read, { spoof: { a: 1 }, list: [1], when: new Date(5) });
    assert.deepEqual(missing, ["msg.spoof.toJSON", "msg.list.toJSON"]);
  });

  it("names what it lacks in a few short words, however much there is", () => {
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`f${n}`, refuse]));
    assert.deepEqual(afterRestart({ many }).missing, [...[0, 1, 2, 3, 4].map((n) => `msg.many.f${n}`), "…"]);
    const { missing } = afterRestart({ ["x".repeat(10_000)]: refuse, "a b\n": { "0": refuse } });
    assert.equal(missing[0]?.length, 80);
    assert.equal(missing[1], 'msg["a b\\n"].0');
  });
});

describe("what would cost too much", () => {
  it("is left out as a whole, and the rest written: lists of holes, deep and endlessly shared objects", () => {
    const sparse: unknown[] = [];
    sparse[4_000_000_000] = 1;
    let deep: unknown = Number.NaN;
    for (let level = 0; level < 100_000; level += 1) deep = { deep };
    const shared: Record<string, unknown> = {};
    let last = shared;
    for (let level = 0; level < 60; level += 1) {
      const next = {};
      Object.assign(last, { one: next, other: next });
      last = next;
    }
    const began = performance.now();
    const { read, missing } = afterRestart({ sparse, shared, keep: new Date(5) });
    assert.deepStrictEqual(read, { keep: new Date(5) });
    assert.deepEqual(missing, ["msg.sparse", "msg.shared"]);
    assert.match(afterRestart({ deep }).missing.join(), /^msg\.deep\.deep/);
    assert(performance.now() - began < 30_000);
  });

  it("is a text that no file could hold", () => {
    const text = "x".repeat(130 * 1024 * 1024);
    const { json, missing } = encodeMessage({ one: text, other: text, keep: 1 });
    assert.equal(json.length, text.length + '{"one":"","keep":1}'.length);
    assert.deepEqual(missing, ["msg.other"]);
  });
});

describe("an entry's text with a list of typed values that does not fit", () => {
  for (const typed of [
    [[["a"], "date"]],
    [[["payload", "toString"], "undefined"]],
    [[["__proto__", "polluted"], "NaN"]],
    [[[], "NaN"]],
    [["payload"]],
    [null],
    5,
  ])
    it(`is refused and changes nothing elsewhere: ${JSON.stringify(typed)}`, () => {
      assert.throws(() => restoreTyped({ payload: {} }, typed as never));
      assert.equal((Object.prototype as Record<string, unknown>).polluted, undefined);
    });
});
