import assert from "node:assert/strict";
import { test } from "node:test";
import { checkModels, describeModels, type ModelDescription, readInferFps } from "../../../../nodes/roboflow";

const row = (changes: object): ModelDescription => ({
  modelId: "people",
  modelVersion: "3",
  inferenceType: "object-detection",
  confidence: undefined,
  inferenceParams: "",
  ...changes,
});
const describeModel = (model: ModelDescription) => describeModels([model])[0];

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
    describeModel(row({ confidence: 0.4, inferenceParams: '{"iou_threshold": 0.5, "confidence": 0.9}' })),
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
  ["a confidence below 0", { confidence: -0.1 }, "confidence"],
  [
    "a confidence in the parameters that is a percentage",
    { inferenceParams: '{"confidence": 85}' },
    "confidence",
  ],
  [
    "a confidence in the parameters that is a text",
    { inferenceParams: '{"confidence": "0,85"}' },
    "confidence",
  ],
  [
    "the address of a page that is no model's",
    { modelId: "https://universe.roboflow.com/search?q=dog" },
    "modelAddress",
  ],
  ["the address of another site", { modelId: "https://models.example/team/people/4" }, "modelAddress"],
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
    { model_id: "poses/9", inference_type: "keypoint-detection" },
  ];
  assert.deepEqual(checkModels(models), [
    api({ inference_params: { confidence: 0.2, anything: [1] }, further: true }),
    { model_id: "clip", model_version: "1", inference_type: "clip-embed-image" },
    { model_id: "poses", model_version: "9", inference_type: "keypoint-detection" },
  ]);
});

function circular(): object {
  const params: Record<string, unknown> = {};
  params.again = params;
  return api({ inference_params: params });
}

const unreadable = () => ({
  get x(): never {
    throw new Error("not for you");
  },
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
  ["with null as version", [{ model_id: "people", model_version: null }], "modelWithoutVersion"],
  ["with an object as version", [{ model_id: "people", model_version: { id: 4 } }], "modelWithoutVersion"],
  ["without a type", [{ model_id: "people/1" }], "inferenceType"],
  ["with parameters as text", [api({ inference_params: "{}" })], "inferenceParams"],
  ["with a percentage as confidence", [api({ inference_params: { confidence: 85 } })], "confidence"],
  ["with a BigInt", [api({ inference_params: { seed: 1n } })], "modelNotJson"],
  ["with a BigInt in a field that we do not know", [api({ further: 1n })], "modelNotJson"],
  ["with a reference to itself", [circular()], "modelNotJson"],
  ["with a value that cannot be read", [api({ inference_params: unreadable() })], "modelNotJson"],
  ["of two versions of one project", [api(), api({ model_version: "4" })], "sameProject"],
  ["of two spellings of one project", [api(), api({ model_id: "yard/people/9" })], "sameProject"],
  ["of one project in other letters", [api(), api({ model_id: "PEOPLE/9" })], "sameProject"],
  ["twice CLIP", [{ model_id: "clip" }, { model_id: "clip" }], "sameProject"],
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

test("two rows of one project are refused, whichever versions they name", () => {
  const rows = [row({ modelId: "people/3" }), row({ modelId: "cars" }), row({ modelId: "yard/people/4" })];
  assert.throws(() => describeModels(rows), {
    code: "INPUT",
    reason: "sameProject",
    values: { model: "people" },
  });
});

test("what every object has by itself is no foundation model", () => {
  for (const modelId of ["constructor", "toString", "__proto__"]) {
    assert.equal(describeModel(row({ modelId }))?.inference_type, "object-detection");
    assert.throws(() => describeModel(row({ modelId, modelVersion: "" })), { reason: "modelWithoutVersion" });
  }
});
