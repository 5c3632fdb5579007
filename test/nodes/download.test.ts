import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { emulatorFor, knownKey } from "../support/client-of";
import { box, downloader, framesOf, seen, yard, yardCounts } from "../support/downloads";
import { detector, post } from "../support/emulator-calls";
import { assertFailure, runNode } from "../support/helper";
import { comparable, type Msg } from "../support/messages";
import { quickRetries } from "../support/quick-retries";
import { temporaryFolder } from "../support/recordings";

test("results: the whole result goes on as one object, with its counts", async (t) => {
  const { node, server, payload } = await downloader(t, {});
  const { outputs } = await node.send({
    payload,
    topic: "mine",
    roboflow: { id: "c", jobId: "j", fileName: "a.mp4" },
  });
  const [msg] = outputs[0] as [Msg];
  assert.deepEqual(msg.payload, yard);
  assert.equal(msg.topic, "mine");
  assert.equal(msg.parts, undefined);
  assert.deepEqual(comparable(msg.roboflow), { jobId: "j", fileName: "a.mp4", ...yardCounts, times: [] });
  assert.equal(server.seen.length, 1);
  assert.equal(server.seen[0]?.url, "/out/results.json?X-Goog-Signature=f00");
  assert.deepEqual(node.statuses().at(-1), { fill: "green", shape: "dot", text: "downloaded" });
});

test("download may be the first node: it makes msg.roboflow itself", async (t) => {
  const { node, payload } = await downloader(t, {});
  const { outputs } = await node.send({ payload });
  assert.deepEqual(comparable(outputs[0]?.[0]?.roboflow), { ...yardCounts, times: [] });
});

test("the link: the default, msg.roboflow.outputUrl where that finds nothing, or any other field", async (t) => {
  for (const [properties, msg] of [
    [{}, (link: string) => ({ payload: { output_signed_url: link } })],
    [{}, (link: string) => ({ payload: "changed on the way", roboflow: { id: "c", outputUrl: link } })],
    [{}, (link: string) => ({ payload: { outputSignedUrl: link }, roboflow: { id: "c", outputUrl: link } })],
    [{ url: "link" }, (link: string) => ({ link })],
    [{ url: "{{{link}}}", urlType: "str" }, (link: string) => ({ link })],
    [{ url: "{{link}}", urlType: "str" }, (link: string) => ({ link })],
  ] as const) {
    await t.test(JSON.stringify(properties), async (t) => {
      const { node, link } = await downloader(t, properties);
      const { outputs } = await node.send(msg(link));
      assert.deepEqual(outputs[0]?.[0]?.payload, yard);
    });
  }
});

for (const [name, properties, msg, words] of [
  [
    "nothing",
    {},
    {},
    /contains no result URL: found undefined\. Connect the first output of a "poll job" node/,
  ],
  ["a number", {}, { payload: 7 }, /contains no result URL: found undefined/],
  ["null", {}, { payload: null }, /contains no result URL/],
  ["a text that is no link", {}, { payload: { output_signed_url: "soon" } }, /found "soon"/],
  [
    "another field that is empty",
    { url: "link" },
    { roboflow: { id: "c", outputUrl: "http://x.example" } },
    /found undefined/,
  ],
] as const) {
  test(`bad input: a link that is ${name} is INPUT`, async (t) => {
    const { node } = await downloader(t, properties);
    assertFailure(await node.send({ ...msg }), "INPUT", words);
  });
}

test("frames: one msg a frame, in order, with parts that a join node understands", async (t) => {
  const { node, payload } = await downloader(t, { output: "frames" });
  const { outputs, completed } = await node.send({
    payload,
    topic: "mine",
    list: [1],
    roboflow: { id: "c", jobId: "j" },
  });
  assert.ok(completed);
  const frames = outputs[0] as Msg[];
  assert.equal(frames.length, 3);
  assert.deepEqual(frames[0]?.payload, {
    frame: 0,
    time: 0,
    image: { width: 480, height: 360 },
    predictions: yard.people[0]?.predictions.map((prediction) => ({ model: "people", ...prediction })),
    classes: { person: 2, car: 1 },
    results: { people: yard.people[0] },
  });
  assert.deepEqual(frames[1]?.payload, {
    frame: 6,
    time: 0.2,
    image: { width: 480, height: 360 },
    predictions: [],
    classes: {},
    results: { people: yard.people[1] },
  });
  const id = frames[0]?.parts.id;
  assert.equal(typeof id, "string");
  for (const [index, msg] of frames.entries()) {
    assert.deepEqual(msg.parts, { id, type: "array", index, count: 3, len: 1 });
    assert.equal(msg.topic, "mine");
    assert.deepEqual(comparable(msg.roboflow), { jobId: "j", ...yardCounts, times: [] });
  }
  assert.notEqual(frames[0]?.list, frames[1]?.list);
  assert.notEqual(frames[0]?.roboflow, frames[1]?.roboflow);
  assert.deepEqual(node.statuses().at(-1), { fill: "green", shape: "dot", text: "frames: 3" });
  const spool = path.join(node.userDir, "roboflow-video", ".spool");
  assert.deepEqual(existsSync(spool) ? readdirSync(spool) : [], []);
});

test("frames: parts that came in are nested, and each msg has its own sequence", async (t) => {
  const outer = {
    id: "outer",
    type: "string",
    index: 4,
    count: 9,
    parts: { id: "outermost", index: 0, count: 1 },
  };
  const frames = await framesOf(t, {}, yard, { parts: outer });
  for (const { parts } of frames) assert.deepEqual(parts.parts, outer);
  assert.notEqual(frames[0]?.parts.id, "outer");
});

test("frames: a result with a class of its own in every frame takes hardly longer than one with a single class", async (t) => {
  const count = 5000;
  const costOf = async (classOf: (index: number) => string) => {
    const indexes = Array.from({ length: count }, (_, index) => index);
    const entries = indexes.map((index) => ({ predictions: [{ class: classOf(index) }] }));
    const began = process.cpuUsage();
    const frames = await framesOf(t, {}, { frame_offset: indexes, time_offset: indexes, people: entries });
    const { user, system } = process.cpuUsage(began);
    assert.equal(frames.length, count);
    return { frames, cost: user + system };
  };
  const one = await costOf(() => "person");
  const many = await costOf((index) => `class ${index}`);
  for (const frame of [many.frames[0], many.frames.at(-1)]) {
    assert.equal(Object.keys(frame?.roboflow.classes).length, count);
    assert.equal(frame?.roboflow.detections, count);
  }
  assert.ok(many.cost < 10 * one.cost, `${many.cost} µs instead of ${one.cost}`);
});

test("frames: filters act on predictions and classes; results and the counts stay whole", async (t) => {
  const frames = await framesOf(t, { minConfidence: 0.5, classes: " person ,car" }, yard);
  assert.deepEqual(
    frames.map(({ payload }) => payload.predictions.map((p: Msg) => [p.class, p.confidence])),
    [
      [
        ["person", 0.9],
        ["car", 0.5],
      ],
      [],
      [],
    ],
  );
  assert.deepEqual(
    frames.map(({ payload }) => payload.classes),
    [{ person: 1, car: 1 }, {}, {}],
  );
  assert.deepEqual(frames[2]?.payload.results, { people: yard.people[2] });
  assert.deepEqual(comparable(frames[0]?.roboflow), { ...yardCounts, times: [] });
});

test("frames: filters leave the other two outputs alone", async (t) => {
  const { node, payload } = await downloader(t, { minConfidence: 0.99, classes: "x", skipEmpty: true });
  assert.deepEqual((await node.send({ payload })).outputs[0]?.[0]?.payload, yard);
});

test("frames: skipEmpty leaves out empty frames; index counts what is sent, count stands on the last", async (t) => {
  const frames = await framesOf(t, { skipEmpty: true }, yard);
  assert.deepEqual(
    frames.map(({ payload, parts }) => [payload.frame, parts.index, parts.count]),
    [
      [0, 0, undefined],
      [12, 1, 2],
    ],
  );
  const [one] = await framesOf(t, { skipEmpty: true, classes: "dog" }, yard);
  assert.deepEqual([one?.payload.frame, one?.parts.index, one?.parts.count], [12, 0, 1]);
});

test("frames: none at all, or none that passes, sends nothing and is done all the same", async (t) => {
  assert.deepEqual(await framesOf(t, {}, { frame_offset: [], time_offset: [], people: [] }), []);
  assert.deepEqual(await framesOf(t, { skipEmpty: true, classes: "cat" }, yard), []);
});

test("columns in any order, offsets last or in the other spelling", async (t) => {
  const { frame_offset, time_offset, people } = yard;
  for (const result of [
    { people, time_offset, frame_offset },
    { time_offsets: time_offset, people, frame_offsets: frame_offset },
  ]) {
    const frames = await framesOf(t, {}, result);
    assert.deepEqual(
      frames.map(({ payload }) => [payload.frame, payload.time, payload.predictions.length]),
      [
        [0, 0, 3],
        [6, 0.2, 0],
        [12, 0.4, 1],
      ],
    );
  }
});

test("a key that occurs twice counts as in JSON.parse: the last one", async (t) => {
  const text = `{"frame_offset":[0],"time_offset":[0],"people":[${JSON.stringify(seen(box("a", 1)))}],"people":[${JSON.stringify(seen(box("b", 1)))}]}`;
  const [frame] = await framesOf(t, {}, text);
  assert.deepEqual(
    frame?.payload.predictions.map((p: Msg) => [p.model, p.class]),
    [["people", "b"]],
  );
  assert.deepEqual(frame?.roboflow.classes, { b: 1 });
  const { node, payload } = await downloader(t, {}, text);
  const { outputs } = await node.send({ payload });
  assert.deepEqual(outputs[0]?.[0]?.payload, JSON.parse(text));
});

test("a list of another length is damage where it is a model's, else results keeps it and frames do not", async (t) => {
  const result = { ...yard, tags: ["dusk"] };
  const models = (...ids: string[]) => ({
    roboflow: { id: "c", models: ids.map((model_id) => ({ model_id, model_version: "4" })) },
  });
  for (const msg of [{}, models("people")]) {
    const { node, payload } = await downloader(t, {}, result);
    const { outputs } = await node.send({ payload, ...msg });
    assert.deepEqual(outputs[0]?.[0]?.payload, result);
    const [frame] = await framesOf(t, {}, result, msg);
    assert.deepEqual(Object.keys(frame?.payload.results), ["people"]);
  }
  const { node, payload } = await downloader(t, {}, result);
  const delivery = await node.send({ payload, ...models("people", "team/tags") });
  assertFailure(delivery, "RESULT", /tags has 1 elements/);
});

test("a byte order mark before the result is skipped", async (t) => {
  const text = `\ufeff${JSON.stringify(yard)}`;
  assert.equal((await framesOf(t, {}, text)).length, yard.frame_offset.length);
  const { node, payload } = await downloader(t, {}, text);
  const { outputs } = await node.send({ payload });
  assert.deepEqual(outputs[0]?.[0]?.payload, yard);
});

test("null entries: such a frame has no predictions, and counts where no model answered", async (t) => {
  const frames = await framesOf(
    t,
    {},
    { ...yard, people: [null, yard.people[1], null], clip: [[1, 2], null, null] },
  );
  assert.deepEqual(frames[0]?.payload.results, { people: null, clip: [1, 2] });
  assert.equal(frames[0]?.payload.image, null);
  assert.deepEqual(frames[0]?.payload.predictions, []);
  assert.equal(frames[2]?.roboflow.nullFrames, 1);
});

test("CLIP arrays, many labels, one label and gaze", async (t) => {
  const [frame] = await framesOf(
    t,
    {},
    {
      frame_offset: [0],
      time_offset: [0],
      clip: [[0.1, 0.2]],
      weather: [
        {
          image: { width: 4, height: 3 },
          predictions: { rain: { confidence: 0.8, class_id: 0 }, sun: { confidence: 0.1, class_id: 1 } },
          predicted_classes: ["rain"],
        },
      ],
      gate: [
        { predictions: [{ class: "open", class_id: 1, confidence: 0.7 }], top: "open", confidence: 0.7 },
      ],
      gaze: [{ predictions: [{ face: { x: 1, confidence: 0.9 }, yaw: 0.1, pitch: 0.2 }], time: 1 }],
    },
  );
  assert.deepEqual(frame?.payload.results.clip, [0.1, 0.2]);
  assert.deepEqual(frame?.payload.predictions, [
    { model: "weather", class: "rain", confidence: 0.8, class_id: 0 },
    { model: "weather", class: "sun", confidence: 0.1, class_id: 1 },
    { model: "gate", class: "open", class_id: 1, confidence: 0.7 },
    { model: "gaze", face: { x: 1, confidence: 0.9 }, yaw: 0.1, pitch: 0.2 },
  ]);
  assert.deepEqual(frame?.payload.classes, { rain: 1, sun: 1, open: 1 });
  assert.deepEqual(frame?.payload.image, { width: 4, height: 3 });
});

test("NaN and Infinity, as Python writes them, become null in every output", async (t) => {
  const text = JSON.stringify(yard).replace("0.07", "NaN").replace("0.9,", "-Infinity,");
  const [frame] = await framesOf(t, {}, text);
  assert.equal(frame?.payload.results.people.time, null);
  assert.equal(frame?.payload.predictions[0].confidence, null);
  const { node, payload } = await downloader(t, {}, text);
  assert.equal((await node.send({ payload })).outputs[0]?.[0]?.payload.people[0].time, null);
});

test("frames: the folder for results on their way is its owner's alone", {
  skip: process.platform === "win32",
}, async (t) => {
  const { node, payload } = await downloader(t, { output: "frames", resume: false });
  assert.ok((await node.send({ payload })).completed);
  for (const folder of ["roboflow-video", "roboflow-video/.spool"])
    assert.equal(statSync(path.join(node.userDir, folder)).mode & 0o777, 0o700, folder);
});

const damaged: [name: string, body: string][] = [
  ["not JSON", "<html>sorry</html>"],
  ["cut", JSON.stringify(yard).slice(0, -20)],
  ["empty", ""],
  ["JSON of another kind", '{"hello":"world"}'],
  ["a list", "[1,2,3]"],
  ["of unequal columns", JSON.stringify({ ...yard, people: yard.people.slice(1) })],
];

for (const [name, body] of damaged) {
  test(`bad input: a result that is ${name} is RESULT, and nothing goes on; a file keeps it`, async (t) => {
    quickRetries(t);
    const folder = temporaryFolder(t);
    for (const output of ["results", "frames"]) {
      await t.test(output, async (t) => {
        const { node, payload } = await downloader(t, { output, filename: `${folder}/${output}.json` }, body);
        const delivery = await node.send({ payload, roboflow: { id: "c", jobId: "j-1" } });
        assertFailure(delivery, "RESULT", /^Download result: .*job j-1/);
        assert.deepEqual(readdirSync(folder), []);
        assert.deepEqual(node.statuses().at(-1), { fill: "red", shape: "ring", text: "damaged result" });
      });
    }
    await t.test("file: the bytes are kept all the same, with a warning", async (t) => {
      const file = `${folder}/file.json`;
      const { node, payload } = await downloader(t, { output: "file", filename: file }, body);
      const { outputs, completed } = await node.send({ payload, roboflow: { id: "c", jobId: "j-1" } });
      assert.ok(completed);
      const [msg] = outputs[0] as [Msg];
      assert.equal(msg.payload, file);
      assert.deepEqual(comparable(msg.roboflow), { jobId: "j-1", damaged: true, times: [] });
      assert.equal(readFileSync(file, "utf8"), body);
      const warnings = node.logs().filter((line) => line.includes("written unchanged"));
      assert.equal(warnings.length, 1);
      assert.match(warnings[0] ?? "", /^Download result: .*job j-1.*file\.json.*msg\.roboflow\.damaged/);
    });
  });
}

test("a download that breaks off is fetched again; one that stays cut is RESULT", async (t) => {
  quickRetries(t);
  for (const [times, code] of [
    [2, undefined],
    [0, "RESULT"],
  ] as const) {
    await t.test(`${times || "every time"}`, async (t) => {
      const emulator = await emulatorFor(t);
      const node = await runNode(t, { type: "roboflow-video-download" }, { account: false });
      const link = await finished(emulator);
      emulator.fault({ kind: "result", do: "truncated", count: times });
      const { outputs, caught } = await node.send({ payload: { output_signed_url: link.url } });
      assert.equal(caught?.error.code, code);
      assert.equal(outputs[0]?.length, code ? 0 : 1);
    });
  }
});

/** A finished job of the emulator. */
async function finished(emulator: { url: string }): Promise<{ url: string; jobId: string }> {
  const key = `api_key=${encodeURIComponent(knownKey)}`;
  const body = { input_url: "https://cams.example/yard.mp4", infer_fps: 5, models: [detector] };
  const { json } = await post(`${emulator.url}/videoinfer/?${key}`, body);
  for (;;) {
    const answer = await fetch(`${emulator.url}/videoinfer/?${key}&job_id=${json.job_id}`);
    const { output_signed_url: url } = (await answer.json()) as { output_signed_url?: string };
    if (url) return { url, jobId: json.job_id };
  }
}

test("an expired link is renewed where the node has an account, with one poll", async (t) => {
  const emulator = await emulatorFor(t);
  const node = await runNode(
    t,
    { type: "roboflow-video-download" },
    { account: { baseUrl: emulator.url }, apiKey: knownKey },
  );
  const { url, jobId } = await finished(emulator);
  const before = emulator.ledger.of("status").length;
  emulator.expireLinks();
  const { outputs } = await node.send({ payload: { output_signed_url: url }, roboflow: { id: "c", jobId } });
  assert.equal(outputs[0]?.[0]?.roboflow.frames, 10);
  assert.notEqual(outputs[0]?.[0]?.roboflow.outputUrl, url);
  assert.equal(emulator.ledger.of("status").length, before + 1);
});

test("an expired link without an account ends in the storage's words and what to do", async (t) => {
  const emulator = await emulatorFor(t);
  const node = await runNode(t, { type: "roboflow-video-download" }, { account: false });
  const { url, jobId } = await finished(emulator);
  emulator.expireLinks();
  const delivery = await node.send({ payload: { output_signed_url: url }, roboflow: { id: "c", jobId } });
  assertFailure(delivery, "REJECTED", /signed URL may have expired.*ExpiredToken.*HTTP 400/, 400);
});

test("no key is sent to the storage", async (t) => {
  const { node, server, payload } = await downloader(t, {}, yard, { account: {}, apiKey: knownKey });
  await node.send({ payload });
  const asked = JSON.stringify(server.seen.map(({ url, headers }) => ({ url, headers })));
  assert.ok(!asked.includes(knownKey) && !asked.includes(encodeURIComponent(knownKey)));
});

test("a failure is told whatever the message holds for the clip's name and the job's ID", async (t) => {
  const { node, payload } = await downloader(t, {}, "{");
  for (const names of [
    { fileName: 7, jobId: { a: 1 } },
    { fileName: null, jobId: ["j"] },
    { fileName: { toString: 1 }, jobId: true },
  ]) {
    const delivery = await node.send({ payload, roboflow: { id: "c", ...names } });
    assertFailure(delivery, "RESULT", /^Download result: The result is damaged/);
    assert.doesNotMatch(delivery.caught?.error.message, /, (?:job|clip) /);
  }
});
