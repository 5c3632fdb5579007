import assert from "node:assert/strict";
import { test } from "node:test";
import { emulatorFor, knownKey } from "../support/client-of";
import { withEnvironment } from "../support/environment";
import { assertFailure, runNode } from "../support/helper";
import type { Msg } from "../support/messages";
import { recording } from "../support/recordings";

// Settings that a person has typed into a dialog, and that cannot be meant as they stand.

const row = {
  modelId: "people/3",
  modelVersion: "",
  inferenceType: "object-detection",
  confidence: "" as unknown,
  inferenceParams: "",
};
const variable = `$${"{"}ROBOFLOW_TEST_UNSET}`;

type Case = [type: string, properties: Msg, account: Msg, msg: Msg, words: RegExp];

const upload = { payload: recording() };
const start = { payload: "https://cams.example/a.mp4" };
const poll = { payload: "job-1" };
const download = { payload: { output_signed_url: "http://127.0.0.1:1/r.json" } };

const unusable: Case[] = [
  ...["85%", "85", 85, "0,8,5", "high", "-0.1"].map(
    (confidence): Case => [
      "start",
      { models: [{ ...row, confidence }] },
      {},
      start,
      /confidence of the model "people\/3" must be a number from 0 to 1, such as 0\.85, found "?\S+"?\. Correct/,
    ],
  ),
  ...["abc", "", "5 fps", "0x10"].map(
    (inferFps): Case => [
      "start",
      { models: [row], inferFps },
      {},
      start,
      /frame rate for inference must be a number from 1 to 120.*found "/,
    ],
  ),
  [
    "start",
    { models: [row], inferFps: "five", inferFpsType: "str" },
    {},
    start,
    /frame rate for inference must be.*found "five"/,
  ],
  ["start", { models: [{ ...row, modelId: variable }] }, {}, start, /ROBOFLOW_TEST_UNSET is not set/],
  ...["85%", "85", 2, "most"].map(
    (minConfidence): Case => [
      "download",
      { output: "frames", minConfidence },
      {},
      download,
      /minimum confidence must be a number from 0 to 1, such as 0\.85, found/,
    ],
  ),
  ...["two", "", "2 s", -1].flatMap((seconds): Case[] => [
    [
      "download",
      { output: "events", gap: seconds },
      {},
      download,
      /maximum gap must be a number of seconds, 0 or more, found/,
    ],
    [
      "download",
      { output: "summary", minDuration: seconds },
      {},
      download,
      /minimum duration must be a number of seconds, 0 or more, found/,
    ],
  ]),
  ["download", { output: "file", filename: variable }, {}, download, /ROBOFLOW_TEST_UNSET is not set/],
  ...["often", "", "60 s", "1,5", 0, -1].map(
    (interval): Case => [
      "poll",
      { interval },
      {},
      poll,
      /polling interval must be a number of seconds above 0, found/,
    ],
  ),
  ...["never", "", "24h", -1].map(
    (timeout): Case => ["poll", { timeout }, {}, poll, /timeout must be a number of hours, 0 or more, found/],
  ),
  ...["two", "", 1.5, -1].map(
    (jobsPerDay): Case => [
      "start",
      { models: [row] },
      { jobsPerDay },
      start,
      /number of jobs per day must be a whole number, 0 or more, found/,
    ],
  ),
  ...["two", "", 1.5, -1].map(
    (maxUploads): Case => [
      "upload",
      {},
      { maxUploads },
      upload,
      /number of concurrent uploads must be a whole number, 0 or more, found/,
    ],
  ),
];

for (const [type, properties, account, msg, words] of unusable)
  test(`${type}: ${JSON.stringify({ ...properties, ...account })} is CONFIG, when it is deployed and for each message`, async (t) => {
    withEnvironment(t, "ROBOFLOW_TEST_UNSET", undefined);
    const emulator = await emulatorFor(t);
    const node = await runNode(
      t,
      { type: `roboflow-video-${type}`, ...properties },
      { account: { baseUrl: emulator.url, ...account }, apiKey: knownKey },
    );
    assert.ok(
      node.logs().some((line) => words.test(line)),
      node.logs().join("\n"),
    );
    const { fill, shape, text = "" } = node.statuses().at(-1) ?? {};
    assert.deepEqual([fill, shape], ["red", "ring"]);
    assert.match(
      text,
      /^(?:invalid (?:confidence|gap|duration|FPS|interval|timeout|(?:upload|job) limit)|variable not set)$/,
    );
    assertFailure(await node.send({ ...msg }), "CONFIG", words);
    assert.deepEqual(emulator.ledger.requests, []);
  });

const usable: Case[] = [
  ...["0,85", "0.85", 0.85, " .85 "].map(
    (confidence): Case => ["start", { models: [{ ...row, confidence }] }, {}, start, /"confidence":0.85/],
  ),
  ["start", { models: [row], inferFps: " 5.0 " }, {}, start, /"infer_fps":5/],
  [
    "start",
    { models: [row], inferFps: "{{rate}}", inferFpsType: "str" },
    {},
    { ...start, rate: 7 },
    /"infer_fps":7/,
  ],
  ["start", { models: [{ ...row, confidence: undefined }] }, {}, start, /"models":\[\{(?!.*confidence)/],
];

for (const [type, properties, , msg, sent] of usable)
  test(`${type}: ${JSON.stringify(properties)} is understood`, async (t) => {
    const emulator = await emulatorFor(t);
    const node = await runNode(
      t,
      { type: `roboflow-video-${type}`, ...properties },
      { account: { baseUrl: emulator.url }, apiKey: knownKey },
    );
    assert.deepEqual(
      node.statuses().filter(({ fill }) => fill === "red"),
      [],
    );
    assert.equal((await node.send({ ...msg })).caught, undefined);
    assert.match(emulator.ledger.jobs[0]?.text ?? "", sent);
  });

test("what is wrong with a row is said when it is deployed, before the first message", async (t) => {
  for (const [models, words] of [
    [[{ ...row, modelId: "" }], /A model has no model ID/],
    [[null], /A model has no model ID/],
    [[row, { ...row, modelId: "people/4" }], /Two of the models belong to the project "people"/],
    [[{ ...row, inferenceParams: "iou=0.5" }], /are not a JSON object/],
    [[{ ...row, modelId: "people" }], /"people" has no version/],
  ] as const) {
    const emulator = await emulatorFor(t);
    const node = await runNode(
      t,
      { type: "roboflow-video-start", models },
      { account: { baseUrl: emulator.url }, apiKey: knownKey },
    );
    assert.ok(
      node.logs().some((line) => words.test(line)),
      node.logs().join("\n"),
    );
    assert.equal(node.statuses().at(-1)?.fill, "red");
  }
});

test("a row whose model only the message names is not judged before", async (t) => {
  const emulator = await emulatorFor(t);
  const models = [
    { ...row, modelId: "{{model}}" },
    { ...row, modelId: "{{other}}", modelVersion: "1" },
  ];
  const node = await runNode(
    t,
    { type: "roboflow-video-start", models },
    { account: { baseUrl: emulator.url }, apiKey: knownKey },
  );
  assert.deepEqual(node.statuses(), []);
  const { caught } = await node.send({ ...start, model: "people/4", other: "yard/people" });
  assert.equal(caught?.error.code, "INPUT");
  assert.match(caught?.error.message, /Two of the models belong to the project "people"/);
});
