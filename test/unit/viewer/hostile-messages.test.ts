import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { ViewerClips } from "../../../nodes/viewer/server/clips";
import { keptEvents } from "../../../nodes/viewer/server/kept";

function storeIn(t: TestContext, keep = 50): { store: ViewerClips; folder: string } {
  const root = mkdtempSync(path.join(tmpdir(), "viewer-store-"));
  const folder = path.join(root, "clips");
  const store = new ViewerClips({ folder, keep, spool: path.join(root, "spool"), isUnderWay: () => false });
  t.after(() => {
    store.close();
    rmSync(root, { recursive: true, force: true });
  });
  return { store, folder };
}

const message = (id: string, fields: object) => ({ _msgid: "m", roboflow: { id, jobId: "j" }, ...fields });

const summaryOf = (count: number, event: (index: number) => object) => ({
  payload: {
    classes: {},
    duration: 1,
    events: Array.from({ length: count }, (_, index) => ({
      model: "m",
      frames: 1,
      detections: 1,
      most: 1,
      confidence: 0.9,
      best: { frame: 1, time: 1, confidence: 0.9, box: null },
      ...event(index),
    })),
  },
});

const resultOf = (frames: number) => ({
  payload: {
    frame_offset: Array.from({ length: frames }, (_, frame) => frame),
    time_offset: Array.from({ length: frames }, (_, frame) => frame / 10),
    m: Array.from({ length: frames }, () => ({ predictions: [{ class: "a", confidence: 0.9 }] })),
  },
});

test("a summary that claims thousands of detections for hours takes little memory, and holds up no flow", async (t) => {
  const { store } = storeIn(t);
  let turns = 0;
  const watch = setInterval(() => {
    turns += 1;
  }, 1);
  const claim = (index: number) => ({ class: `c${index}`, start: 0, end: 360_000, most: 1e9 });
  await store.take(message("big", summaryOf(150, claim)) as never);
  clearInterval(watch);
  const summary = store.get("big")?.summary();
  const numbers = summary?.tracks.flatMap(({ bins }) => bins.map((bin) => bin.length)) ?? [];
  const total = numbers.reduce((sum, count) => sum + count, 0);
  assert.ok(total > 150 && total < 700_000, `${total} numbers in bins`);
  assert.ok(turns > 1, "nothing else had its turn");
  assert.equal(summary?.events, 150);
  assert.ok(
    summary?.tracks.every(({ bins }) => bins.length > 0),
    "a class has no place on the timeline",
  );
});

test("all events of a summary are kept, in their order", async (t) => {
  const { store } = storeIn(t);
  const seen = (index: number) => ({ class: "dog", start: index, end: index + 1 });
  await store.take(message("dogs", summaryOf(2500, seen)) as never);
  const clip = store.get("dogs");
  const summary = clip?.summary();
  assert.ok(clip && summary);
  const { total, events } = await keptEvents(clip.folder, summary, 0, 10_000);
  assert.equal(total, 2500);
  assert.deepEqual(
    events.map(({ start }) => start),
    Array.from({ length: 2500 }, (_, index) => index),
  );
});

test("a clip that is forgotten while its result is read is no error, and leaves nothing behind", async (t) => {
  const { store, folder } = storeIn(t, 1);
  const old = store.take(message("old", resultOf(30_000)) as never);
  const summary = store.take(
    message(
      "older",
      summaryOf(9000, () => ({ class: "a", start: 0, end: 9 })),
    ) as never,
  );
  await store.take(message("new", resultOf(10)) as never);
  await Promise.all([old, summary]);
  assert.deepEqual(
    store.list().map(({ id }) => id),
    ["new"],
  );
  assert.equal(readdirSync(folder).length, 1);
});

test("a result that cannot be read leaves a failed clip, not one that waits for ever", async (t) => {
  const { store } = storeIn(t);
  const { payload } = resultOf(3);
  const damaged = message("cut", { payload: { ...payload, m: payload.m.slice(1) } });
  await assert.rejects(store.take(damaged as never), { code: "RESULT" });
  store.fail(damaged as never, "The result is damaged.");
  const [clip] = store.list();
  assert.deepEqual([clip?.state, clip?.error], ["failed", "The result is damaged."]);
  await store.take(message("cut", { payload }) as never);
  assert.equal(store.list()[0]?.state, "done");
  assert.ok(existsSync(path.join(store.get("cut")?.folder ?? "", "0.jsonl")));
});
