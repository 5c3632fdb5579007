import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import type { JournalEntry } from "../../../../nodes/runtime/journal/entry";
import { Linger } from "../../../../nodes/runtime/journal/linger";
import { times } from "../../../../nodes/runtime/journal/times";
import { until } from "../../../support/node-red";

const entryOf = (id: string) => ({ id, node: id }) as JournalEntry;

/** What lingers, by a clock that moves when it is told to, step by step. */
function lingering(t: TestContext, isTakingIn = () => false) {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const over: string[] = [];
  const linger = new Linger(({ id }) => over.push(id), isTakingIn);
  const pass = (steps: number) => {
    for (let step = 0; step < steps; step += 1) t.mock.timers.tick(times.lingerStep);
  };
  return { linger, over, pass };
}

/** Steps after which an entry is over that stays for so many; the first has begun before. */
const [three, five] = [3 * times.lingerStep, 5 * times.lingerStep];

describe("what was sent", () => {
  it("stays for its whole time, however little of a step is left when it comes", (t) => {
    const { linger, over, pass } = lingering(t);
    linger.add(entryOf("up"), three);
    linger.add(entryOf("st"), three + 1);
    pass(3);
    assert.deepEqual(over, []);
    pass(1);
    assert.deepEqual(over, ["up"]);
    pass(1);
    assert.deepEqual(over, ["up", "st"]);
  });

  it("has its own time, also when it comes while others linger", (t) => {
    const { linger, over, pass } = lingering(t);
    const [up, st] = [entryOf("up"), entryOf("st")];
    linger.add(up, three);
    pass(2);
    linger.add(st, three);
    pass(2);
    assert.deepEqual([over, linger.entries(), linger.has(up), linger.has(st)], [["up"], [st], false, true]);
    pass(1);
    assert.deepEqual(over, ["up"]);
    pass(1);
    assert.deepEqual(over, ["up", "st"]);
  });

  it("has as much time left when flows run again as when they stopped", (t) => {
    const { linger, over, pass } = lingering(t);
    linger.add(entryOf("up"), five);
    pass(3);
    linger.stop();
    pass(20);
    linger.start();
    pass(2);
    assert.deepEqual(over, []);
    pass(1);
    assert.deepEqual(over, ["up"]);
  });

  it("while flows stand still stays until they run, and for its time from then on", (t) => {
    const { linger, over, pass } = lingering(t);
    linger.stop();
    linger.add(entryOf("up"), three);
    pass(20);
    assert.deepEqual(over, []);
    linger.start();
    pass(3);
    assert.deepEqual(over, []);
    pass(1);
    assert.deepEqual(over, ["up"]);
  });

  it("is held as long as only some nodes run, and over at once when all do", (t) => {
    const { linger, over, pass } = lingering(t);
    linger.stop();
    for (const id of ["up", "st"]) linger.add(entryOf(id), three);
    linger.start(({ node }) => node === "up");
    pass(20);
    assert.deepEqual(over, ["st"]);
    linger.start();
    pass(1);
    assert.deepEqual(over, ["st", "up"]);
  });

  it("is not removed any more when what removes others stops the flows", (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    const over: string[] = [];
    const linger = new Linger(
      ({ id }) => {
        over.push(id);
        linger.stop();
      },
      () => false,
    );
    for (const id of ["up", "st"]) linger.add(entryOf(id), three);
    for (let step = 0; step < 20; step += 1) t.mock.timers.tick(times.lingerStep);
    assert.deepEqual(over, ["up"]);
  });

  it("by the thousand goes in slices, with other work in between", async (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    let removed = 0;
    const linger = new Linger(
      () => {
        removed += 1;
        // As long as a slow disk takes.
        for (const end = performance.now() + 1; performance.now() < end; );
      },
      () => false,
    );
    for (let count = 0; count < 30; count += 1) linger.add(entryOf(`${count}`), three);
    for (let step = 0; step < 4; step += 1) t.mock.timers.tick(times.lingerStep);
    assert.ok(removed > 0 && removed < 15, `${removed} of 30 at once`);
    await until(
      () => removed === 30,
      30_000,
      () => `${removed} removed`,
    );
  });

  it("goes one after the other by a real clock, which rests when there is nothing left", async (t) => {
    const { lingerStep } = times;
    t.after(() => Object.assign(times, { lingerStep }));
    times.lingerStep = 2;
    const over: string[] = [];
    const linger = new Linger(
      ({ id }) => over.push(id),
      () => false,
    );
    const begun = t.mock.method(globalThis, "setInterval");
    const ended = t.mock.method(globalThis, "clearInterval");
    const allOver = (count: number) =>
      until(
        () => over.length === count,
        30_000,
        () => over.join(),
      );
    linger.add(entryOf("up"), 4);
    linger.add(entryOf("st"), 20);
    await allOver(2);
    assert.deepEqual([over, begun.mock.callCount(), ended.mock.callCount()], [["up", "st"], 1, 1]);
    linger.add(entryOf("po"), 4);
    await allOver(3);
    assert.equal(begun.mock.callCount(), 2);
  });
});
