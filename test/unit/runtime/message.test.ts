import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { createContext, runInContext } from "node:vm";
import type { NodeAPI, NodeMessage } from "node-red";
import { asClipMessage, copierWithoutPayload } from "../../../nodes/runtime/message";

const message = (properties: object) => properties as NodeMessage;

test("a message without msg.roboflow gets one, with an id of its own", () => {
  const one = asClipMessage(message({ payload: 1 }));
  const other = asClipMessage(message({ payload: 1 }));
  assert.match(one.roboflow.id, /^[0-9a-f-]{36}$/);
  assert.notEqual(one.roboflow.id, other.roboflow.id);
});

test("a message that brings msg.roboflow keeps it, unless it is none", () => {
  const msg = message({ roboflow: { id: "clip-1", mine: true } });
  assert.equal(asClipMessage(msg), msg);
  assert.deepEqual(asClipMessage(msg).roboflow, { id: "clip-1", mine: true });
  for (const roboflow of ["text", 7, null, ["list"]])
    assert.deepEqual(Object.keys(asClipMessage(message({ roboflow })).roboflow), ["id"]);
  assert.equal(typeof asClipMessage(message({ roboflow: { id: 7 } })).roboflow.id, "string");
});

/** As much of Node-RED as copying needs. */
const RED = createRequire(require.resolve("node-red"))("@node-red/util") as NodeAPI;
const copiesOf = (properties: object) => copierWithoutPayload(RED, asClipMessage(message(properties)));

test("a copy shares nothing with its model, whatever stands in it, but the connection of an http in", () => {
  const cycle: Record<string, unknown> = { list: [1] };
  cycle.self = cycle;
  const req = { socket: {} };
  const model = {
    list: [{ a: 1 }],
    when: new Date(5),
    text: "x",
    none: null,
    snapshot: Buffer.from("jpg"),
    seen: new Map([["person", [2]]]),
    sandboxed: runInContext("({ a: [{ b: new Date(7) }] })", createContext()),
    own: JSON.parse('{"__proto__": {"a": 1}}'),
    cycle,
    req,
  };
  const copy = copiesOf({ ...model, payload: "left to the caller" })() as typeof model & {
    roboflow: unknown;
  };
  const { roboflow: _, ...rest } = copy;
  assert.deepEqual(rest, { ...model, sandboxed: { a: [{ b: new Date(7) }] } });
  assert.equal(copy.req, req);
  for (const name of ["list", "when", "snapshot", "seen", "sandboxed", "own", "cycle"] as const)
    assert.notEqual(copy[name], model[name], name);
  assert.notEqual(copy.list[0], model.list[0]);
  assert.equal(copy.cycle.self, copy.cycle);
  assert.deepEqual(Object.keys(copy.own), ["__proto__"]);
});

test("a property that refuses to be read is left out of copies, and costs no more than itself", () => {
  const refuse = () => {
    throw new Error("no");
  };
  const { proxy: revoked, revoke } = Proxy.revocable({}, {});
  revoke();
  const hostile = {
    keep: 1,
    proxy: new Proxy({}, { ownKeys: refuse, get: refuse, getPrototypeOf: refuse }),
    revoked,
    deep: { getter: Object.defineProperty({}, "x", { get: refuse, enumerable: true }) },
  };
  Object.defineProperty(hostile, "getter", { get: refuse, enumerable: true });
  const { roboflow: _, ...rest } = copiesOf(hostile)();
  assert.deepEqual(rest, { keep: 1 });
});

test("objects that share others a billion times over are copied in a moment", () => {
  const shared: Record<string, unknown> = {};
  let last = shared;
  for (let level = 0; level < 40; level += 1) {
    const next = {};
    Object.assign(last, { one: next, other: next });
    last = next;
  }
  const { shared: copy } = copiesOf({ shared })() as { shared: typeof shared };
  assert.notEqual(copy, shared);
  assert.equal(copy.one, copy.other);
});
