import assert from "node:assert/strict";
import { test } from "node:test";
import { jobFailure } from "../../../../nodes/roboflow";
import { clientOf, emulatorFor, knownKey, unhurried } from "../../../support/client-of";
import { answerJson, serve } from "../../../support/local-server";

const link = "https://storage.example/out/results.json?X-Goog-Signature=s";

const readings: [name: string, answer: object, expected: object][] = [
  [
    "0 with a link is done",
    { status: 0, output_signed_url: link },
    { state: "done", status: 0, outputUrl: link },
  ],
  [
    "a number as text counts",
    { status: "0", output_signed_url: link },
    { state: "done", status: 0, outputUrl: link },
  ],
  ["1 is running", { status: 1 }, { state: "running", status: 1 }],
  ['"1" is running', { status: " 1 " }, { state: "running", status: 1 }],
  ["a missing status is still being set up", { job_id: "j" }, { state: "running" }],
  ["null is a missing status", { status: null }, { state: "running" }],
  ["an empty text is a missing status", { status: "" }, { state: "running" }],
  ["processing is running", { jobId: "j", status: "processing" }, { state: "running" }],
  [
    "completed is done",
    { status: "completed", outputSignedUrl: link },
    { state: "done", status: 0, outputUrl: link },
  ],
  [
    "Complete is done",
    { status: "Complete", signedUrl: link },
    { state: "done", status: 0, outputUrl: link },
  ],
  ["failed is failed", { status: "failed" }, { state: "failed", status: 2 }],
  ["2 is failed", { status: 2 }, { state: "failed", status: 2 }],
  ['"17" is failed', { status: "17" }, { state: "failed", status: 17 }],
  ["0 without a link is failed", { status: 0 }, { state: "failed", status: 0 }],
  [
    "0 with a link that is none is failed",
    { status: 0, output_signed_url: "soon" },
    { state: "failed", status: 0 },
  ],
];

for (const [name, answer, expected] of readings) {
  test(`status: ${name}`, async (t) => {
    const server = await serve(t, (_, response) => answerJson(response, answer));
    const status = await clientOf(t, server.url).jobStatus("j 1/ä", { signal: unhurried });
    assert.deepEqual(status, { ...expected, answer });
    assert.equal(server.seen[0]?.method, "GET");
    const asked = new URL(server.url + server.seen[0]?.url);
    assert.equal(asked.pathname, "/videoinfer/");
    assert.deepEqual(Object.fromEntries(asked.searchParams), { api_key: knownKey, job_id: "j 1/ä" });
  });
}

test("an answer that is no object makes no sense", async (t) => {
  for (const answer of [[], "done", 0, null]) {
    const server = await serve(t, (_, response) => answerJson(response, answer));
    await assert.rejects(clientOf(t, server.url).jobStatus("j", { signal: unhurried }), {
      code: "SERVER",
      reason: "badAnswer",
      statusCode: 200,
    });
  }
});

test("a status is asked for once: whoever asks keeps the pace", async (t) => {
  const server = await serve(t, (_, response) => answerJson(response, { error: "later" }, 503));
  await assert.rejects(clientOf(t, server.url).jobStatus("j", { signal: unhurried }), { code: "SERVER" });
  assert.equal(server.seen.length, 1);
});

test("the emulator's other spelling goes all the way from start to link", async (t) => {
  const emulator = await emulatorFor(t, { spelling: "words" });
  const client = clientOf(t, emulator.url);
  const jobId = await client.startJob(
    {
      input_url: "https://cameras.example/yard.mp4",
      infer_fps: 5,
      models: [{ model_id: "yard-motion", model_version: "1", inference_type: "object-detection" }],
    },
    { signal: unhurried, answerSignal: unhurried, intend: async () => {}, withdraw: () => {} },
  );
  for (;;) {
    const { state, outputUrl } = await client.jobStatus(jobId, { signal: unhurried });
    if (state === "running") continue;
    assert.equal(state, "done");
    assert.match(outputUrl ?? "", /^http.*results\.json\?/);
    break;
  }
});

test("a failed job's error holds its id, its status and the server's words, but no link", () => {
  const answer = { status: 5, message: "the video has no frames", output_signed_url: link };
  const error = jobFailure("job-7", { state: "failed", status: 5, answer });
  assert.equal(error.code, "JOB_FAILED");
  assert.equal(error.jobId, "job-7");
  assert.deepEqual(error.values, { status: 5 });
  assert.equal(error.serverWords, "the video has no frames");

  const wordless = jobFailure("job-8", {
    state: "failed",
    status: 5,
    answer: { status: 5, output_signed_url: link },
  });
  assert.equal(wordless.serverWords, '{"status":5}');
});
