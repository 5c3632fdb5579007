import assert from "node:assert/strict";
import { test } from "node:test";
import { videoBuffer, videoFile } from "../../../../nodes/roboflow";
import { clientOf, emulatorFor, knownKey, unhurried } from "../../../support/client-of";
import { sha256 } from "../../../support/emulator-calls";
import { answerJson, serve } from "../../../support/local-server";
import { quickRetries } from "../../../support/quick-retries";
import { recording, temporaryFolder, writeTo } from "../../../support/recordings";

test("a signed URL is asked for with the bare name and the key in the query", async (t) => {
  const server = await serve(t, (_, response) =>
    answerJson(response, { signed_url: "https://storage.example/in/yard.mp4?X-Goog-Signature=abc" }),
  );
  const url = await clientOf(t, server.url).createUploadUrl("yard.mp4", { signal: unhurried });
  assert.equal(url, "https://storage.example/in/yard.mp4?X-Goog-Signature=abc");
  const [request] = server.seen;
  assert.equal(request?.method, "POST");
  assert.equal(request?.url, `/video_upload_signed_url/?api_key=${encodeURIComponent(knownKey)}`);
  assert.equal(request?.headers["content-type"], "application/json");
  assert.equal(request?.body.toString(), '{"file_name":"yard.mp4"}');
});

test("a signed URL is read in the other official spelling too", async (t) => {
  const server = await serve(t, (_, response) => answerJson(response, { signedUrl: "https://s.example/x" }));
  assert.equal(
    await clientOf(t, server.url).createUploadUrl("a.mp4", { signal: unhurried }),
    "https://s.example/x",
  );
});

test("an answer without a signed URL is an unexpected response", async (t) => {
  for (const answer of [{ hello: "world" }, { signed_url: "ftp://s.example/x" }, { signed_url: 7 }, []]) {
    const server = await serve(t, (_, response) => answerJson(response, answer));
    await assert.rejects(clientOf(t, server.url).createUploadUrl("a.mp4", { signal: unhurried }), {
      code: "SERVER",
      reason: "badAnswer",
    });
  }
});

test("a video is PUT with its length, as octet-stream, in one piece and without the key", async (t) => {
  const bytes = recording("mp4", 3_000_000);
  const storage = await serve(t, (_, response) => response.end());
  const api = await serve(t, (_, response) =>
    answerJson(response, {
      signed_url: `${storage.url}/bucket/yard.mp4?X-Goog-Expires=3600&X-Goog-Signature=s`,
    }),
  );
  const file = writeTo(temporaryFolder(t), "yard.mp4", bytes);
  const video = await videoFile(file);
  const inputUrl = await clientOf(t, api.url).upload("yard.mp4", video, { signal: unhurried });

  assert.equal(storage.seen.length, 1);
  const [put] = storage.seen;
  assert.equal(put?.method, "PUT");
  assert.equal(inputUrl, storage.url + put?.url);
  assert.equal(put?.headers["content-length"], "3000000");
  assert.equal(put?.headers["content-type"], "application/octet-stream");
  assert.equal(put?.headers["transfer-encoding"], undefined);
  assert.equal(put?.headers.authorization, undefined);
  assert.equal(sha256(put?.body ?? Buffer.alloc(0)), sha256(bytes));
  assert.ok(
    !JSON.stringify(put?.headers).includes(knownKey) && !put?.url.includes(encodeURIComponent(knownKey)),
  );
});

test("a Buffer arrives like a file does, and progress is told in bytes", async (t) => {
  const emulator = await emulatorFor(t);
  const bytes = recording("webm", 700_000);
  emulator.fault({ kind: "put", do: "slow", bytesPerSecond: 700_000 });
  const told: number[] = [];
  await clientOf(t, emulator.url).upload("cam.webm", videoBuffer(bytes, "cam.webm"), {
    signal: unhurried,
    progress: (sent) => told.push(sent),
  });
  assert.deepEqual(
    emulator.ledger.uploads.map(({ name, size, sha256: hash }) => [name, size, hash]),
    [["cam.webm", 700_000, sha256(bytes)]],
  );
  assert.ok(told.length > 0);
  for (const sent of told) assert.ok(sent > 0 && sent <= 700_000);
});

test("a link that has expired at storage is fetched once more", async (t) => {
  const emulator = await emulatorFor(t);
  emulator.fault({ kind: "put", do: "expired" });
  const video = videoBuffer(recording(), "a.mp4");
  await clientOf(t, emulator.url).upload("a.mp4", video, { signal: unhurried });
  assert.deepEqual(
    emulator.ledger.requests.map(({ kind, status }) => [kind, status]),
    [
      ["signed-url", 200],
      ["put", 400],
      ["signed-url", 200],
      ["put", 200],
    ],
  );
});

test("a link that stays refused is not asked for again and again", async (t) => {
  const emulator = await emulatorFor(t);
  emulator.fault({ kind: "put", do: "expired", count: 0 });
  const video = videoBuffer(recording(), "a.mp4");
  await assert.rejects(clientOf(t, emulator.url).upload("a.mp4", video, { signal: unhurried }), {
    code: "REJECTED",
    reason: "linkRejected",
    statusCode: 400,
    serverWords: "ExpiredToken: The provided token has expired.",
  });
  assert.equal(emulator.ledger.of("put").length, 2);
});

test("an upload that breaks off is sent again from its start", async (t) => {
  quickRetries(t);
  const emulator = await emulatorFor(t);
  const bytes = recording("mp4", 400_000);
  emulator.fault({ kind: "put", do: "reset-mid-body", afterBytes: 100_000 });
  let pauses = 0;
  await clientOf(t, emulator.url).upload("a.mp4", videoBuffer(bytes, "a.mp4"), {
    signal: unhurried,
    pause: () => {
      pauses += 1;
    },
  });
  assert.equal(pauses, 1);
  assert.deepEqual(
    emulator.ledger.uploads.map(({ complete }) => complete),
    [false, true],
  );
  assert.equal(emulator.ledger.uploads[1]?.sha256, sha256(bytes));
});

test("a recording that goes on growing while it is uploaded is not passed off as whole", async (t) => {
  const emulator = await emulatorFor(t);
  const folder = temporaryFolder(t);
  const file = writeTo(folder, "growing.mp4", recording("mp4", 10_000));
  const video = await videoFile(file);
  writeTo(folder, "growing.mp4", recording("mp4", 20_000));
  await assert.rejects(clientOf(t, emulator.url).upload("growing.mp4", video, { signal: unhurried }), {
    code: "INPUT",
    reason: "videoChanged",
  });
});
