import assert from "node:assert/strict";
import { test } from "node:test";
import { sightings } from "../../../demo/sightings";

const frame = (time: number, classes: Record<string, number>) => ({ time, classes });

test("a class that stays in sight is one sighting, from its first frame to its last", () => {
  const seen = sightings([frame(0, {}), frame(0.2, { cat: 1 }), frame(0.4, { cat: 2 }), frame(0.6, {})]);
  assert.deepEqual(seen, [{ className: "cat", from: 0.2, to: 0.4, most: 2 }]);
});

test("a class that comes back after more than a second is seen twice", () => {
  const seen = sightings([frame(0, { cat: 1 }), frame(1, { cat: 1 }), frame(2.2, { cat: 1 })]);
  assert.deepEqual(
    seen.map(({ from, to }) => [from, to]),
    [
      [0, 1],
      [2.2, 2.2],
    ],
  );
});

test("classes are told apart, in the order in which they appear", () => {
  const seen = sightings([frame(0, { cat: 1 }), frame(0.2, { car: 1, cat: 1 })]);
  assert.deepEqual(
    seen.map(({ className, from, to }) => [className, from, to]),
    [
      ["cat", 0, 0.2],
      ["car", 0.2, 0.2],
    ],
  );
});
