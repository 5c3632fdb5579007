import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type EmulatorOptions, startEmulator } from "../../../emulator/emulator";
import { call, outcome, poll, start, upload, yardClip } from "../../support/emulator-calls";

/** An emulator with one job on a made-up clip. */
async function oneJob(options: EmulatorOptions = {}) {
  const emulator = await startEmulator({ analyse: false, jobSeconds: 0, ...options });
  const link = await upload(emulator, Buffer.from("video"));
  const { json } = await start(emulator, link);
  return { emulator, jobId: (json.job_id ?? json.jobId) as string };
}

test("a job takes its time, then gives a link", async () => {
  const { emulator, jobId } = await oneJob({ jobSeconds: 0.3 });
  assert.equal((await poll(emulator, jobId)).json.status, 1);
  await delay(350);
  const done = (await poll(emulator, jobId)).json;
  assert.equal(done.status, 0);
  assert.match(done.output_signed_url, /roboflow_video_inference_output.*X-Goog-Expires=3600&/);
  assert.equal(emulator.ledger.job(jobId)?.polls.length, 2);
  await emulator.close();
});

test("the status is missing at first when this is asked for", async () => {
  const { emulator, jobId } = await oneJob({ statusMissingPolls: 2 });
  const seen: boolean[] = [];
  for (let n = 0; n < 3; n++) seen.push("status" in (await poll(emulator, jobId)).json);
  assert.deepEqual(seen, [false, false, true]);
  await emulator.close();
});

test("one poll a minute is enforced when this is asked for, for each job by itself", async () => {
  const { emulator, jobId } = await oneJob({ strictPolling: true });
  assert.equal((await poll(emulator, jobId)).status, 200);
  const refused = await poll(emulator, jobId);
  assert.equal(refused.status, 429);
  assert.equal(refused.headers["retry-after"], "60");
  const other = await start(emulator, await upload(emulator, Buffer.from("other")));
  assert.equal((await poll(emulator, other.json.job_id)).status, 200);
  await emulator.close();
});

test("a file that is no video ends in status 2 with the reason", async () => {
  const emulator = await startEmulator({ jobSeconds: 0 });
  const link = await upload(emulator, Buffer.from("this is a text, not a video"));
  const { json } = await start(emulator, link);
  const failed = await outcome(emulator, json.job_id);
  assert.equal(failed.status, 2);
  assert.match(failed.message, /Invalid data/);
  await emulator.close();
});

test("a job can be ordered to fail, to never end, or to end without a link", async () => {
  const emulator = await startEmulator({ analyse: false, jobSeconds: 0 });
  emulator.fault({ kind: "job", do: "fail", status: 5, message: "out of machines" });
  emulator.fault({ kind: "job", do: "never", match: "stuck.mp4" });
  emulator.fault({ kind: "job", do: "no-link" });
  const started: string[] = [];
  for (const name of ["a.mp4", "stuck.mp4", "b.mp4"]) {
    const { json } = await start(emulator, await upload(emulator, Buffer.from("video"), name));
    started.push(json.job_id);
  }
  await delay(100);
  const [failed, stuck, bare] = await Promise.all(started.map(async (id) => (await poll(emulator, id)).json));
  assert.deepEqual([failed.status, failed.message], [5, "out of machines"]);
  assert.equal(stuck.status, 1);
  assert.deepEqual(bare, { job_id: started[2], status: 0 });
  await emulator.close();
});

test("the other official page's spellings can be asked for", async () => {
  const { emulator, jobId } = await oneJob({ spelling: "reference" });
  emulator.set({ spelling: "words" });
  await delay(50);
  const done = (await poll(emulator, jobId)).json;
  assert.deepEqual([done.jobId, done.status, typeof done.outputSignedUrl], [jobId, "completed", "string"]);
  await emulator.close();
});

test("a result link ends, and the next poll gives a fresh one", async () => {
  const { emulator, jobId } = await oneJob({ outputLifetime: 0.05 });
  const first = (await outcome(emulator, jobId)).output_signed_url;
  await delay(80);
  const late = await call(first);
  assert.equal(late.status, 400);
  assert.match(late.text, /ExpiredToken/);
  emulator.set({ outputLifetime: 60 });
  const second = (await poll(emulator, jobId)).json.output_signed_url;
  assert.equal((await call(second)).status, 200);
  emulator.expireLinks();
  assert.equal((await call(second)).status, 400);
  await emulator.close();
});

test("the ledger says which clip has how many jobs, and what exactly was ordered", async () => {
  const emulator = await startEmulator({ analyse: false, jobSeconds: 0 });
  const link = await upload(emulator, Buffer.from("video"), "gate 1-0123456789ab.mp4");
  const { json } = await start(emulator, link, { infer_fps: 2 });
  await start(emulator, link);
  await poll(emulator, json.job_id);
  const { ledger } = emulator;
  assert.deepEqual(ledger.clips(), { "gate 1.mp4": { uploads: 1, jobs: 2 } });
  assert.equal(ledger.jobsOf("gate 1.mp4")[0]?.inferFps, 2);
  assert.equal(JSON.parse(ledger.jobs[0]?.text ?? "").input_url, link);
  assert.deepEqual(
    ledger.requests.map(({ kind, status, key, clip }) => [kind, status, key, clip]),
    [
      ["signed-url", 200, "right", "gate 1.mp4"],
      ["put", 200, "missing", "gate 1.mp4"],
      ["start", 200, "right", "gate 1.mp4"],
      ["start", 200, "right", "gate 1.mp4"],
      ["status", 200, "right", "gate 1.mp4"],
    ],
  );
  assert.ok(!JSON.stringify(ledger.requests).includes("api_key"));
  await emulator.close();
});

test("the ledger knows how many uploads ran side by side", async () => {
  const emulator = await startEmulator({ analyse: false });
  const body = Buffer.alloc(200_000, 1);
  emulator.fault({ kind: "put", do: "slow", bytesPerSecond: 1_000_000, count: 0 });
  await Promise.all(["a.mp4", "b.mp4", "c.mp4"].map((name) => upload(emulator, body, name)));
  assert.equal(emulator.ledger.maxParallelUploads, 3);
  await emulator.close();
});

test("an emulator that closes in the middle of looking at a video ends ffmpeg and is quick about it", async () => {
  const emulator = await startEmulator();
  await start(emulator, await upload(emulator, readFileSync(yardClip)));
  await delay(60);
  const before = Date.now();
  await emulator.close();
  assert.ok(Date.now() - before < 1000);
});
