import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { emulatorFor, knownKey } from "../support/client-of";
import { downloader, framesOf, yard, yardCounts } from "../support/downloads";
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
