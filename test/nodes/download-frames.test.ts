import assert from "node:assert/strict";
import { existsSync, readdirSync, statSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { box, downloader, framesOf, seen, yard, yardCounts } from "../support/downloads";
import { comparable, type Msg } from "../support/messages";

test("frames: one msg a frame, in order, with parts that a join node understands", async (t) => {
  const { node, payload } = await downloader(t, { output: "frames" });
  const { outputs, completed } = await node.send({
    payload,
    topic: "mine",
    list: [1],
    roboflow: { id: "c", jobId: "j" },
  });
  assert.ok(completed);
  const frames = outputs[0] as Msg[];
  assert.equal(frames.length, 3);
  assert.deepEqual(frames[0]?.payload, {
    frame: 0,
    time: 0,
    image: { width: 480, height: 360 },
    predictions: yard.people[0]?.predictions.map((prediction) => ({ model: "people", ...prediction })),
    classes: { person: 2, car: 1 },
    results: { people: yard.people[0] },
  });
  assert.deepEqual(frames[1]?.payload, {
    frame: 6,
    time: 0.2,
    image: { width: 480, height: 360 },
    predictions: [],
    classes: {},
    results: { people: yard.people[1] },
  });
  const id = frames[0]?.parts.id;
  assert.equal(typeof id, "string");
  for (const [index, msg] of frames.entries()) {
    assert.deepEqual(msg.parts, { id, type: "array", index, count: 3, len: 1 });
    assert.equal(msg.topic, "mine");
    assert.deepEqual(comparable(msg.roboflow), { jobId: "j", ...yardCounts, times: [] });
  }
  assert.notEqual(frames[0]?.list, frames[1]?.list);
  assert.notEqual(frames[0]?.roboflow, frames[1]?.roboflow);
  assert.deepEqual(node.statuses().at(-1), { fill: "green", shape: "dot", text: "frames: 3" });
  const spool = path.join(node.userDir, "roboflow-video", ".spool");
  assert.deepEqual(existsSync(spool) ? readdirSync(spool) : [], []);
});

test("frames: parts that came in are nested, and each msg has its own sequence", async (t) => {
  const outer = {
    id: "outer",
    type: "string",
    index: 4,
    count: 9,
    parts: { id: "outermost", index: 0, count: 1 },
  };
  const frames = await framesOf(t, {}, yard, { parts: outer });
  for (const { parts } of frames) assert.deepEqual(parts.parts, outer);
  assert.notEqual(frames[0]?.parts.id, "outer");
});

test("frames: a result with a class of its own in every frame takes hardly longer than one with a single class", async (t) => {
  const count = 5000;
  const costOf = async (classOf: (index: number) => string) => {
    const indexes = Array.from({ length: count }, (_, index) => index);
    const entries = indexes.map((index) => ({ predictions: [{ class: classOf(index) }] }));
    const began = process.cpuUsage();
    const frames = await framesOf(t, {}, { frame_offset: indexes, time_offset: indexes, people: entries });
    const { user, system } = process.cpuUsage(began);
    assert.equal(frames.length, count);
    return { frames, cost: user + system };
  };
  const one = await costOf(() => "person");
  const many = await costOf((index) => `class ${index}`);
  for (const frame of [many.frames[0], many.frames.at(-1)]) {
    assert.equal(Object.keys(frame?.roboflow.classes).length, count);
    assert.equal(frame?.roboflow.detections, count);
  }
  assert.ok(many.cost < 10 * one.cost, `${many.cost} µs instead of ${one.cost}`);
});

test("frames: filters act on predictions and classes; results and the counts stay whole", async (t) => {
  const frames = await framesOf(t, { minConfidence: 0.5, classes: " person ,car" }, yard);
  assert.deepEqual(
    frames.map(({ payload }) => payload.predictions.map((p: Msg) => [p.class, p.confidence])),
    [
      [
        ["person", 0.9],
        ["car", 0.5],
      ],
      [],
      [],
    ],
  );
  assert.deepEqual(
    frames.map(({ payload }) => payload.classes),
    [{ person: 1, car: 1 }, {}, {}],
  );
  assert.deepEqual(frames[2]?.payload.results, { people: yard.people[2] });
  assert.deepEqual(comparable(frames[0]?.roboflow), { ...yardCounts, times: [] });
});

test("frames: filters leave the other two outputs alone", async (t) => {
  const { node, payload } = await downloader(t, { minConfidence: 0.99, classes: "x", skipEmpty: true });
  assert.deepEqual((await node.send({ payload })).outputs[0]?.[0]?.payload, yard);
});

test("frames: skipEmpty leaves out empty frames; index counts what is sent, count stands on the last", async (t) => {
  const frames = await framesOf(t, { skipEmpty: true }, yard);
  assert.deepEqual(
    frames.map(({ payload, parts }) => [payload.frame, parts.index, parts.count]),
    [
      [0, 0, undefined],
      [12, 1, 2],
    ],
  );
  const [one] = await framesOf(t, { skipEmpty: true, classes: "dog" }, yard);
  assert.deepEqual([one?.payload.frame, one?.parts.index, one?.parts.count], [12, 0, 1]);
});

test("frames: none at all, or none that passes, sends nothing and is done all the same", async (t) => {
  assert.deepEqual(await framesOf(t, {}, { frame_offset: [], time_offset: [], people: [] }), []);
  assert.deepEqual(await framesOf(t, { skipEmpty: true, classes: "cat" }, yard), []);
});

test("columns in any order, offsets last or in the other spelling", async (t) => {
  const { frame_offset, time_offset, people } = yard;
  for (const result of [
    { people, time_offset, frame_offset },
    { time_offsets: time_offset, people, frame_offsets: frame_offset },
  ]) {
    const frames = await framesOf(t, {}, result);
    assert.deepEqual(
      frames.map(({ payload }) => [payload.frame, payload.time, payload.predictions.length]),
      [
        [0, 0, 3],
        [6, 0.2, 0],
        [12, 0.4, 1],
      ],
    );
  }
});

test("a key that occurs twice counts as in JSON.parse: the last one", async (t) => {
  const text = `{"frame_offset":[0],"time_offset":[0],"people":[${JSON.stringify(seen(box("a", 1)))}],"people":[${JSON.stringify(seen(box("b", 1)))}]}`;
  const [frame] = await framesOf(t, {}, text);
  assert.deepEqual(
    frame?.payload.predictions.map((p: Msg) => [p.model, p.class]),
    [["people", "b"]],
  );
  assert.deepEqual(frame?.roboflow.classes, { b: 1 });
  const { node, payload } = await downloader(t, {}, text);
  const { outputs } = await node.send({ payload });
  assert.deepEqual(outputs[0]?.[0]?.payload, JSON.parse(text));
});

test("null entries: such a frame has no predictions, and counts where no model answered", async (t) => {
  const frames = await framesOf(
    t,
    {},
    { ...yard, people: [null, yard.people[1], null], clip: [[1, 2], null, null] },
  );
  assert.deepEqual(frames[0]?.payload.results, { people: null, clip: [1, 2] });
  assert.equal(frames[0]?.payload.image, null);
  assert.deepEqual(frames[0]?.payload.predictions, []);
  assert.equal(frames[2]?.roboflow.nullFrames, 1);
});

test("CLIP arrays, many labels, one label and gaze", async (t) => {
  const [frame] = await framesOf(
    t,
    {},
    {
      frame_offset: [0],
      time_offset: [0],
      clip: [[0.1, 0.2]],
      weather: [
        {
          image: { width: 4, height: 3 },
          predictions: { rain: { confidence: 0.8, class_id: 0 }, sun: { confidence: 0.1, class_id: 1 } },
          predicted_classes: ["rain"],
        },
      ],
      gate: [
        { predictions: [{ class: "open", class_id: 1, confidence: 0.7 }], top: "open", confidence: 0.7 },
      ],
      gaze: [{ predictions: [{ face: { x: 1, confidence: 0.9 }, yaw: 0.1, pitch: 0.2 }], time: 1 }],
    },
  );
  assert.deepEqual(frame?.payload.results.clip, [0.1, 0.2]);
  assert.deepEqual(frame?.payload.predictions, [
    { model: "weather", class: "rain", confidence: 0.8, class_id: 0 },
    { model: "weather", class: "sun", confidence: 0.1, class_id: 1 },
    { model: "gate", class: "open", class_id: 1, confidence: 0.7 },
    { model: "gaze", face: { x: 1, confidence: 0.9 }, yaw: 0.1, pitch: 0.2 },
  ]);
  assert.deepEqual(frame?.payload.classes, { rain: 1, sun: 1, open: 1 });
  assert.deepEqual(frame?.payload.image, { width: 4, height: 3 });
});

test("NaN and Infinity, as Python writes them, become null in every output", async (t) => {
  const text = JSON.stringify(yard).replace("0.07", "NaN").replace("0.9,", "-Infinity,");
  const [frame] = await framesOf(t, {}, text);
  assert.equal(frame?.payload.results.people.time, null);
  assert.equal(frame?.payload.predictions[0].confidence, null);
  const { node, payload } = await downloader(t, {}, text);
  assert.equal((await node.send({ payload })).outputs[0]?.[0]?.payload.people[0].time, null);
});

test("frames: the folder for results on their way is its owner's alone", {
  skip: process.platform === "win32",
}, async (t) => {
  const { node, payload } = await downloader(t, { output: "frames", resume: false });
  assert.ok((await node.send({ payload })).completed);
  for (const folder of ["roboflow-video", "roboflow-video/.spool"])
    assert.equal(statSync(path.join(node.userDir, folder)).mode & 0o777, 0o700, folder);
});
