import assert from "node:assert/strict";
import fs, { appendFileSync, mkdirSync, utimesSync } from "node:fs";
import path from "node:path";
import { type TestContext, test } from "node:test";
import type { Emulator } from "../../emulator/emulator";
import { clipOf } from "../../emulator/ledger";
import { emulatorFor, knownKey } from "../support/client-of";
import { sha256 } from "../support/emulator-calls";
import { assertFailure, runNode } from "../support/helper";
import { comparable, type Msg } from "../support/messages";
import { until } from "../support/node-red";
import { quickRetries } from "../support/quick-retries";
import { recording, temporaryFolder, writeTo } from "../support/recordings";
import { uploader } from "../support/uploader";

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
  const { uploadName } = msg.roboflow;
  assert.match(uploadName, /^yard-[0-9a-f]{12}\.mp4$/);
  assert.match(
    msg.payload,
    new RegExp(`^${emulator.url}/roboflow_video_inference_input_prod/\\w+/${uploadName}\\?X-Goog-`),
  );
  assert.deepEqual(comparable(msg.roboflow), {
    fileName: "yard.mp4",
    uploadName,
    videoPath: file,
    video: { container: "mp4" },
    fileSize: 300_000,
    inputUrl: msg.payload,
    times: ["uploadedAt", "expiresAt"],
  });
  const lifetime = Date.parse(msg.roboflow.expiresAt) - Date.parse(msg.roboflow.uploadedAt);
  assert.ok(Math.abs(lifetime - 86_400_000) < 10_000, `${lifetime} ms`);
  assert.deepEqual(
    emulator.ledger.uploads.map(({ name, size, sha256: hash }) => [name, size, hash]),
    [[uploadName, 300_000, sha256(bytes)]],
  );
  assert.deepEqual(
    emulator.ledger.requests.map(({ kind, key }) => [kind, key]),
    [
      ["signed-url", "right"],
      ["put", "missing"],
    ],
  );
  assert.equal(emulator.ledger.requests[0]?.text, JSON.stringify({ file_name: uploadName }));
  assert.deepEqual(node.statuses().at(-1), { fill: "green", shape: "dot", text: "uploaded" });
  assert.deepEqual(node.statuses()[0], { fill: "blue", shape: "dot", text: "uploading 0%" });
});

test("a Buffer is called as msg.filename's last part says, or video; its container is read from its bytes", async (t) => {
  const { emulator, node } = await uploader(t);
  const called: [msg: Msg, fileName: string, sent: RegExp][] = [
    [{ payload: recording() }, "video.mp4", /^video-\w{12}\.mp4$/],
    [{ payload: recording("webm") }, "video.webm", /^video-\w{12}\.webm$/],
    [{ payload: recording("avi"), filename: "/mnt/cams/gate 3.avi" }, "gate 3.avi", /^gate_3-\w{12}\.avi$/],
    [{ payload: recording(), filename: "C:\\cams\\yard.MOV" }, "yard.MOV", /^yard-\w{12}\.mp4$/],
    [{ payload: recording(), filename: "" }, "video.mp4", /^video-\w{12}\.mp4$/],
    [
      { payload: recording(), roboflow: { id: "c", videoPath: "/of/an/earlier.mp4" } },
      "video.mp4",
      /^video-\w{12}\.mp4$/,
    ],
  ];
  for (const [msg, fileName, sent] of called) {
    const { outputs } = await node.send(msg);
    const [{ roboflow }] = outputs[0] as [Msg];
    assert.equal(roboflow.fileName, fileName);
    assert.match(roboflow.uploadName, sent);
    assert.equal(roboflow.videoPath, undefined, "a Buffer has no path");
    const upload = emulator.ledger.uploads.at(-1);
    assert.deepEqual([upload?.name, upload?.complete], [roboflow.uploadName, true]);
  }
  assert.equal(new Set(emulator.ledger.uploads.map(({ name }) => name)).size, called.length);
});

test("the node's own file name is a template, wins over msg.filename, and stays a bare name", async (t) => {
  const { emulator, node } = await uploader(t, { fileName: "{{camera}}-{{flow.site}}.mp4" });
  const file = writeTo(temporaryFolder(t), "a.mp4", recording());
  await node.send({ payload: file, filename: "b.mp4", camera: "gate" });
  await node.send({ payload: file, camera: "../../etc" });
  assert.deepEqual(
    emulator.ledger.uploads.map(({ name }) => clipOf(name)),
    ["gate-.mp4", "______etc-.mp4"],
  );
});

test("a web address passes through without an upload, whichever field it comes from", async (t) => {
  const { emulator, node } = await uploader(t, { video: "clip.url" });
  const { outputs } = await node.send({ payload: 1, clip: { url: " https://cams.example/yard.mp4?x=1 " } });
  const [msg] = outputs[0] as [Msg];
  assert.equal(msg.payload, "https://cams.example/yard.mp4?x=1");
  assert.deepEqual(comparable(msg.roboflow), {
    fileName: "yard.mp4",
    inputUrl: "https://cams.example/yard.mp4?x=1",
    times: [],
  });
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
      assert.equal(clipOf(emulator.ledger.uploads[0]?.name ?? ""), "gate.mp4");
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
  assert.equal(clipOf(emulator.ledger.uploads[0]?.name ?? ""), "yard.mp4");
});

test("no more than maxUploads go on at a time, the rest wait their turn", async (t) => {
  const emulator = await emulatorFor(t);
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

/** Resolves when the first bytes of so many uploads have come in. */
const coming = (emulator: Emulator, uploads: number) =>
  until(
    () => (emulator.ledger.uploads[uploads - 1]?.size ?? 0) > 0,
    10_000,
    () => `${emulator.ledger.uploads.length} uploads where ${uploads} were expected`,
  );
const complete = (emulator: Emulator) => emulator.ledger.uploads.filter((upload) => upload.complete);

test("a clip that is finished while it waits for others is sent as it is when its turn comes", async (t) => {
  const emulator = await emulatorFor(t);
  const node = await runNode(
    t,
    { type: "roboflow-video-upload" },
    { account: { baseUrl: emulator.url, maxUploads: 1 }, apiKey: knownKey },
  );
  emulator.fault({ kind: "put", do: "slow", bytesPerSecond: 40_000 });
  const folder = temporaryFolder(t);
  const first = node.send({ payload: recording("mp4", 100_000) });
  await coming(emulator, 1);
  const later = node.send({ payload: writeTo(folder, "growing.mp4", recording("mp4", 10_000)) });
  await until(
    () => node.statuses().some(({ text }) => text === "1 of 2 running"),
    5000,
    () => JSON.stringify(node.statuses()),
  );
  const whole = recording("mp4", 30_000);
  writeTo(folder, "growing.mp4", whole);
  await first;
  const { outputs } = await later;
  assert.equal(outputs[0]?.[0]?.roboflow.fileSize, 30_000);
  assert.equal(emulator.ledger.uploads[1]?.sha256, sha256(whole));
});

test("a clip that changes while it is sent is looked at and sent again, under the same name", async (t) => {
  quickRetries(t);
  const { emulator, node } = await uploader(t);
  emulator.fault({ kind: "put", do: "slow", bytesPerSecond: 500_000 });
  const bytes = recording("mp4", 50_000);
  const file = writeTo(temporaryFolder(t), "yard.mp4", bytes);
  const sent = node.send({ payload: file });
  await coming(emulator, 1);
  appendFileSync(file, "and its end");
  const { outputs, caught } = await sent;
  assert.equal(caught?.error.message, undefined);
  const { roboflow } = outputs[0]?.[0] ?? {};
  assert.equal(roboflow.fileSize, 50_011);
  assert.deepEqual(
    complete(emulator).map(({ name, sha256: hash }) => [name, hash]),
    [
      [roboflow.uploadName, sha256(bytes)],
      [roboflow.uploadName, sha256(Buffer.concat([bytes, Buffer.from("and its end")]))],
    ],
  );
});

test("a clip that goes on changing is INPUT after a few tries", async (t) => {
  quickRetries(t);
  const { emulator, node } = await uploader(t);
  emulator.fault({ kind: "put", do: "slow", bytesPerSecond: 500_000, count: 0 });
  const file = writeTo(temporaryFolder(t), "yard.mp4", recording("mp4", 50_000));
  const sent = node.send({ payload: file });
  for (const count of [1, 2, 3, 4]) {
    await coming(emulator, count);
    appendFileSync(file, "x");
  }
  assertFailure(
    await sent,
    "INPUT",
    /yard\.mp4" kept changing during the upload\. Send the message again when/,
  );
  assert.equal(emulator.ledger.uploads.length, 4);
});

test("a clip of which only the time of change differs is sent once", async (t) => {
  const { emulator, node } = await uploader(t);
  emulator.fault({ kind: "put", do: "slow", bytesPerSecond: 500_000 });
  const file = writeTo(temporaryFolder(t), "yard.mp4", recording("mp4", 50_000));
  const sent = node.send({ payload: file });
  await coming(emulator, 1);
  utimesSync(file, 1000, 1000);
  assert.equal((await sent).caught?.error.message, undefined);
  assert.equal(emulator.ledger.uploads.length, 1);
});

/** Lets so many attempts to open a file fail as they do when a process has too many files open. */
function withoutHandles(t: TestContext, file: string, times: number): void {
  const { open } = fs.promises;
  let left = times;
  t.mock.method(fs.promises, "open", async (...given: Parameters<typeof open>) => {
    if (given[0] !== file || left === 0) return open(...given);
    left -= 1;
    throw Object.assign(new Error(`EMFILE: too many open files, open '${file}'`), { code: "EMFILE" });
  });
}

test("too many open files: it is tried again, and is STORAGE when that does not pass", async (t) => {
  quickRetries(t);
  const { emulator, node } = await uploader(t);
  const file = writeTo(temporaryFolder(t), "yard.mp4", recording());
  withoutHandles(t, file, 3);
  assert.equal((await node.send({ payload: file })).caught?.error.message, undefined);
  assert.equal(complete(emulator).length, 1);
  withoutHandles(t, file, 100);
  const delivery = await node.send({ payload: file });
  assertFailure(
    delivery,
    "STORAGE",
    /yard\.mp4" could not be opened because Node-RED has too many files open.*ulimit.*EMFILE/,
  );
  assert.deepEqual(node.statuses().at(-1), { fill: "red", shape: "ring", text: "too many open files" });
});

test("storage that stays refused ends in the storage's own words", async (t) => {
  const { emulator, node } = await uploader(t);
  emulator.fault({ kind: "put", do: "answer", status: 403, message: "AccessDenied", count: 0 });
  const file = writeTo(temporaryFolder(t), "yard.mp4", recording());
  const delivery = await node.send({ payload: file });
  assertFailure(delivery, "AUTH", /storage rejected the signed URL.*AccessDenied.*HTTP 403/, 403);
});
