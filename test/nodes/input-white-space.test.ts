import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { emulatorFor, knownKey } from "../support/client-of";
import { detector, post } from "../support/emulator-calls";
import { runNode } from "../support/helper";
import { recording, temporaryFolder, writeTo } from "../support/recordings";

const inputUrl = "https://cams.example/yard.mp4";

/** Sends a text with a line break behind it, as copied text and the output of commands have, to a node. */
async function given(
  t: TestContext,
  type: string,
  textOf: (emulatorUrl: string) => Promise<string> | string,
  properties: Record<string, unknown> = {},
) {
  const emulator = await emulatorFor(t);
  const node = await runNode(
    t,
    { type, ...properties },
    { account: { baseUrl: emulator.url }, apiKey: knownKey },
  );
  const { caught, outputs } = await node.send({ payload: ` ${await textOf(emulator.url)}\r\n` });
  assert.equal(caught?.error.message, undefined);
  return { emulator, msg: outputs[0]?.[0] };
}

/** Starts a job of its own. @returns its ID */
async function jobAt(url: string): Promise<string> {
  const job = { input_url: inputUrl, infer_fps: 5, models: [detector] };
  const { json } = await post(`${url}/videoinfer/?api_key=${encodeURIComponent(knownKey)}`, job);
  return json.job_id;
}

test("upload takes a path with a line break behind it", async (t) => {
  const file = writeTo(temporaryFolder(t), "yard.mp4", recording());
  const { emulator } = await given(t, "roboflow-video-upload", () => file);
  assert.equal(emulator.ledger.uploads.length, 1);
});

test("start sends a video URL with a line break behind it without that", async (t) => {
  const models = [{ modelId: "people/3", modelVersion: "", inferenceType: "object-detection" }];
  const { emulator, msg } = await given(t, "roboflow-video-start", () => inputUrl, { models });
  assert.equal(emulator.ledger.jobs[0]?.inputUrl, inputUrl);
  assert.equal(msg?.roboflow.inputUrl, inputUrl);
});

test("poll takes a job ID with a line break behind it", async (t) => {
  const { msg } = await given(t, "roboflow-video-poll", jobAt, { interval: 0.1 });
  assert.equal(msg?.payload.status, 0);
});

test("download takes a result URL with a line break behind it", async (t) => {
  const resultOf = async (url: string) => {
    const jobId = await jobAt(url);
    for (;;) {
      const answer = await fetch(
        `${url}/videoinfer/?api_key=${encodeURIComponent(knownKey)}&job_id=${jobId}`,
      );
      const { output_signed_url: link } = (await answer.json()) as { output_signed_url?: string };
      if (link) return link;
    }
  };
  const { msg } = await given(t, "roboflow-video-download", resultOf, { url: "payload" });
  assert.equal(msg?.payload.frame_offset.length, 10);
});
