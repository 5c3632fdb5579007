import assert from "node:assert/strict";
import { PerformanceObserver } from "node:perf_hooks";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { scavenger } from "../../../../nodes/roboflow/http/scavenge";

const mebibyte = 1024 * 1024;

test("V8 collects what a transfer leaves behind, every few megabytes and not with every chunk", async () => {
  let collections = 0;
  const observer = new PerformanceObserver((list) => {
    collections += list.getEntries().length;
  });
  observer.observe({ entryTypes: ["gc"] });
  const collectAfter = scavenger();
  const collectionsIn = async (chunks: number, bytes: number) => {
    collections = 0;
    for (let chunk = 0; chunk < chunks; chunk += 1) collectAfter(bytes);
    // The observer is told a moment later.
    await sleep(50);
    return collections;
  };
  const short = await collectionsIn(63, mebibyte / 16);
  // Some others may have been due.
  assert.ok(short < 10, `${short} of 63`);
  const long = await collectionsIn(64, mebibyte);
  assert.ok(long >= 10, `${long} of 16`);
  observer.disconnect();
});
