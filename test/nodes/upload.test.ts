import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { knownKey, standIn } from "../support/client-of";
import { assertFailure, type FlowOptions, runNode } from "../support/helper";
import { type Msg, steady } from "../support/messages";
import { recording, temporaryFolder, writeTo } from "../support/recordings";
import { sha256 } from "../unit/emulator/calls";

/** An upload node beside the stand-in. */
async function uploader(t: TestContext, properties: Record<string, unknown> = {}, options: FlowOptions = {}) {
  const emulator = await standIn(t);
  const node = await runNode(
    t,
    { type: "roboflow-video-upload", ...properties },
    { account: { baseUrl: emulator.url }, apiKey: knownKey, ...options },
  );
  return { emulator, node };
}

test("a path in msg.payload is uploaded and its URL goes on in msg.payload", async (t) => {
  const { emulator, node } = await uploader(t);
  const bytes = recording("mp4", 300_000);
  const file = writeTo(temporaryFolder(t), "yard.mp4", bytes);
  const { outputs, completed } = await node.send({ payload: file, topic: "mine", _msgid: "m1" });

  assert.equal(outputs[0]?.length, 1);
  const [msg] = outputs[0] as [Msg];
  assert.equal(completed?._msgid, "m1");
  assert.equal(msg._msgid, "m1");
  assert.equal(msg.topic, "mine");
  assert.match(
    msg.payload,
    new RegExp(`^${emulator.url}/roboflow_video_inference_input_prod/.*yard\\.mp4\\?X-Goog-`),
  );
  assert.deepEqual(steady(msg.roboflow), {
    fileName: "yard.mp4",
    fileSize: 300_000,
    inputUrl: msg.payload,
    times: ["uploadedAt", "expiresAt"],
  });
  const lifetime = Date.parse(msg.roboflow.expiresAt) - Date.parse(msg.roboflow.uploadedAt);
  assert.ok(Math.abs(lifetime - 86_400_000) < 10_000, `${lifetime} ms`);
  assert.deepEqual(
    emulator.ledger.uploads.map(({ name, size, sha256: hash }) => [name, size, hash]),
    [["yard.mp4", 300_000, sha256(bytes)]],
  );
  assert.deepEqual(
    emulator.ledger.requests.map(({ kind, key }) => [kind, key]),
    [
      ["signed-url", "right"],
      ["put", "missing"],
    ],
  );
  assert.equal(emulator.ledger.requests[0]?.text, '{"file_name":"yard.mp4"}');
  assert.deepEqual(node.statuses().at(-1), { fill: "green", shape: "dot", text: "uploaded" });
  assert.deepEqual(node.statuses()[0], { fill: "blue", shape: "dot", text: "uploading 0%" });
});

test("a Buffer is uploaded as video.mp4, or under msg.filename's last part", async (t) => {
  const { emulator, node } = await uploader(t);
  await node.send({ payload: recording() });
  await node.send({ payload: recording("avi"), filename: "/mnt/cams/gate 3.avi" });
  await node.send({ payload: recording(), filename: "C:\\cams\\yard.mp4" });
  await node.send({ payload: recording(), filename: "" });
  assert.deepEqual(
    emulator.ledger.uploads.map(({ name, complete }) => [name, complete]),
    [
      ["video.mp4", true],
      ["gate 3.avi", true],
      ["yard.mp4", true],
      ["video.mp4", true],
    ],
  );
});

test("the node's own file name is a template, wins over msg.filename, and stays a bare name", async (t) => {
  const { emulator, node } = await uploader(t, { fileName: "{{camera}}-{{flow.site}}.mp4" });
  const file = writeTo(temporaryFolder(t), "a.mp4", recording());
  await node.send({ payload: file, filename: "b.mp4", camera: "gate" });
  await node.send({ payload: file, camera: "../../etc" });
  assert.deepEqual(
    emulator.ledger.uploads.map(({ name }) => name),
    ["gate-.mp4", "______etc-.mp4"],
  );
});

test("a web address passes through without an upload, whichever field it comes from", async (t) => {
  const { emulator, node } = await uploader(t, { video: "clip.url" });
  const { outputs } = await node.send({ payload: 1, clip: { url: " https://cams.example/yard.mp4?x=1 " } });
  const [msg] = outputs[0] as [Msg];
  assert.equal(msg.payload, "https://cams.example/yard.mp4?x=1");
  assert.deepEqual(steady(msg.roboflow), { inputUrl: "https://cams.example/yard.mp4?x=1", times: [] });
  assert.deepEqual(emulator.ledger.requests, []);
});

test("the video can come from a template, the flow, the environment or an expression", async (t) => {
  const folder = temporaryFolder(t);
  writeTo(folder, "gate.mp4", recording());
  process.env.ROBOFLOW_TEST_CLIP = path.join(folder, "gate.mp4");
  t.after(() => {
    delete process.env.ROBOFLOW_TEST_CLIP;
  });
  const cases: [type: string, video: string][] = [
    ["str", `${folder}/{{camera}}.mp4`],
    ["str", "{{file}}"],
    ["env", "ROBOFLOW_TEST_CLIP"],
    ["jsonata", `"${folder.replaceAll("\\", "\\\\")}/" & camera & ".mp4"`],
    ["msg", "file"],
  ];
  for (const [videoType, video] of cases) {
    await t.test(`${videoType}: ${video.slice(-20)}`, async (t) => {
      const { emulator, node } = await uploader(t, { video, videoType });
      const { caught } = await node.send({ camera: "gate", file: path.join(folder, "gate.mp4") });
      assert.equal(caught?.error.message, undefined);
      assert.equal(emulator.ledger.uploads[0]?.name, "gate.mp4");
    });
  }
});

test("a relative path is looked up as core's file nodes do", async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(path.join(folder, "cams"));
  writeTo(path.join(folder, "cams"), "yard.mp4", recording());
  const { emulator, node } = await uploader(t, {}, { settings: { fileWorkingDirectory: folder } });
  const { caught } = await node.send({ payload: "cams/yard.mp4" });
  assert.equal(caught, undefined);
  assert.equal(emulator.ledger.uploads[0]?.name, "yard.mp4");
});

test("a msg cannot lead a path template out of its folder", async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(path.join(folder, "public"));
  writeTo(folder, "private.mp4", recording());
  const { emulator, node } = await uploader(t, { video: `${folder}/public/{{name}}.mp4`, videoType: "str" });
  assertFailure(await node.send({ name: "../private" }), "INPUT", /There is no file ".*___private\.mp4"/);
  assert.deepEqual(emulator.ledger.requests, []);
});

test("no more than maxUploads go on at a time, the rest wait their turn", async (t) => {
  const emulator = await standIn(t);
  emulator.fault({ kind: "put", do: "slow", bytesPerSecond: 60_000, count: 0 });
  const node = await runNode(
    t,
    { type: "roboflow-video-upload" },
    { account: { baseUrl: emulator.url, maxUploads: 2 }, apiKey: knownKey },
  );
  const sent = Array.from({ length: 6 }, (_, n) => node.send({ payload: recording("mp4", 40_000, n) }));
  await new Promise((resolve) => setTimeout(resolve, 50));
  for (const { completed } of await Promise.all(sent)) assert.ok(completed);
  assert.equal(emulator.ledger.maxParallelUploads, 2);
  assert.equal(emulator.ledger.uploads.filter(({ complete }) => complete).length, 6);
  assert.match(JSON.stringify(node.statuses()), /[2-6] running/);
});

test("an expression that cannot be read is INPUT, and says what is wrong with it", async (t) => {
  const { node } = await uploader(t, { video: "$uppercase(payload)", videoType: "jsonata" });
  const delivery = await node.send({ payload: 42 });
  assertFailure(delivery, "INPUT", /\$uppercase\(payload\).*could not be read.*Argument 1 .*match/);
  assert.equal(delivery.caught?.error.cause.code, "T0410");
});

const badVideos: [name: string, payload: (folder: string) => unknown, words: RegExp, status: string][] = [
  [
    "no such file",
    (folder) => `${folder}/gone.mp4`,
    /There is no file ".*gone\.mp4".*machine that runs Node-RED/,
    "file not found",
  ],
  ["a folder", (folder) => folder, /is a folder, not a video\. Name one file/, "not a file"],
  [
    "an empty file",
    (folder) => writeTo(folder, "empty.mp4", ""),
    /is empty\. Wait until the recording is finished/,
    "empty file",
  ],
  [
    ".mov",
    (folder) => writeTo(folder, "a.mov", recording()),
    /"a\.mov" is not accepted: .*mp4, avi, mkv, webm\. Convert/,
    "wrong file type",
  ],
  [
    "a text named .mp4",
    (folder) => writeTo(folder, "a.mp4", "just a text, no video"),
    /is no mp4 video, whatever its name says/,
    "not a video",
  ],
  ["a number", () => 42, /There is no video in the message: .*found 42/, "no video in message"],
  ["null", () => null, /There is no video in the message: .*found null/, "no video in message"],
  ["nothing", () => undefined, /There is no video in the message: .*found undefined/, "no video in message"],
  ["an empty text", () => "", /There is no video in the message: .*found ""/, "no video in message"],
  [
    "an object",
    () => ({ file: "a.mp4" }),
    /There is no video in the message: .*found \{…\}/,
    "no video in message",
  ],
  ["an empty Buffer", () => Buffer.alloc(0), /The video "video\.mp4" is empty/, "empty file"],
  [
    "a Buffer that is no video",
    () => Buffer.from("a picture, perhaps"),
    /"video\.mp4" is no mp4 video/,
    "not a video",
  ],
];

for (const [name, payload, words, status] of badVideos) {
  test(`bad input: ${name} is INPUT, before any request`, async (t) => {
    const { emulator, node } = await uploader(t);
    const delivery = await node.send({ payload: payload(temporaryFolder(t)), statusCode: 200 });
    assertFailure(delivery, "INPUT", words);
    assert.match(delivery.caught?.error.message, /^Upload: /);
    assert.equal(delivery.caught?.error.source.id, node.id);
    assert.deepEqual(emulator.ledger.requests, []);
    assert.deepEqual(node.statuses().at(-1), { fill: "red", shape: "ring", text: status });
  });
}

test("storage that stays refused ends in the storage's own words", async (t) => {
  const { emulator, node } = await uploader(t);
  emulator.fault({ kind: "put", do: "answer", status: 403, message: "AccessDenied", count: 0 });
  const file = writeTo(temporaryFolder(t), "yard.mp4", recording());
  const delivery = await node.send({ payload: file });
  assertFailure(delivery, "AUTH", /storage refused the link.*AccessDenied.*HTTP 403/, 403);
});
