import assert from "node:assert/strict";
import { test } from "node:test";
import { MotionDetector } from "../../../emulator/motion";

const WIDTH = 120;
const HEIGHT = 80;

/** A grey scene with a little noise and dark boxes in it. */
function scene(n: number, boxes: [left: number, top: number, width: number, height: number][], light = 120) {
  const pixels = new Uint8Array(WIDTH * HEIGHT);
  for (let at = 0; at < pixels.length; at++) pixels[at] = light + ((at * 7919 + n * 104729) % 5);
  for (const [left, top, width, height] of boxes) {
    for (let y = top; y < top + height; y++) pixels.fill(30, y * WIDTH + left, y * WIDTH + left + width);
  }
  return pixels;
}

function detector(background: Uint8Array[]): MotionDetector {
  const made = new MotionDetector(WIDTH, HEIGHT);
  made.learn(background);
  return made;
}

test("a box that moves is found where it is, and an empty scene is empty", () => {
  const eyes = detector([scene(0, [])]);
  for (let n = 0; n < 10; n++) eyes.see(scene(n, []), n / 10);
  assert.deepEqual(eyes.areas(), []);
  for (let n = 10; n < 20; n++) {
    eyes.see(scene(n, [[n * 3, 20, 10, 30]]), n / 10);
    const [area, ...more] = eyes.areas();
    assert.equal(more.length, 0);
    const { left, top, width, height, confidence } = area ?? assert.fail("nothing found");
    assert.deepEqual([left, top, width, height], [n * 3, 20, 10, 30]);
    assert.ok(confidence > 0.5 && confidence < 1);
  }
});

test("two who walk apart are two, and a head parted from its body is not a third", () => {
  const eyes = detector([scene(0, [])]);
  eyes.see(scene(0, []), 0);
  const head: [number, number, number, number] = [12, 15, 5, 4];
  eyes.see(scene(1, [head, [10, 22, 10, 30], [60, 20, 10, 30]]), 0.1);
  const found = eyes.areas().map(({ left, top }) => [left, top]);
  assert.deepEqual(found, [
    [10, 15],
    [60, 20],
  ]);
});

test("somebody who stands in the first frame leaves no ghost", () => {
  const frames = Array.from({ length: 30 }, (_, n) => scene(n, [[10 + n * 3, 20, 10, 30]]));
  const eyes = detector(frames);
  for (const [n, frame] of frames.entries()) {
    eyes.see(frame, n / 10);
    assert.equal(eyes.areas().length, 1, `frame ${n}`);
  }
});

test("what stands for a while is no motion any more, and the spot it leaves soon is none either", () => {
  const eyes = detector([scene(0, [])]);
  let n = 0;
  const see = (seconds: number, boxes: [number, number, number, number][]) => {
    for (const end = n + seconds * 10; n < end; n++) eyes.see(scene(n, boxes), n / 10);
    return eyes.areas().length;
  };
  assert.equal(see(1, []), 0);
  assert.equal(see(1, [[40, 20, 12, 30]]), 1);
  assert.equal(see(4, [[40, 20, 12, 30]]), 0);
  see(0.5, []);
  assert.equal(see(4, []), 0);
});

test("a change of light or a turned camera is no mover", () => {
  const eyes = detector([scene(0, [])]);
  eyes.see(scene(0, []), 0);
  eyes.see(scene(1, [], 150), 0.1);
  assert.deepEqual(eyes.areas(), [], "brighter");
  eyes.see(scene(2, [[0, 0, WIDTH, 60]]), 0.2);
  assert.deepEqual(eyes.areas(), [], "another view");
});

test("specks of noise are no movers", () => {
  const eyes = detector([scene(0, [])]);
  eyes.see(scene(0, []), 0);
  eyes.see(
    scene(1, [
      [20, 20, 1, 1],
      [70, 50, 2, 2],
    ]),
    0.1,
  );
  assert.deepEqual(eyes.areas(), []);
});
