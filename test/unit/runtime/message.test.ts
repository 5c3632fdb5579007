import assert from "node:assert/strict";
import { test } from "node:test";
import { createContext, runInContext } from "node:vm";
import type { NodeMessage } from "node-red";
import { asClipMessage, cloneJson, jsonCopy } from "../../../nodes/runtime/message";

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

test("what JSON carries is copied whole; req and res are left out without a word", () => {
  const msg = {
    _msgid: "m",
    payload: { a: [1, null, "x"] },
    when: new Date(0),
    req: { huge: true },
    res: () => {},
  };
  assert.deepEqual(jsonCopy(message(msg)), {
    copy: { _msgid: "m", payload: { a: [1, null, "x"] }, when: new Date(0) },
    whole: true,
  });
});

test("what JSON cannot carry is left out and told", () => {
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  for (const value of [Buffer.from("x"), () => {}, 1n, new Map(), { deep: [Buffer.from("x")] }, cycle])
    assert.deepEqual(jsonCopy(message({ keep: 1, value })), { copy: { keep: 1 }, whole: false });
});

test("an object from a function node's sandbox counts as plain", () => {
  const payload = runInContext('({ a: [{ b: "c" }] })', createContext());
  assert.equal(jsonCopy(message({ payload })).whole, true);
});

test("a clone shares nothing with its model", () => {
  const model = { list: [{ a: 1 }], when: new Date(5), text: "x", none: null };
  const copy = cloneJson(model);
  assert.deepEqual(copy, model);
  assert.notEqual(copy.list[0], model.list[0]);
  assert.notEqual(copy.when, model.when);
});
