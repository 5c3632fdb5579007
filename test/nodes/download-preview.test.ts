import assert from "node:assert/strict";
import { test } from "node:test";
import { box, downloader, seen, yard } from "../support/downloads";
import { runNode } from "../support/helper";
import type { Msg } from "../support/messages";

const get = async ({ admin, id }: { admin(): any; id: string }): Promise<Msg> =>
  (await admin().get(`/roboflow-video/download/${id}/preview`).expect(200)).body;

test("preview: the last events with the clip they come from, none before the first result", async (t) => {
  const { node, payload } = await downloader(t, { output: "events", minConfidence: 0.4 });
  assert.deepEqual(await get(node), {});
  await node.send({ payload, roboflow: { id: "c", fileName: "yard.mp4" } });
  const { at, ...preview } = (await get(node)).preview;
  assert.equal(at, new Date(at).toISOString());
  assert.deepEqual(preview, {
    kind: "events",
    clip: "yard.mp4",
    count: 3,
    rows: [
      { class: "car", start: 0, end: 0, most: 1, confidence: 0.5 },
      { class: "person", start: 0, end: 0, most: 1, confidence: 0.9 },
      { class: "dog", start: 0.4, end: 0.4, most: 1, confidence: 0.8 },
    ],
  });
});

test("preview: the events of a summary, the first frames of frames; nothing of a file", async (t) => {
  const summary = await downloader(t, { output: "summary" });
  await summary.node.send({ payload: summary.payload });
  assert.equal((await get(summary.node)).preview.count, 3);
  const frames = await downloader(t, { output: "frames", skipEmpty: true });
  await frames.node.send({ payload: frames.payload });
  const { count, rows } = (await get(frames.node)).preview;
  assert.equal(count, 2);
  assert.deepEqual(rows, [
    {
      frame: 0,
      time: 0,
      detections: 3,
      classes: [
        ["person", 2],
        ["car", 1],
      ],
    },
    { frame: 12, time: 0.4, detections: 1, classes: [["dog", 1]] },
  ]);
  const results = await downloader(t, { output: "results" });
  await results.node.send({ payload: results.payload });
  assert.deepEqual(await get(results.node), {});
});

test("preview: at most 20 rows, each short, whatever the result holds", async (t) => {
  const column = <T>(value: (index: number) => T) => Array.from({ length: 300 }, (_, index) => value(index));
  const many = {
    frame_offset: column((index) => index),
    time_offset: column((index) => 10 * index),
    people: column((index) =>
      seen(...[0, 1, 2, 3, 4, 5, 6].map((other) => box(`${index} ${other} ${"long".repeat(50)}`, 1))),
    ),
  };
  for (const [output, count] of [
    ["frames", 300],
    ["events", 2100],
  ] as const) {
    const { node, payload } = await downloader(t, { output }, many);
    const roboflow = { id: "c", fileName: "x".repeat(100_000) };
    assert.ok((await node.send({ payload, roboflow })).completed);
    const { preview } = await get(node);
    assert.deepEqual([preview.count, preview.rows.length], [count, 20]);
    assert.ok(JSON.stringify(preview).length < 20_000);
  }
});

test("preview: names nothing that is secret, and nothing of other nodes", async (t) => {
  const { node, payload } = await downloader(t, { output: "summary" }, yard);
  const fileName = "https://cams.example/yard.mp4?X-Goog-Signature=f00dbeef";
  await node.send({ payload, roboflow: { id: "c", fileName } });
  assert.doesNotMatch(JSON.stringify(await get(node)), /f00dbeef/);
  await node.admin().get("/roboflow-video/download/nowhere/preview").expect(404);
  const poll = await runNode(t, { type: "roboflow-video-poll" }, { account: {} });
  await poll.admin().get(`/roboflow-video/download/${poll.id}/preview`).expect(404);
});
