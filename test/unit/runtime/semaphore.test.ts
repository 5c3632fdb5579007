import assert from "node:assert/strict";
import { test } from "node:test";
import { Semaphore } from "../../../nodes/runtime/semaphore";

const tick = () => new Promise((resolve) => setImmediate(resolve));

test("who is aborted while waiting gives its place up, also when it would have been next", async () => {
  const turns = new Semaphore(1);
  const unhurried = new AbortController().signal;
  let end: () => void = () => {};
  const first = turns.run(
    () =>
      new Promise<void>((resolve) => {
        end = resolve;
      }),
    unhurried,
  );
  const deploy = new AbortController();
  const second = turns.run(async () => assert.fail("it was aborted"), deploy.signal);
  const third = turns.run(async () => "third", unhurried);
  const reason = new Error("deploy");
  deploy.abort(reason);
  await assert.rejects(second, reason);
  end();
  await first;
  assert.equal(await Promise.race([third, tick().then(tick)]), "third");
  assert.equal(turns.full, false);
});
