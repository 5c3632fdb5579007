import assert from "node:assert/strict";
import { test } from "node:test";
import { times } from "../../../../nodes/runtime/journal/times";

const day = 24 * 3_600_000;

test("a receiver remembers for longer than its sender may repeat, whatever step each began in", () => {
  assert.ok(times.lingerOfReceiver >= times.linger + 2 * times.lingerStep);
});

test("a step more or less does not matter to what lingers", () => {
  assert.ok(times.linger >= 5 * times.lingerStep);
});

test("what was taken up before a suspect is settled and gone when that is taken up", () => {
  assert.ok(times.suspectWaits > times.lingerOfReceiver);
});

test("what a node has left is kept for longer than an upload lives at Roboflow", () => {
  assert.ok(times.orphansKept > 7 * day);
});
