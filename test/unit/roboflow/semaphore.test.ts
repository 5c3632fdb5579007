import assert from "node:assert/strict";
import { test } from "node:test";
import { Semaphore } from "../../../nodes/roboflow/semaphore";

const tick = () => new Promise((resolve) => setImmediate(resolve));

test("who is aborted while waiting gives its place up, also when it would have been next", async () => {
  const semaphore = new Semaphore(1);
  const unhurried = new AbortController().signal;
  let end: () => void = () => {};
  const first = semaphore.run(
    () =>
      new Promise<void>((resolve) => {
        end = resolve;
      }),
    unhurried,
  );
  const deploy = new AbortController();
  const second = semaphore.run(async () => assert.fail("it was aborted"), deploy.signal);
  const third = semaphore.run(async () => "third", unhurried);
  const reason = new Error("deploy");
  deploy.abort(reason);
  await assert.rejects(second, reason);
  end();
  await first;
  assert.equal(await Promise.race([third, tick().then(tick)]), "third");
  assert.equal(semaphore.full, false);
});
