import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { emulatorFor, knownKey } from "../support/client-of";
import { detector, outcome, post } from "../support/emulator-calls";
import { runNode } from "../support/helper";
import { comparable, type Msg } from "../support/messages";
import { realResult } from "../support/real-result";
import { temporaryFolder } from "../support/recordings";

const text = readFileSync(realResult, "utf8");
const whole = JSON.parse(text);
const model = "pallet-unicd-k2rg0";
const counts = {
  frames: 195,
  detections: 1098,
  classes: { pallet: 884, "Cement floor": 214 },
  nullFrames: 0,
};

/** Sends the link to a result of the real service into a download node. */
async function downloaded(t: TestContext, properties: Record<string, unknown>): Promise<Msg[]> {
  const emulator = await emulatorFor(t, { apiKey: "demo", resultFile: realResult });
  const job = { input_url: "https://cams.example/forklift.mp4", infer_fps: 5, models: [detector] };
  const { json } = await post(`${emulator.url}/videoinfer/?api_key=demo`, job);
  const payload = await outcome(emulator, json.job_id);
  const node = await runNode(
    t,
    { type: "roboflow-video-download", ...properties },
    { account: { baseUrl: emulator.url }, apiKey: knownKey },
  );
  const { caught, outputs } = await node.send({ payload });
  assert.equal(caught?.error.message, undefined);
  return outputs[0] ?? [];
}

test("a real result: as one object", async (t) => {
  const [msg] = await downloaded(t, {});
  assert.deepEqual(msg?.payload, whole);
  assert.deepEqual(comparable(msg?.roboflow), { ...counts, times: [] });
});

test("a real result: as one message per frame, with every prediction", async (t) => {
  const messages = await downloaded(t, { output: "frames" });
  assert.equal(messages.length, 195);
  for (const [n, { payload }] of messages.entries()) {
    const entry = whole[model][n];
    assert.equal(payload.frame, whole.frame_offset[n]);
    assert.equal(payload.time, whole.time_offset[n]);
    assert.deepEqual(payload.image, { width: 1920, height: 1080 });
    assert.deepEqual(payload.results, { [model]: entry });
    assert.deepEqual(
      payload.predictions.map(({ model: _, ...prediction }: Msg) => prediction),
      entry.predictions,
    );
  }
  assert.deepEqual(comparable(messages[194]?.roboflow), { ...counts, times: [] });
});

test("a real result: as a file, byte by byte", async (t) => {
  const filename = path.join(temporaryFolder(t), "result.json");
  const [msg] = await downloaded(t, { output: "file", filename });
  assert.equal(msg?.payload, filename);
  assert.equal(readFileSync(filename, "utf8"), text);
});
