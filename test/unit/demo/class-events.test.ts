import assert from "node:assert/strict";
import { test } from "node:test";
import { classEvents } from "../../../demo/class-events";

const frame = (time: number, classes: Record<string, number>) => ({ time, classes });

test("a class that stays in sight is one event, from its first frame to its last", () => {
  const events = classEvents([frame(0, {}), frame(0.2, { cat: 1 }), frame(0.4, { cat: 2 }), frame(0.6, {})]);
  assert.deepEqual(events, [{ className: "cat", start: 0.2, end: 0.4, most: 2 }]);
});

test("a class that comes back after more than a second makes two events", () => {
  const events = classEvents([frame(0, { cat: 1 }), frame(1, { cat: 1 }), frame(2.2, { cat: 1 })]);
  assert.deepEqual(
    events.map(({ start, end }) => [start, end]),
    [
      [0, 1],
      [2.2, 2.2],
    ],
  );
});

test("classes are told apart, in the order in which they appear", () => {
  const events = classEvents([frame(0, { cat: 1 }), frame(0.2, { car: 1, cat: 1 })]);
  assert.deepEqual(
    events.map(({ className, start, end }) => [className, start, end]),
    [
      ["cat", 0, 0.2],
      ["car", 0.2, 0.2],
    ],
  );
});
