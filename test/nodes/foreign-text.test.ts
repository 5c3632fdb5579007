import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { knownKey } from "../support/client-of";
import { type Delivery, type NodeUnderTest, runNode } from "../support/helper";
import { endlessText, hostileText } from "../support/hostile-text";
import { answerJson, serve } from "../support/local-server";
import type { Msg } from "../support/messages";
import { quickRetries } from "../support/quick-retries";
import { recording } from "../support/recordings";

/** Milliseconds for one message; where a text held up everything, it was minutes. */
const generous = 5000;

async function messageOf(node: NodeUnderTest, msg: Msg): Promise<string> {
  const begun = performance.now();
  const { caught }: Delivery = await node.send(msg);
  assert.ok(performance.now() - begun < generous, `${performance.now() - begun} ms`);
  assert.ok(caught, "the message failed");
  const { message, cause } = caught.error;
  assert.ok(message.length <= 1000, `${message.length} characters`);
  assert.ok((cause?.message.length ?? 0) <= 1000);
  for (const { text = "" } of node.statuses()) assert.ok(text.length < 24, text);
  return message;
}

/** How a text stands in an error: without the white space around it, and its beginning where it is long. */
const shown = (text: string) => text.trim().slice(0, 60);

interface Place {
  name: string;
  node: { type: string } & Msg;
  msg: (text: string) => Msg;
  /** What of it the error shows, where that is not all. */
  shown?: (text: string) => string;
}

/** Addresses of models are taken for what they name, without what stands behind it. */
const partOfUrl = (text: string) => text.replace(/[/?#]/g, "-");

const models = [{ modelId: "people/4", inferenceType: "object-detection" }];
const url = "https://s.example/a.mp4";
const places: Place[] = [
  { name: "a path", node: { type: "roboflow-video-upload" }, msg: (text) => ({ payload: `/no/${text}` }) },
  {
    name: "a video's address",
    node: { type: "roboflow-video-start", models },
    msg: (text) => ({ payload: text }),
    shown: (text) => text.slice(0, 60),
  },
  {
    name: "a frame rate",
    node: { type: "roboflow-video-start", models, inferFps: "rate", inferFpsType: "msg" },
    msg: (text) => ({ payload: url, rate: `no ${text}` }),
  },
  {
    name: "a model's ID",
    node: { type: "roboflow-video-start", models: [] },
    msg: (text) => ({ payload: url, models: [{ model_id: `m ${partOfUrl(text)}`, model_version: "" }] }),
    shown: partOfUrl,
  },
  {
    name: "an inference type",
    node: { type: "roboflow-video-start", models: [] },
    msg: (text) => ({ payload: url, models: [{ model_id: "m", model_version: "1", inference_type: text }] }),
  },
  {
    name: "a result's address",
    node: { type: "roboflow-video-download" },
    msg: (text) => ({ payload: { output_signed_url: `no ${text}` } }),
  },
];

for (const { name, node: properties, msg, shown: part = (text: string) => text } of places)
  test(`${name} with anything in it comes out of the error as it is, at once`, async (t) => {
    const node = await runNode(t, properties, {
      account: { baseUrl: "http://127.0.0.1:9" },
      apiKey: knownKey,
    });
    await fc.assert(
      fc.asyncProperty(hostileText(), async (text) => {
        const message = await messageOf(node, msg(text));
        assert.ok(message.includes(shown(part(text))), `${text} in ${message}`);
      }),
      { numRuns: 25 },
    );
    await fc.assert(
      fc.asyncProperty(endlessText(), async (text) => {
        await messageOf(node, msg(text));
      }),
      { numRuns: 6 },
    );
  });

test("a job's ID and a server's words come out as they are, the key among them does not", async (t) => {
  quickRetries(t);
  let words = "";
  const server = await serve(t, (_, response) => answerJson(response, { error: words }, 422));
  const node = await runNode(
    t,
    { type: "roboflow-video-poll", interval: 0.1 },
    { account: { baseUrl: server.url }, apiKey: knownKey },
  );
  await fc.assert(
    fc.asyncProperty(hostileText(), hostileText(), async (jobId, text) => {
      words = `${text} ${knownKey} ${encodeURIComponent(knownKey)}`;
      const message = await messageOf(node, { payload: `job ${jobId}` });
      assert.ok(message.includes(jobId.trimEnd()), `${jobId} in ${message}`);
      assert.ok(message.includes(`${text.replace(/\s+/g, " ").trim()}`), `${text} in ${message}`);
      assert.ok(!message.includes(knownKey) && !message.includes(encodeURIComponent(knownKey)));
    }),
    { numRuns: 25 },
  );
  await fc.assert(
    fc.asyncProperty(endlessText(), endlessText(), async (jobId, text) => {
      words = text + knownKey;
      const message = await messageOf(node, { payload: jobId.slice(0, 4000) });
      assert.ok(!message.includes(knownKey));
    }),
    { numRuns: 6 },
  );
});

test("names in a damaged result come out as they are", async (t) => {
  let model = "";
  const server = await serve(t, (_, response) =>
    answerJson(response, { frame_offset: [0, 1], time_offset: [0, 0.2], [model]: [{ predictions: [] }] }),
  );
  const node = await runNode(t, { type: "roboflow-video-download" }, { account: false });
  const msg = () => ({ payload: { output_signed_url: `${server.url}/r.json` } });
  await fc.assert(
    fc.asyncProperty(hostileText(), async (text) => {
      model = `m ${text}`;
      const message = await messageOf(node, msg());
      assert.ok(message.includes(shown(text)) || !/elements|entries/.test(message), `${text} in ${message}`);
    }),
    { numRuns: 25 },
  );
  await fc.assert(
    fc.asyncProperty(endlessText(), async (text) => {
      model = text;
      await messageOf(node, msg());
    }),
    { numRuns: 6 },
  );
});

test("a storage's endless page and a hostile name of the file make one short error", async (t) => {
  quickRetries(t);
  let page = "";
  const server = await serve(t, ({ method }, response) => {
    if (method === "PUT") response.writeHead(403).end(page);
    else
      answerJson(response, { signed_url: `${server.url}/in/a.mp4?X-Goog-Signature=${"0f3a".repeat(128)}` });
  });
  const node = await runNode(
    t,
    { type: "roboflow-video-upload" },
    { account: { baseUrl: server.url }, apiKey: knownKey },
  );
  await fc.assert(
    fc.asyncProperty(endlessText(), hostileText(), async (text, name) => {
      page = `${text}${"0f3a".repeat(128)}`;
      const message = await messageOf(node, { payload: recording(), filename: `${name}.mp4` });
      assert.ok(!message.includes("0f3a0f3a"), message);
    }),
    { numRuns: 8 },
  );
});
