import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { emulatorFor, knownKey } from "../support/client-of";
import { assertFailure, type FlowOptions, runNode } from "../support/helper";
import { comparable, type Msg } from "../support/messages";

const inputUrl = "https://cams.example/yard.mp4";

const people = {
  modelId: "people",
  modelVersion: "3",
  inferenceType: "object-detection",
  confidence: "",
  inferenceParams: "",
};

/** A start node beside the emulator. */
async function starter(t: TestContext, properties: Record<string, unknown> = {}, options: FlowOptions = {}) {
  const emulator = await emulatorFor(t);
  const node = await runNode(
    t,
    { type: "roboflow-video-start", models: [people], ...properties },
    { account: { baseUrl: emulator.url }, apiKey: knownKey, ...options },
  );
  const bodies = () => emulator.ledger.of("start").map(({ body }) => body);
  return { emulator, node, bodies };
}

test("a job is started on the URL in msg.payload, at 5 frames a second, and its id goes on", async (t) => {
  const { emulator, node } = await starter(t);
  const roboflow = {
    id: "clip-1",
    fileName: "yard.mp4",
    fileSize: 7,
    inputUrl,
    uploadedAt: "2026-07-01T00:00:00.000Z",
  };
  const { outputs } = await node.send({ payload: inputUrl, topic: "mine", roboflow });
  const [msg] = outputs[0] as [Msg];
  const [job] = emulator.ledger.jobs;
  assert.equal(msg.payload, job?.jobId);
  assert.equal(msg.topic, "mine");
  assert.equal(msg.roboflow.id, "clip-1");
  const models = [{ model_id: "people", model_version: "3", inference_type: "object-detection" }];
  assert.deepEqual(comparable(msg.roboflow), {
    fileName: "yard.mp4",
    fileSize: 7,
    inputUrl,
    jobId: job?.jobId,
    inferFps: 5,
    models,
    times: ["uploadedAt", "startedAt"],
  });
  assert.equal(job?.text, JSON.stringify({ input_url: inputUrl, infer_fps: 5, models }));
  assert.deepEqual(node.statuses().at(-1), { fill: "green", shape: "dot", text: "started" });
});

test("start may be the first node: it makes msg.roboflow itself", async (t) => {
  const { node } = await starter(t);
  const { outputs } = await node.send({ payload: inputUrl });
  assert.deepEqual(Object.keys(comparable(outputs[0]?.[0]?.roboflow)).sort(), [
    "inferFps",
    "inputUrl",
    "jobId",
    "models",
    "times",
  ]);
});

test("several models run in one job, each with its own parameters", async (t) => {
  const { node, bodies } = await starter(t, {
    models: [
      {
        ...people,
        modelId: "people/4",
        modelVersion: "",
        confidence: 0.4,
        inferenceParams: '{"iou_threshold":0.5}',
      },
      { modelId: "clip", modelVersion: "", inferenceType: "", confidence: "", inferenceParams: "" },
      { modelId: "gaze", modelVersion: "", inferenceType: "", confidence: "", inferenceParams: "" },
    ],
  });
  await node.send({ payload: inputUrl, models: "not looked at" });
  assert.deepEqual(bodies(), [
    {
      input_url: inputUrl,
      infer_fps: 5,
      models: [
        {
          model_id: "people",
          model_version: "4",
          inference_type: "object-detection",
          inference_params: { iou_threshold: 0.5, confidence: 0.4 },
        },
        { model_id: "clip", model_version: "1", inference_type: "clip-embed-image" },
        { model_id: "gaze", model_version: "1", inference_type: "gaze-detection" },
      ],
    },
  ]);
});

test("without a list the models come from msg.models, in the API's own form", async (t) => {
  const { node, bodies } = await starter(t, { models: [] });
  const models = [
    {
      model_id: "people",
      model_version: "3",
      inference_type: "object-detection",
      inference_params: { a: [1] },
    },
  ];
  const { outputs } = await node.send({ payload: inputUrl, models });
  assert.deepEqual(bodies(), [{ input_url: inputUrl, infer_fps: 5, models }]);
  assert.deepEqual(outputs[0]?.[0]?.models, models);
});

test("URL, rate, model and version may be templates and other fields", async (t) => {
  const { node, bodies } = await starter(t, {
    inputUrl: "https://cams.example/{{camera}}.mp4",
    inputUrlType: "str",
    inferFps: "camera.rate",
    inferFpsType: "msg",
    models: [{ ...people, modelId: "{{model}}", modelVersion: "{{version}}" }],
  });
  await node.send({ camera: { rate: "2.5", toString: 0 }, model: "people", version: 7 });
  await node.send({ camera: { rate: 10 }, model: "yard/people/9", version: "" });
  const [one, other] = bodies() as Msg[];
  assert.equal(one?.infer_fps, 2.5);
  assert.equal(one?.models[0].model_version, "7");
  assert.equal(other?.infer_fps, 10);
  assert.deepEqual([other?.models[0].model_id, other?.models[0].model_version], ["people", "9"]);
});

test("a URL field that is one single tag takes the URL raw; elsewhere a value is percent-encoded", async (t) => {
  const signed = "https://s.example/a.mp4?X-Goog-Signature=a%20b&c=d";
  await t.test("single tag", async (t) => {
    const { node, bodies } = await starter(t, { inputUrl: "{{clip}}", inputUrlType: "str" });
    await node.send({ clip: signed });
    assert.equal((bodies()[0] as Msg).input_url, signed);
  });
  await t.test("with something around it", async (t) => {
    const { node, bodies } = await starter(t, {
      inputUrl: "https://s.example/{{clip}}",
      inputUrlType: "str",
    });
    await node.send({ clip: "a b/../c.mp4" });
    assert.equal((bodies()[0] as Msg).input_url, "https://s.example/a%20b%2F..%2Fc.mp4");
  });
});

const apiModel = { model_id: "people", model_version: "3", inference_type: "object-detection" };
const circular: Record<string, unknown> = {};
circular.again = circular;

const bad: [name: string, properties: object, msg: object, words: RegExp, status: string][] = [
  [
    "rate 0",
    { inferFps: 0 },
    {},
    /frame rate for inference must be a number from 1 to 120, found 0/,
    "invalid FPS",
  ],
  [
    "rate 500",
    { inferFps: 500 },
    {},
    /frame rate for inference must be a number from 1 to 120, found 500/,
    "invalid FPS",
  ],
  ["rate 'abc'", { inferFps: "rate", inferFpsType: "msg" }, { rate: "abc" }, /found "abc"/, "invalid FPS"],
  ["rate missing", { inferFps: "rate", inferFpsType: "msg" }, {}, /found undefined/, "invalid FPS"],
  [
    "models empty",
    { models: [] },
    {},
    /No model is selected\. Add a model in this node, or send a list in msg\.models/,
    "no model selected",
  ],
  ["msg.models empty", { models: [] }, { models: [] }, /No model is selected/, "no model selected"],
  ["msg.models a text", { models: [] }, { models: "people/3" }, /No model is selected/, "no model selected"],
  [
    "msg.models of texts",
    { models: [] },
    { models: ["people/3"] },
    /must be an object with a model_id/,
    "invalid model",
  ],
  [
    "a row without a model",
    { models: [{ ...people, modelId: "" }] },
    {},
    /A model has no model ID/,
    "no model selected",
  ],
  [
    "a row without a version",
    { models: [{ ...people, modelVersion: "" }] },
    {},
    /"people" has no version.*project\/4/,
    "no model version",
  ],
  [
    "inferenceParams that is not JSON",
    { models: [{ ...people, inferenceParams: "iou=0.5" }] },
    {},
    /inference parameters of the model "people" are not a JSON object, such as \{"iou_threshold": 0\.5\}/,
    "invalid parameters",
  ],
  [
    "two rows of one project",
    { models: [people, { ...people, modelId: "https://app.roboflow.com/yard/people/4" }] },
    {},
    /Two of the models belong to the project "people".*a single column for both/,
    "two models, one project",
  ],
  [
    "two models of one project in msg.models",
    { models: [] },
    { models: [apiModel, { ...apiModel, model_version: "4" }] },
    /Two of the models belong to the project "people".*a single column for both/,
    "two models, one project",
  ],
  [
    "the address of a page that is no model's",
    { models: [{ ...people, modelId: "https://universe.roboflow.com/search?q=people" }] },
    {},
    /does not identify a single model\. Enter it as project\/4/,
    "invalid model",
  ],
  [
    "a BigInt in msg.models",
    { models: [] },
    { models: [{ ...apiModel, inference_params: { seed: 1n } }] },
    /"people" in msg\.models contains a value that JSON cannot represent/,
    "invalid model",
  ],
  [
    "a reference to itself in msg.models",
    { models: [] },
    { models: [{ ...apiModel, inference_params: circular }] },
    /"people" in msg\.models contains a value that JSON cannot represent/,
    "invalid model",
  ],
  [
    "a percentage as confidence in msg.models",
    { models: [] },
    { models: [{ ...apiModel, inference_params: { confidence: 85 } }] },
    /confidence of the model "people" must be a number from 0 to 1, such as 0\.85, found 85/,
    "invalid confidence",
  ],
  [
    "no URL",
    {},
    { payload: "yard.mp4" },
    /needs the URL of a video, found "yard\.mp4"\. Connect an "upload video" node/,
    "no video URL",
  ],
  ["payload a number", {}, { payload: 7 }, /needs the URL of a video, found 7/, "no video URL"],
  ["payload null", {}, { payload: null }, /needs the URL of a video, found null/, "no video URL"],
];

for (const [name, properties, msg, words, status] of bad) {
  test(`bad input: ${name} is INPUT, before any request`, async (t) => {
    const { emulator, node } = await starter(t, { ...properties });
    const delivery = await node.send({ payload: inputUrl, statusCode: 200, ...msg });
    assertFailure(delivery, "INPUT", words);
    assert.match(delivery.caught?.error.message, /^Start job: /);
    assert.deepEqual(emulator.ledger.requests, []);
    assert.deepEqual(node.statuses().at(-1), { fill: "red", shape: "ring", text: status });
  });
}

test("a model may be pasted as the address of its page", async (t) => {
  const { node, bodies } = await starter(t, {
    models: [
      { ...people, modelId: "https://universe.roboflow.com/team/people/model/4?tab=api", modelVersion: "" },
      { ...people, modelId: "https://app.roboflow.com/team/cars/9/", modelVersion: "" },
    ],
  });
  await node.send({ payload: inputUrl });
  const { models } = bodies()[0] as Msg;
  assert.deepEqual(
    models.map(({ model_id, model_version }: Msg) => `${model_id}/${model_version}`),
    ["people/4", "cars/9"],
  );
});

test("bad input: an unknown model is NOT_FOUND, in the server's words", async (t) => {
  const { emulator, node } = await starter(t, { models: [{ ...people, modelId: "unknown-model" }] });
  const delivery = await node.send({ payload: inputUrl });
  assertFailure(
    delivery,
    "NOT_FOUND",
    /the model ID and version.*model unknown-model was not found.*HTTP 404/,
    404,
  );
  assert.equal(emulator.ledger.of("start").length, 1);
});

test("a start whose answer is lost is START_UNCERTAIN, and not sent again", async (t) => {
  const { emulator, node } = await starter(t);
  emulator.fault({ kind: "start", do: "reset-after" });
  const delivery = await node.send({ payload: inputUrl });
  assertFailure(
    delivery,
    "START_UNCERTAIN",
    /may be running and incurring charges, so it is not started again automatically/,
  );
  assert.equal(emulator.ledger.jobs.length, 1);
  assert.equal(emulator.ledger.of("start").length, 1);
  assert.deepEqual(node.statuses().at(-1), { fill: "red", shape: "ring", text: "start uncertain" });
});

test("a plan that does not allow it is PLAN", async (t) => {
  const { emulator, node } = await starter(t);
  emulator.fault({ kind: "start", do: "answer", status: 402, message: "Out of credits", shape: "text" });
  assertFailure(
    await node.send({ payload: inputUrl }),
    "PLAN",
    /plan or the credits.*"Out of credits".*HTTP 402/,
    402,
  );
});
