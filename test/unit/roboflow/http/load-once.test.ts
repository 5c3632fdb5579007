import assert from "node:assert/strict";
import { test } from "node:test";
import { loadOnce } from "../../../../nodes/roboflow/http/load-once";

test("what was loaded is kept, also for those that asked meanwhile", async () => {
  let loads = 0;
  const load = loadOnce(async () => {
    loads += 1;
    return { loads };
  });
  const [one, other] = await Promise.all([load(), load()]);
  assert.equal(one, other);
  assert.equal(await load(), one);
  assert.equal(loads, 1);
});

test("a load that failed is tried again with the next use", async () => {
  let loads = 0;
  const load = loadOnce(async () => {
    loads += 1;
    if (loads === 1) throw new Error("too many open files");
    return loads;
  });
  await Promise.all([assert.rejects(load(), /open files/), assert.rejects(load(), /open files/)]);
  assert.equal(await load(), 2);
});
