import assert from "node:assert/strict";
import { it } from "node:test";
import { nextTurn, TurnQueue } from "../../nodes/event-loop";

/** Keeps the event loop busy. */
function work(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

/** Counts turns of the event loop until it is told to stop. */
function countTurns(): () => number {
  let turns = 0;
  let isOn = true;
  const count = () => {
    turns += 1;
    if (isOn) setImmediate(count);
  };
  setImmediate(count);
  return () => {
    isOn = false;
    return turns;
  };
}

it("a task that comes alone is done at once", () => {
  const queue = new TurnQueue();
  let done = 0;
  queue.add(() => {
    done += 1;
  });
  assert.equal(done, 1);
  assert.equal(queue.isWaiting, false);
});

it("tasks that come together are done in order, and everything else has its turn in between", async () => {
  const queue = new TurnQueue();
  const done: number[] = [];
  const turns = countTurns();
  for (let task = 0; task < 100; task += 1)
    queue.add(() => {
      work(1);
      done.push(task);
    });
  assert(done.length < 5, `${done.length} tasks in the first turn`);
  assert(queue.isWaiting);
  await queue.caughtUp();
  assert.deepEqual(
    done,
    Array.from({ length: 100 }, (_, task) => task),
  );
  // A hundred milliseconds of work, four in a turn.
  assert(turns() >= 18, `${turns()} turns`);
});

it("what a task sets going counts as its work", async () => {
  const queue = new TurnQueue();
  const turns = countTurns();
  let done = 0;
  const slowly = async () => {
    await undefined;
    work(1);
    done += 1;
  };
  for (let task = 0; task < 100; task += 1) queue.add(() => void slowly());
  await queue.caughtUp();
  await nextTurn();
  assert.equal(done, 100);
  assert(turns() >= 10, `${turns()} turns`);
});

it("a task that comes from within another is a part of it, and comes before those that wait", async () => {
  const queue = new TurnQueue();
  const done: string[] = [];
  const outer = (name: string) => () => {
    work(5);
    queue.add(() => done.push(`${name}, inner`));
    done.push(name);
  };
  queue.add(outer("one"));
  queue.add(outer("two"));
  queue.add(outer("three"));
  await queue.caughtUp();
  assert.deepEqual(done, ["one, inner", "one", "two, inner", "two", "three, inner", "three"]);
});

it("a task added while others wait is done after them", async () => {
  const queue = new TurnQueue();
  const done: number[] = [];
  for (let task = 0; task < 20; task += 1)
    queue.add(() => {
      work(1);
      done.push(task);
    });
  await nextTurn();
  await nextTurn();
  queue.add(() => done.push(20));
  await queue.caughtUp();
  assert.equal(done.at(-1), 20);
  assert.equal(done.length, 21);
  await nextTurn();
  queue.add(() => done.push(21));
  assert.equal(done.at(-1), 21, "and the next one at once again");
});

it("all that wait are done when the process ends", async () => {
  const queue = new TurnQueue();
  let done = 0;
  for (let task = 0; task < 50; task += 1)
    queue.add(() => {
      work(1);
      done += 1;
    });
  await nextTurn();
  queue.flush();
  assert.equal(done, 50);
  await queue.caughtUp();
  assert.equal(done, 50, "each once");
});
