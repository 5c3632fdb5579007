import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { describe, test } from "node:test";
import type { VideoError } from "../../../../nodes/roboflow/errors";
import { type FrameFilter, openResult } from "../../../../nodes/roboflow/result";
import { framesOf } from "./frames-of";
import { isResultError, scratchPath } from "./reading";

const BOX = {
  time: 0.0699,
  image: { width: 480, height: 360 },
  predictions: [
    { x: 360, y: 114, width: 36, height: 104, confidence: 0.624, class: "zebra", class_id: 1 },
    { x: 30, y: 14, width: 6, height: 10, confidence: 0.3, class: "dog", class_id: 0 },
  ],
};
const LABELS = {
  image: { width: 64, height: 48, depth: 3 },
  predictions: { sunny: { confidence: 0.9, class_id: 3 }, __proto: {}, constructor: { confidence: 0.2 } },
  predicted_classes: ["sunny"],
};
const GAZE = { predictions: [{ face: { x: 1, y: 2, confidence: 0.7 }, yaw: 0.1, pitch: -0.2 }], time: 1 };

describe("a result, frame by frame", () => {
  test("has boxes of all models in one list, counts, the picture's size and the entries as they came", async () => {
    const { frames, summary, models } = await framesOf({
      yard: [BOX, null],
      time_offset: [0, 0.2],
      gate: [{ predictions: [] }, null],
      frame_offset: [0, 6],
    });
    assert.deepEqual(models, ["yard", "gate"]);
    assert.deepEqual(summary, { frames: 2, detections: 2, classes: { zebra: 1, dog: 1 }, nullFrames: 1 });
    assert.deepEqual(frames, [
      {
        frame: 0,
        time: 0,
        image: { width: 480, height: 360 },
        predictions: BOX.predictions.map((box) => ({ model: "yard", ...box })),
        classes: { zebra: 1, dog: 1 },
        results: { yard: BOX, gate: { predictions: [] } },
      },
      { frame: 6, time: 0.2, image: null, predictions: [], classes: {}, results: { yard: null, gate: null } },
    ]);
    assert.equal(Object.getPrototypeOf(frames[0]?.results), Object.prototype);
  });

  test("reads the plural names of the format page, and columns of no length", async () => {
    const { frames, summary } = await framesOf('{"m": [], "frame_offsets": [ ], "time_offsets": []}');
    assert.deepEqual(frames, []);
    assert.deepEqual(summary, { frames: 0, detections: 0, classes: {}, nullFrames: 0 });
  });

  test("makes one prediction of each label, none of clip, and leaves gaze as it is", async () => {
    const { frames, summary } = await framesOf({
      frame_offset: [0],
      time_offset: [0],
      weather: [LABELS],
      clip: [[0.1, 0.2]],
      clip2: [{ embeddings: [[0.1]], time: 1 }],
      gaze: [GAZE],
    });
    assert.deepEqual(frames[0]?.predictions, [
      { model: "weather", class: "sunny", confidence: 0.9, class_id: 3 },
      { model: "weather", class: "__proto" },
      { model: "weather", class: "constructor", confidence: 0.2 },
      { model: "gaze", ...GAZE.predictions[0] },
    ]);
    assert.deepEqual(frames[0]?.image, { width: 64, height: 48 });
    assert.deepEqual(frames[0]?.classes, { sunny: 1, __proto: 1, constructor: 1 });
    assert.equal(summary.detections, 4);
  });

  test("has null for a time or a picture's size that is none, and no other model than the column's", async () => {
    const { frames } = await framesOf({
      frame_offset: [0, 1, 2, 3],
      time_offset: ["0.2", true, null, 0.5],
      m: [
        { predictions: [{ class: "a", model: "another" }], image: { width: "480", height: 360 } },
        { predictions: { sunny: "yes", rainy: ["no"], dry: null }, image: { width: 480, height: null } },
        { predictions: { wet: { model: "another" } }, image: [480, 360] },
        { image: { width: 480, height: 360 } },
      ],
      later: [{ image: { width: 1, height: 2 } }, null, null, { image: { width: 1, height: 2 } }],
    });
    assert.deepEqual(
      frames.map(({ time, image }) => [time, image]),
      [
        [null, { width: 1, height: 2 }],
        [null, null],
        [null, null],
        [0.5, { width: 480, height: 360 }],
      ],
    );
    assert.deepEqual(
      frames.map(({ predictions }) => predictions),
      [
        [{ model: "m", class: "a" }],
        ["sunny", "rainy", "dry"].map((label) => ({ model: "m", class: label })),
        [{ model: "m", class: "wet" }],
        [],
      ],
    );
  });

  test("has no model of the other spelling of an offset", async () => {
    const twice = { frame_offsets: [9], frame_offset: [0], time_offsets: [0.5], time_offset: [0.25] };
    const { frames, summary, models } = await framesOf({ ...twice, m: [null] });
    assert.deepEqual(models, ["m"]);
    assert.deepEqual([frames[0]?.frame, frames[0]?.time, summary.nullFrames], [0, 0.25, 1]);
  });

  test("takes the last of two columns of one name, as JSON.parse does", async () => {
    const text =
      '{"frame_offset":[0],"m":[{"predictions":[{"class":"a"}]}],"time_offset":[0],"n":[1],"m":[null],"n":2}';
    const { frames, summary, models, value } = await framesOf(text);
    assert.deepEqual(models, ["m"]);
    assert.deepEqual(frames[0]?.results, { m: null });
    assert.deepEqual(summary, { frames: 1, detections: 0, classes: {}, nullFrames: 1 });
    assert.equal(JSON.stringify(value), JSON.stringify(JSON.parse(text)));
  });

  test("skips a byte order mark, and has a list of another length that is no model's in results only", async () => {
    const text =
      '\ufeff{"frame_offset":[0,6],"tags":["day"],"m":[null,{"predictions":[]}],"time_offset":[0,0.2],"v":1}';
    const { frames, models, value } = await framesOf(text);
    assert.deepEqual(models, ["m"]);
    assert.deepEqual(
      frames.map(({ results }) => Object.keys(results)),
      [["m"], ["m"]],
    );
    assert.deepEqual(value, JSON.parse(text.slice(1)));
  });

  test("is damaged when a list of another length is a model's", async () => {
    const result = { frame_offset: [0, 6], time_offset: [0, 0.2], m: [null, null] };
    const path = scratchPath();
    const refuses = async (lists: object, models: string[]) => {
      await writeFile(path, JSON.stringify({ ...result, ...lists }));
      const opened = openResult(path, { models });
      const isRefused = await opened.then(
        (file) => file.close().then(() => false),
        (error) => isResultError(error) && (error as VideoError).reason === "resultDamaged",
      );
      return isRefused;
    };
    const numbers = { clip: [[0.1, 0.2]] };
    const objects = { yard: [null, null, { predictions: [] }] };
    assert.equal(await refuses(numbers, ["clip", "m"]), true, "a model by name");
    assert.equal(await refuses(numbers, ["CLIP", "m"]), true, "a model by name, in other letters");
    assert.equal(await refuses(numbers, ["m"]), false);
    assert.equal(await refuses(objects, ["m"]), false, "no model by name");
    assert.equal(await refuses(objects, []), true, "holds an object");
    assert.equal(await refuses(numbers, []), false);
    assert.equal(await refuses({ time_offset: [0] }, ["m"]), true);
    assert.equal(await refuses({ time_offset: [0], time_offsets: [0, 0.2] }, ["m"]), false);
  });

  test("reads Python's NaN and Infinity as null", async () => {
    const { frames, summary } = await framesOf(
      '{"frame_offset":[0,1],"time_offset":[0,NaN],"m":[{"predictions":[{"class":"NaN","confidence":-Infinity}]},-Infinity]}',
    );
    assert.equal(summary.nullFrames, 1);
    assert.deepEqual(frames[0]?.predictions, [{ model: "m", class: "NaN", confidence: null }]);
    assert.equal(frames[1]?.time, null);
    assert.deepEqual(frames[1]?.results, { m: null });
  });

  test("counts a class once however it is spelled, and many classes", async () => {
    const names = Array.from({ length: 300 }, (_, n) => `{"class":"c${n}"},{"class":"\\u0063${n}"}`);
    const text = `{"frame_offset":[0],"time_offset":[0],"m":[{"predictions":[${names}]}]}`;
    const { summary } = await framesOf(text);
    assert.equal(Object.keys(summary.classes).length, 300);
    assert.ok(Object.values(summary.classes).every((count) => count === 2));
  });

  test("is not upset by names that JavaScript has plans for", async () => {
    const text =
      '{"frame_offset":[0],"time_offset":[0],"__proto__":[{"predictions":[{"class":"__proto__"},{"class":"toString"}]}]}';
    const { frames, summary, value } = await framesOf(text);
    const expected = '{"__proto__":1,"toString":1}';
    assert.equal(JSON.stringify(frames[0]?.classes), expected);
    assert.equal(JSON.stringify(summary.classes), expected);
    assert.deepEqual(
      Object.getOwnPropertyDescriptors(value),
      Object.getOwnPropertyDescriptors(JSON.parse(text)),
      "a flow can change them like others",
    );
    assert.deepEqual(Object.keys(frames[0]?.results ?? {}), ["__proto__"]);
    assert.equal(frames[0]?.predictions[0]?.model, "__proto__");
  });

  describe("filters", () => {
    const result = { frame_offset: [0, 1], time_offset: [0, 1], yard: [BOX, null], gaze: [GAZE, null] };

    test("by confidence leave out what is below, and pass what has none", async () => {
      const { frames, summary } = await framesOf(
        { ...result, m: [{ predictions: [{ class: "x" }] }, null] },
        { minConfidence: 0.65 },
      );
      assert.deepEqual(
        frames[0]?.predictions.map(({ model }) => model),
        ["gaze", "m"],
      );
      assert.deepEqual(frames[0]?.classes, { x: 1 });
      assert.deepEqual(frames[0]?.results.yard, BOX);
      assert.equal(summary.detections, 4, "counts are of the whole");
    });

    test("by class keep what is named", async () => {
      const { frames } = await framesOf(result, { classes: ["dog", "cat"] });
      assert.deepEqual(frames[0]?.classes, { dog: 1 });
    });

    test("leave out labels as they do boxes", async () => {
      const weather = { frame_offset: [0], time_offset: [0], weather: [LABELS] };
      const labelsOf = async (filter: Partial<FrameFilter>) =>
        (await framesOf(weather, filter)).frames[0]?.predictions.map((prediction) => prediction.class);
      assert.deepEqual(await labelsOf({ minConfidence: 0.5 }), ["sunny", "__proto"]);
      assert.deepEqual(await labelsOf({ classes: ["constructor"] }), ["constructor"]);
    });

    test("and skipEmpty drops frames that are left with nothing", async () => {
      assert.deepEqual(
        (await framesOf(result, {}, true)).frames.map(({ frame }) => frame),
        [0],
      );
      assert.deepEqual((await framesOf(result, { classes: ["cat"] }, true)).frames, []);
    });
  });
});
