import assert from "node:assert/strict";
import { test } from "node:test";
import { checkModels, describeModel, readInferFps } from "../../../../nodes/roboflow";

const row = (changes: object) => ({
  modelId: "people",
  modelVersion: "3",
  inferenceType: "object-detection",
  confidence: "" as string | number,
  inferenceParams: "",
  ...changes,
});

const api = (changes: object = {}) => ({
  model_id: "people",
  model_version: "3",
  inference_type: "object-detection",
  ...changes,
});

test("a model as described becomes the API's form", () => {
  assert.deepEqual(describeModel(row({})), api());
});

test("project/4 is split into project and version", () => {
  assert.deepEqual(
    describeModel(row({ modelId: "people/4", modelVersion: "" })),
    api({ model_version: "4" }),
  );
  assert.deepEqual(
    describeModel(row({ modelId: " /people/4/ ", modelVersion: "" })),
    api({ model_version: "4" }),
  );
});

test("a workspace in front of the project is left out", () => {
  assert.deepEqual(
    describeModel(row({ modelId: "yard/people/4", modelVersion: "" })),
    api({ model_version: "4" }),
  );
  assert.deepEqual(describeModel(row({ modelId: "yard/people" })), api());
});

test("a version that stands in its own field wins", () => {
  assert.deepEqual(
    describeModel(row({ modelId: "people/4", modelVersion: "7" })),
    api({ model_version: "7" }),
  );
});

test("a version is always sent as text", () => {
  assert.deepEqual(describeModel(row({ modelVersion: 3 as never })), api());
  assert.deepEqual(checkModels([api({ model_version: 3 })]), [api()]);
});

test("the confidence is merged into the parameters and wins over one in the JSON", () => {
  assert.deepEqual(
    describeModel(row({ confidence: "0.4", inferenceParams: '{"iou_threshold": 0.5, "confidence": 0.9}' })),
    api({ inference_params: { iou_threshold: 0.5, confidence: 0.4 } }),
  );
  assert.deepEqual(describeModel(row({ confidence: 0 })), api({ inference_params: { confidence: 0 } }));
  assert.deepEqual(describeModel(row({ inferenceParams: " {} " })), api());
});

test("CLIP and gaze need nothing but their name", () => {
  const bare = { modelVersion: "", inferenceType: "" };
  assert.deepEqual(describeModel(row({ modelId: "clip", ...bare })), {
    model_id: "clip",
    model_version: "1",
    inference_type: "clip-embed-image",
  });
  assert.deepEqual(describeModel(row({ modelId: "gaze", ...bare, inferenceType: "object-detection" })), {
    model_id: "gaze",
    model_version: "1",
    inference_type: "gaze-detection",
  });
});

const badRows: [name: string, changes: object, reason: string][] = [
  ["no name", { modelId: "  " }, "modelWithoutId"],
  ["no version", { modelVersion: "" }, "modelWithoutVersion"],
  ["a type that video does not know", { inferenceType: "semantic-segmentation" }, "inferenceType"],
  ["parameters that are no JSON", { inferenceParams: "iou: 0.5" }, "inferenceParams"],
  ["parameters that are a list", { inferenceParams: "[1]" }, "inferenceParams"],
  ["parameters that are a number", { inferenceParams: "4" }, "inferenceParams"],
  ["a confidence above 1", { confidence: 40 }, "confidence"],
  ["a confidence below 0", { confidence: "-0.1" }, "confidence"],
  ["a confidence that is a word", { confidence: "high" }, "confidence"],
];

for (const [name, changes, reason] of badRows) {
  test(`a model with ${name} is refused before any request`, () => {
    assert.throws(() => describeModel(row(changes)), { code: "INPUT", reason });
  });
}

test("msg.models passes through in the API's own form, further fields included", () => {
  const models = [
    api({ inference_params: { confidence: 0.2, anything: [1] }, further: true }),
    { model_id: "clip" },
    { model_id: "people/9", inference_type: "keypoint-detection" },
  ];
  assert.deepEqual(checkModels(models), [
    api({ inference_params: { confidence: 0.2, anything: [1] }, further: true }),
    { model_id: "clip", model_version: "1", inference_type: "clip-embed-image" },
    { model_id: "people", model_version: "9", inference_type: "keypoint-detection" },
  ]);
});

const badLists: [name: string, value: unknown, reason: string][] = [
  ["missing", undefined, "noModels"],
  ["empty", [], "noModels"],
  ["a text", "people/4", "noModels"],
  ["an object", { model_id: "people" }, "noModels"],
  ["a list of texts", ["people/4"], "modelNotObject"],
  ["a list with null", [null], "modelNotObject"],
  ["without ids", [{ model_version: "1" }], "modelNotObject"],
  ["without a version", [{ model_id: "people" }], "modelWithoutVersion"],
  ["without a type", [{ model_id: "people/1" }], "inferenceType"],
  ["with parameters as text", [api({ inference_params: "{}" })], "inferenceParams"],
];

for (const [name, value, reason] of badLists) {
  test(`msg.models that is ${name} is refused`, () => {
    assert.throws(() => checkModels(value), { code: "INPUT", reason });
  });
}

test("the rate is a number from 1 to 120, also as text", () => {
  for (const [value, rate] of [
    [1, 1],
    [120, 120],
    [5, 5],
    ["29.97", 29.97],
    [" 5 ", 5],
  ] as const)
    assert.equal(readInferFps(value), rate);
  for (const value of [
    0,
    0.5,
    -5,
    121,
    500,
    "abc",
    "",
    " ",
    null,
    undefined,
    true,
    [5],
    {},
    Number.NaN,
    Infinity,
    "5 fps",
  ])
    assert.throws(() => readInferFps(value), { code: "INPUT", reason: "inferFps" }, String(value));
});
