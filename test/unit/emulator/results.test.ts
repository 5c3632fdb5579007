import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Emulator, startEmulator } from "../../../emulator/emulator";
import { call, detector, outcome, result, start, upload, yardClip } from "../../support/emulator-calls";
import { realResult } from "../../support/real-result";

let emulator: Emulator;
let link: string;
before(async () => {
  emulator = await startEmulator({ jobSeconds: 0 });
  link = await upload(emulator, readFileSync(yardClip));
});
after(() => emulator.close());

/** Runs a job with settings that hold for it alone. */
async function resultWith(settings: Parameters<Emulator["set"]>[0], more: Record<string, unknown> = {}) {
  const before = { ...emulator.settings };
  emulator.set(settings);
  try {
    return await result(emulator, link, more);
  } finally {
    emulator.set(before);
  }
}

test("what moves in the demo's clip is found where it is, with true frame numbers, times and size", async () => {
  const text = await result(emulator, link, { infer_fps: 5 });
  const found = JSON.parse(text);
  assert.deepEqual(Object.keys(found), ["frame_offset", "time_offset", "yard-motion"]);
  assert.deepEqual(found.frame_offset.slice(0, 4), [0, 2, 4, 6]);
  assert.deepEqual(found.time_offset.slice(0, 4), [0, 0.2, 0.4, 0.6]);
  assert.equal(found.frame_offset.length, 75);
  const at = (seconds: number) => found["yard-motion"][seconds * 5];
  assert.deepEqual(at(0).image, { width: 640, height: 360 });
  assert.deepEqual(at(0).predictions, [], "nobody there yet");

  // The person stands at -25 + 690 * (2 - 1) / 5.6 = 98 then, head at 150, feet at 246.
  const [person, ...nobodyElse] = at(2).predictions;
  assert.equal(nobodyElse.length, 0);
  assert.ok(Math.abs(person.x - 98) < 12, `x ${person.x}`);
  assert.ok(Math.abs(person.y - 198) < 12, `y ${person.y}`);
  assert.ok(person.height > 80 && person.height < 115, `height ${person.height}`);
  assert.deepEqual([person.class, person.class_id], ["motion", 0]);
  assert.ok(person.confidence > 0.3 && person.confidence <= 1);
  assert.equal(at(5).predictions.length, 2, "person and cat");
  assert.ok(at(9).predictions[0].width > 150, "the car");
  assert.deepEqual(at(14.6).predictions, [], "all gone");
  assert.match(text, /"time_offset": \[0\.0, 0\.2/);
});

test("a rate that is no factor of the frame rate still names frames that exist", async () => {
  const found = JSON.parse(await result(emulator, link, { infer_fps: 3 }));
  assert.deepEqual(found.frame_offset.slice(0, 5), [0, 3, 6, 10, 13]);
  assert.equal(found.time_offset[1], 0.3);
});

test("above the frame rate no output comes back", async () => {
  const found = JSON.parse(await result(emulator, link, { infer_fps: 11 }));
  assert.deepEqual(found, { frame_offset: [], time_offset: [], "yard-motion": [] });
});

test("each task tells of the motion in its own shape", async () => {
  const model = (model_id: string, inference_type: string) => ({
    model_id,
    model_version: "1",
    inference_type,
  });
  const models = [
    model("outline", "instance-segmentation"),
    model("joints", "keypoint-detection"),
    model("gate", "classification"),
    model("weather-multilabel", "classification"),
    model("clip", "clip-embed-image"),
    model("gaze", "gaze-detection"),
  ];
  const found = JSON.parse(await result(emulator, link, { models }));
  const n = 10;
  assert.equal(found.outline[n].predictions[0].points.length, 4);
  assert.deepEqual(Object.keys(found.joints[n].predictions[0].keypoints[0]), [
    "x",
    "y",
    "confidence",
    "class_id",
    "class",
  ]);
  assert.equal(found.gate[n].top, "motion");
  assert.equal(found.gate[0].top, "still");
  assert.equal(found.gate[n].predictions[0].confidence, found.gate[n].confidence);
  assert.deepEqual(Object.keys(found["weather-multilabel"][n].predictions), ["motion", "still"]);
  assert.deepEqual(found["weather-multilabel"][0].predicted_classes, ["still"]);
  assert.ok(Array.isArray(found.clip[n]) && found.clip[n].length === 16);
  assert.ok(Math.max(...found.clip[n]) > 0);
  const [looking] = found.gaze[n].predictions;
  assert.deepEqual(Object.keys(looking), ["face", "yaw", "pitch"]);
});

test("a model's own confidence holds weak movers back", async () => {
  const picky = { ...detector, model_id: "picky", inference_params: { confidence: 0.99 } };
  const found = JSON.parse(await result(emulator, link, { models: [detector, picky] }));
  assert.ok(found["yard-motion"][10].predictions.length > 0);
  assert.equal(found.picky[10].predictions.length, 0);
});

test("columns come in the ordered order and spelling", async () => {
  const models = [detector, { model_id: "clip", model_version: "1", inference_type: "clip-embed-image" }];
  const keys = async (settings: Parameters<Emulator["set"]>[0]) =>
    Object.keys(JSON.parse(await resultWith(settings, { models })));
  assert.deepEqual(await keys({ columnOrder: "offsets-last", offsetNames: "plural" }), [
    "yard-motion",
    "clip",
    "frame_offsets",
    "time_offsets",
  ]);
  assert.deepEqual(await keys({ columnOrder: "shuffled" }), [
    "time_offset",
    "yard-motion",
    "frame_offset",
    "clip",
  ]);
});

test("two versions of one project leave one column, that of the last", async () => {
  const picky = { ...detector, model_version: "2", inference_params: { confidence: 0.99 } };
  const text = await result(emulator, link, { models: [detector, picky] });
  assert.equal(text.split('"yard-motion": [').length, 2);
  assert.equal(JSON.parse(text)["yard-motion"][10].predictions.length, 0);
});

/** What of a result does not depend on the video: names, their order, spaces, batches and IDs. */
function formOf(text: string) {
  const [frames, times, [model, entries]] = Object.entries<any>(JSON.parse(text)) as any;
  const predictions = entries.flatMap((entry: any) => entry.predictions);
  const keys = (objects: object[]) => [...new Set(objects.map((object) => Object.keys(object).join()))];
  const ids = (objects: any[], name: string) => objects.map((object) => object[name]);
  const batches = entries.map(
    (_: unknown, n: number) => new Set(ids(entries.slice(n, n + 4), "inference_id")).size,
  );
  return {
    columns: [frames[0], times[0], model === frames[0] || model === times[0]],
    keys: [keys(entries), keys(ids(entries, "image")), keys(predictions)],
    inFours: batches.every(
      (count: number, n: number) => count === (n % 4 === 0 || n > entries.length - 4 ? 1 : 2),
    ),
    idsDiffer: new Set(ids(predictions, "detection_id")).size === predictions.length,
    offsets: text.replace(/[\d.]+/g, "0").slice(0, 40),
    entry: text
      .replace(/[\d.]+/g, "0")
      .match(/\[\{"inference_id": ".*?"predictions": /)?.[0]
      .replace(/[0a-f-]{5,}/, "ID"),
  };
}

test("a result has the form of a real one: names, their order, spaces, and IDs", async () => {
  const real = readFileSync(realResult, "utf8");
  const ours = await result(emulator, link, { infer_fps: 5 });
  assert.deepEqual(formOf(ours), formOf(real));
  assert.deepEqual(
    [formOf(real).inFours, formOf(real).idsDiffer, formOf(real).columns[2]],
    [true, true, false],
  );
});

test("null entries, NaN and escaped letters can be ordered", async () => {
  const nulls = JSON.parse(await resultWith({ nullEvery: 2 }))["yard-motion"];
  assert.deepEqual([nulls[0] === null, nulls[1] === null, nulls[3] === null], [false, true, true]);
  const spoiled = await resultWith({ nanEvery: 3 });
  assert.equal(spoiled.split('"time": NaN').length - 1, 25);
  assert.throws(() => JSON.parse(spoiled));
  const plain = await resultWith({ className: "Fußgänger 猫" });
  assert.ok(plain.includes('"Fußgänger 猫"'));
  const escaped = await resultWith({ className: "Fußgänger 猫", escapeNonAscii: true });
  assert.ok(escaped.includes('"Fu\\u00dfg\\u00e4nger \\u732b"'));
  assert.equal(JSON.parse(escaped)["yard-motion"][10].predictions[0].class, "Fußgänger 猫");
});

test("a result can be fetched in parts, and without a length", async () => {
  const { json } = await start(emulator, link);
  const url = (await outcome(emulator, json.job_id)).output_signed_url;
  const whole = await call(url);
  const part = await call(url, { headers: { range: "bytes=10-19" } });
  assert.equal(part.status, 206);
  assert.equal(part.text, whole.text.slice(10, 20));
  assert.equal(part.headers["content-range"], `bytes 10-19/${whole.bytes.length}`);
  assert.equal((await call(url, { headers: { range: "bytes=-5" } })).text, whole.text.slice(-5));
  assert.equal((await call(url, { headers: { range: `bytes=${whole.bytes.length}-` } })).status, 416);
  emulator.set({ chunkedResult: true });
  const chunked = await call(url);
  emulator.set({ chunkedResult: false });
  assert.equal(chunked.headers["content-length"], undefined);
  assert.equal(chunked.headers["transfer-encoding"], "chunked");
  assert.equal(chunked.text, whole.text);
  assert.equal((await call(url, { method: "HEAD" })).status, 403, "a link is signed for GET only");
});

test("a prepared file is served as the result, for all jobs or for one model", async () => {
  const folder = mkdtempSync(join(tmpdir(), "prepared-"));
  const all = join(folder, "all.json");
  const special = join(folder, "special.json");
  writeFileSync(all, '{"all": []}');
  writeFileSync(special, '{"special": []}');
  const settings = { resultFile: all, resultFiles: { special } };
  assert.equal(await resultWith(settings), '{"all": []}');
  const models = [{ ...detector, model_id: "special" }];
  assert.equal(await resultWith(settings, { models }), '{"special": []}');
  rmSync(folder, { recursive: true });
});
