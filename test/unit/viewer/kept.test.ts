import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { csvOf, openResult, readEvents } from "../../../nodes/roboflow";
import { ViewerClips } from "../../../nodes/viewer/server/clips";
import { keptEvents, keptTable } from "../../../nodes/viewer/server/kept";
import type { KeptSummary } from "../../../nodes/viewer/server/recording";
import type { StoredClip } from "../../../nodes/viewer/server/stored-clip";
import { realResult } from "../../support/real-result";

/** One of each kind of entry: a classification of either form, gaze, keypoints, CLIP, no answer, no time. */
const ofAllKinds = {
  frame_offset: [0, 5, 10, 15],
  time_offset: [0, 0.5, null, 1.5],
  single: [
    {
      top: "cat",
      confidence: 0.8,
      predictions: [
        { class: "cat", confidence: 0.8 },
        { class: "dog", confidence: 0.2 },
      ],
    },
    { top: "", predictions: [] },
    null,
    { top: "dog", predictions: { dog: { confidence: 0.7 } } },
  ],
  several: [
    {
      predicted_classes: ["red", "=blue"],
      predictions: { red: { confidence: 0.9 }, "=blue": { confidence: 0.6 } },
    },
    { predicted_classes: [], predictions: {} },
    { predicted_classes: ["red"], predictions: {} },
    null,
  ],
  gaze: [
    { predictions: [{ face: { x: 5, y: 6, width: 2, height: 3, confidence: 0.9 }, yaw: 0.1, pitch: 0.2 }] },
    null,
    null,
    null,
  ],
  clip: [{ embeddings: [[1, 2]] }, null, null, null],
  pose: [
    {
      image: { width: 20, height: 10 },
      predictions: [
        {
          class: "person",
          confidence: 0.91234567,
          x: 1.25,
          y: 2.5,
          width: 3,
          height: 4,
          keypoints: [{ x: 1, y: 2, confidence: 0.5, class: "nose" }],
        },
      ],
    },
    null,
    { predictions: [{ class: "person", confidence: 0.5, x: 1, y: 2, width: 3, height: 4 }] },
    null,
  ],
};

describe("what is kept of a result", () => {
  for (const [name, text] of [
    ["the real service", readFileSync(realResult, "utf8")],
    ["all kinds of models", JSON.stringify(ofAllKinds)],
  ] as const)
    it(`gives the events and the table that the download node makes of it: ${name}`, async (t) => {
      const { store, folder } = newStore(t);
      const file = path.join(folder, "result.json");
      writeFileSync(file, text);
      await store.take({
        roboflow: { id: "c", jobId: "j", fileName: "a.mp4" },
        payload: JSON.parse(text),
      } as never);
      const clip = store.get("c") as StoredClip;
      const summary = clip.summary() as KeptSummary;
      assert.equal(store.state(clip).state, "done");
      const result = await openResult(file);
      try {
        for (const minConfidence of [0, 0.55, 0.85]) {
          const filter = { minConfidence, classes: [] };
          const events = [...(await readEvents(result, filter, { gap: 2, minDuration: 0 }))];
          assert.ok(events.length > 0);
          assert.deepEqual((await keptEvents(clip.folder, summary, minConfidence, 1000)).events, events);
          const rows = async (table: AsyncIterable<string>) => {
            let whole = "";
            for await (const part of table) whole += part;
            return whole.split("\r\n").sort();
          };
          assert.deepEqual(
            await rows(keptTable(clip.folder, summary, { minConfidence, clip: "a.mp4", job: "j" })),
            await rows(csvOf(result, filter, { clip: "a.mp4", job: "j" })),
          );
        }
      } finally {
        await result.close();
      }
    });
});

describe("a clip", () => {
  const stage = (more: object, roboflow: object = {}) => ({ roboflow: { id: "c", ...roboflow }, ...more });
  const frame = (index: number, count: number, job: object) => ({
    roboflow: { id: "c", ...job },
    parts: { id: `p ${JSON.stringify(job)}`, index, count },
    payload: { frame: index, time: index / 5, predictions: [], results: {} },
  });
  const [first, second] = [
    { jobId: "1", startedAt: "2026-01-01T00:00:00Z" },
    { jobId: "2", startedAt: "2026-01-02T00:00:00Z" },
  ];

  it("goes on, never back, until it is sent once more", async (t) => {
    const { store } = newStore(t);
    const after = async (msg: object) => {
      await store.take(msg as never);
      return store.state(store.get("c") as StoredClip).state;
    };
    assert.equal(await after(stage({ payload: "https://x.example" })), "waiting");
    assert.equal(await after(stage({ payload: { status: 1 } }, first)), "running");
    assert.equal(await after(stage({ payload: "1" }, first)), "running", "a repeat after a restart");
    assert.equal(await after(stage({ payload: { status: 0 } }, first)), "done", "if nothing comes");
    assert.equal(await after(frame(0, 2, first)), "running", "more is on its way");
    assert.equal(await after(frame(1, 2, first)), "done");
    assert.equal(await after(stage({ payload: { status: 1 } }, first)), "done", "late");
    assert.equal(await after(stage({ payload: "2" }, second)), "waiting", "another job");
    assert.equal(store.get("c")?.frames, 0);
    assert.equal(await after(frame(0, 1, first)), "waiting", "the earlier job says nothing any more");
    assert.equal(await after(frame(0, 1, second)), "done");
  });

  it("that has failed has not when it goes on, and an old error is none", async (t) => {
    const { store } = newStore(t);
    const after = async (msg: object) => {
      await store.take(msg as never);
      return store.state(store.get("c") as StoredClip).state;
    };
    const error = { message: "Poll: no", source: { type: "roboflow-video-poll" } };
    assert.equal(await after(stage({ payload: { status: 1 }, error }, { ...first, polls: 3 })), "failed");
    assert.equal(await after(stage({ payload: "1" }, first)), "failed", "a repeat of what came before");
    assert.equal(await after(stage({ payload: { status: 1 } }, first)), "running");
    assert.equal(await after(stage({ payload: { status: 1 }, error }, { ...first, polls: 4 })), "failed");
    // A flow that tries again may leave msg.error where it is.
    assert.notEqual(await after(stage({ payload: { status: 1 }, error }, { ...first, polls: 5 })), "failed");
    const other = { message: "function: no", source: { type: "function" } };
    await after(frame(0, 1, first));
    assert.equal(await after(stage({ payload: "x", error: other }, first)), "done", "what failed behind it");
  });

  it("that failed in the upload has the name of its file, until a node gives it its own", async (t) => {
    const { store } = newStore(t);
    const error = { message: "Upload: no", source: { type: "roboflow-video-upload" } };
    const nameAfter = async (msg: object) => {
      await store.take(msg as never);
      return store.get("c")?.listed(false).fileName;
    };
    assert.equal(await nameAfter(stage({ payload: "/clips/tmp-1.mp4", error })), "tmp-1.mp4");
    assert.equal(await nameAfter(stage({ payload: "x" }, { fileName: "yard.mp4" })), "yard.mp4");
    assert.equal(await nameAfter(stage({ payload: "/clips/tmp-1.mp4", error })), "yard.mp4");
  });

  it("of which only events come has a result, and knows how far it goes", async (t) => {
    const { store } = newStore(t);
    const event = (start: number, end: number, box: object | null) => ({
      ...{ class: "x", model: "m", start, end, frames: 1, detections: 2, most: 1, confidence: 0.5 },
      best: { frame: 0, time: start, confidence: 0.5, box },
    });
    const listed = () => store.get("c")?.listed(false);
    await store.take(stage({ payload: { status: 1 } }) as never);
    assert.equal(listed()?.hasResult, false);
    const found = [
      event(1, 9, { x: 100, y: 20, width: 40, height: 30 }),
      event(2, 3, { x: 10, y: 200, width: 4, height: 10 }),
      event(4, 5, null),
    ];
    for (const [index, payload] of found.entries())
      await store.take(stage({ payload, parts: { id: "e", index, count: found.length } }) as never);
    const { hasResult, frames, detections } = listed() ?? {};
    assert.deepEqual({ hasResult, frames, detections }, { hasResult: true, frames: 0, detections: 6 });
    const { end, reach } = store.get("c")?.summary() ?? {};
    assert.deepEqual({ end, reach }, { end: 9, reach: { width: 120, height: 205 } });
  });

  it("takes what comes twice once, and keeps frames rather than events", async (t) => {
    const { store } = newStore(t);
    for (const index of [0, 1, 0, 1, 2, 1, 2]) await store.take(frame(index, 9, first) as never);
    assert.equal(store.get("c")?.frames, 3);
    const best = { frame: 0, time: 0, confidence: 0.5, box: null };
    const event = {
      class: "x",
      model: "m",
      start: 0,
      end: 1,
      frames: 1,
      detections: 1,
      most: 1,
      confidence: 0.5,
      best,
    };
    await store.take({
      roboflow: { id: "c", ...first },
      parts: { id: "e", index: 0, count: 1 },
      payload: event,
    } as never);
    assert.equal(store.get("c")?.summary()?.kind, "frames");
    for (let index = 3; index < 9; index++) await store.take(frame(index, 9, first) as never);
    assert.equal(store.get("c")?.frames, 9);
  });
});

function newStore(t: TestContext) {
  const folder = mkdtempSync(path.join(tmpdir(), "viewer-kept-"));
  const options = { keep: 50, spool: path.join(folder, "spool"), isUnderWay: () => false };
  const store = new ViewerClips({ folder: path.join(folder, "clips"), ...options });
  t.after(() => {
    store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { store, folder };
}
