import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { inspect } from "node:util";
import type { FaultOrder } from "../../emulator/faults";
import { emulatorFor, knownKey } from "../support/client-of";
import { type NodeUnderTest, runNode } from "../support/helper";
import { serve } from "../support/local-server";
import type { Msg } from "../support/messages";
import { quickRetries } from "../support/quick-retries";
import { recording, temporaryFolder, writeTo } from "../support/recordings";

const keyForms = [knownKey, encodeURIComponent(knownKey), Buffer.from(knownKey).toString("base64")];
const signature = "5igna7ure0f4Test";

/** Everything that can be seen of a node from outside, as one text. */
function everything(node: NodeUnderTest): string {
  const messages = { outputs: node.outputs, completed: node.completed, caught: node.caught };
  const files = readdirSync(node.userDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(path.join(entry.parentPath, entry.name), "utf8"));
  return [
    inspect(messages, { depth: 30, showHidden: true, maxArrayLength: null, maxStringLength: null }),
    JSON.stringify(node.statuses()),
    ...node.logs(),
    ...files,
  ].join("\n");
}

function assertNoKey(node: NodeUnderTest): void {
  const seen = everything(node);
  for (const form of keyForms) assert.ok(!seen.includes(form), `the key is in ${around(seen, form)}`);
}

const around = (text: string, part: string) =>
  text.slice(Math.max(0, text.indexOf(part) - 200)).slice(0, 400);

const models = [
  { modelId: "people/3", modelVersion: "", inferenceType: "", confidence: "", inferenceParams: "" },
];
const steps: [type: string, properties: Record<string, unknown>, msg: () => Msg][] = [
  ["roboflow-video-upload", {}, () => ({ payload: recording() })],
  [
    "roboflow-video-start",
    { models },
    () => ({ payload: `https://s.example/a.mp4?X-Goog-Signature=${signature}` }),
  ],
  ["roboflow-video-poll", { interval: 0.1, timeout: 0.3 / 3600 }, () => ({ payload: "job-1" })],
];

/** What a server may do, so that the error of the HTTP client behind ours is of every kind. */
const faults: [name: string, order: Omit<FaultOrder, "kind">][] = [
  [
    "echoes the key in its words",
    { do: "answer", status: 422, message: `no such key: ${knownKey} (${encodeURIComponent(knownKey)})` },
  ],
  [
    "echoes the address",
    { do: "answer", status: 400, body: `GET /x/?api_key=${encodeURIComponent(knownKey)}&a=b refused` },
  ],
  ["refuses the key", { do: "answer", status: 401, shape: "code" }],
  ["redirects with the key", { do: "redirect", location: `http://elsewhere.example/?api_key=${knownKey}` }],
  ["breaks the connection", { do: "reset" }],
  ["answers with a page", { do: "html" }],
  ["answers nonsense that holds the key", { do: "wrong-shape", body: [{ hello: knownKey }] }],
  ["cuts its answer", { do: "truncated" }],
];

for (const [type, properties, msg] of steps) {
  for (const [name, order] of faults) {
    test(`${type}: no key leaves it when the server ${name}`, async (t) => {
      quickRetries(t);
      const emulator = await emulatorFor(t);
      emulator.fault({ ...order, kind: "any", count: 0 });
      const node = await runNode(
        t,
        { type, ...properties },
        { account: { baseUrl: emulator.url }, apiKey: knownKey },
      );
      const { caught } = await node.send(msg());
      assert.ok(caught);
      assertNoKey(node);
      const { cause } = caught.error;
      if (cause !== undefined)
        assert.deepEqual(
          Object.keys(cause).filter((key) => !/^(code|message)$/.test(key)),
          [],
        );
    });
  }

  test(`${type}: no key leaves it when there is no server at all`, async (t) => {
    quickRetries(t);
    for (const baseUrl of ["http://127.0.0.1:1", `http://no-such-host.invalid`]) {
      const node = await runNode(t, { type, ...properties }, { account: { baseUrl }, apiKey: knownKey });
      const { caught } = await node.send(msg());
      assert.match(caught?.error.code, /^(NETWORK|JOB_TIMEOUT)$/);
      assertNoKey(node);
    }
  });

  test(`${type}: no key is in what goes on when all is well`, async (t) => {
    const emulator = await emulatorFor(t);
    const node = await runNode(
      t,
      { type, ...properties },
      { account: { baseUrl: emulator.url }, apiKey: knownKey },
    );
    await node.send(msg());
    assertNoKey(node);
  });
}

/** Errors, statuses and log lines; the messages themselves carry signed links by contract. */
function said(node: NodeUnderTest): string {
  const errors = inspect(
    node.caught.map(({ error }) => error),
    { depth: 20, showHidden: true, maxStringLength: null },
  );
  return [errors, JSON.stringify(node.statuses()), ...node.logs()].join("\n");
}

async function assertNoSignature(
  t: TestContext,
  node: { type: string } & Msg,
  orders: FaultOrder[],
  msg: Msg,
) {
  quickRetries(t);
  const emulator = await emulatorFor(t);
  emulator.fault(...orders);
  const running = await runNode(t, node, { account: { baseUrl: emulator.url }, apiKey: knownKey });
  const { caught } = await running.send(msg);
  assert.ok(caught);
  assert.ok(!said(running).includes(signature), around(said(running), signature));
  assertNoKey(running);
}

test("no signature of a link is in an error: storage that echoes it", async (t) => {
  const link = `http://127.0.0.1:1/out/r.json?X-Goog-Expires=60&X-Goog-Signature=${signature}`;
  const echo = `<Error><Code>AccessDenied</Code><Message>${link.replaceAll("&", "&amp;")} is not allowed</Message></Error>`;
  const orders: FaultOrder[] = [{ kind: "put", do: "answer", status: 403, body: echo, count: 0 }];
  await assertNoSignature(t, { type: "roboflow-video-upload" }, orders, { payload: recording() });
});

test("no signature of a link is in an error: a result that cannot be reached", async (t) => {
  const link = `http://127.0.0.1:1/out/r.json?X-Goog-Signature=${signature}`;
  await assertNoSignature(t, { type: "roboflow-video-download" }, [], {
    payload: { output_signed_url: link },
  });
});

test("no signature of a link is in an error: a link in the wrong field", async (t) => {
  const link = `https://s.example/a.mp4?X-Goog-Signature=${signature}`;
  await assertNoSignature(t, { type: "roboflow-video-start", models: [] }, [], { payload: link });
  await assertNoSignature(t, { type: "roboflow-video-start", models }, [], {
    payload: `see ${link} and more`,
  });
  await assertNoSignature(t, { type: "roboflow-video-poll", interval: 0.1 }, [], { payload: link });
  await assertNoSignature(t, { type: "roboflow-video-download" }, [], {
    payload: { output_signed_url: `x ${link}` },
  });
  await assertNoSignature(t, { type: "roboflow-video-upload" }, [], { payload: `x ${link}` });
});

test("no signature is in an error: a server that repeats the link in a spelling of its own", async (t) => {
  const link = `https://s.example/a.mp4?v=3600&ticket=${signature}&X-Goog-Signature=x${signature}`;
  const server = await serve(t, ({ method, url, body }, response) => {
    if (url.startsWith("/video_upload"))
      return void response.end(JSON.stringify({ signed_url: `${server.url}/in/a.mp4?ticket=${signature}` }));
    const told = url.startsWith("/result") || method === "PUT" ? url : body.toString();
    response.writeHead(403).end(`denied: ${encodeURIComponent(told)}`);
  });
  const account = { account: { baseUrl: server.url }, apiKey: knownKey };
  for (const [node, msg] of [
    [{ type: "roboflow-video-upload" }, { payload: recording() }],
    [{ type: "roboflow-video-start", models }, { payload: link }],
    [
      { type: "roboflow-video-download" },
      { payload: { output_signed_url: `${server.url}/result?ticket=${signature}` } },
    ],
  ] as const) {
    const running = await runNode(t, node, account);
    assert.equal((await running.send(msg)).caught?.error.code, "AUTH");
    assert.ok(!said(running).includes(signature), around(said(running), signature));
  }
});

test("no half of a key is in an error: a failed job that tells a long story", async (t) => {
  const server = await serve(t, (_, response) => {
    response.end(JSON.stringify({ status: 3, message: `${"so ".repeat(95)} ${knownKey} was refused` }));
  });
  const node = await runNode(
    t,
    { type: "roboflow-video-poll", interval: 0.1 },
    { account: { baseUrl: server.url }, apiKey: knownKey },
  );
  const { caught } = await node.send({ payload: "job-1" });
  assert.equal(caught?.error.code, "JOB_FAILED");
  assert.ok(caught?.error.message.length < 700, "and is cut to a length that can be read");
  assert.ok(!said(node).includes(knownKey.slice(0, 6)), around(said(node), knownKey.slice(0, 6)));
});

test("the key is in no answer of the admin endpoints", async (t) => {
  const emulator = await emulatorFor(t);
  const node = await runNode(
    t,
    { type: "roboflow-video-poll", interval: 0.1 },
    { account: { baseUrl: emulator.url }, apiKey: knownKey },
  );
  const account = node.accountId;
  const answers = [
    await node.dialog("/roboflow-video/account/test", { account, apiKey: "", baseUrl: emulator.url }),
    await node.dialog("/roboflow-video/account/test", { account, apiKey: "", baseUrl: "http://127.0.0.1:1" }),
    await node.dialog("/roboflow-video/account/test", {
      account: "",
      apiKey: knownKey,
      baseUrl: "http://127.0.0.1:1",
    }),
    await node.dialog(`/roboflow-video/account/${account}/models`, {}),
    await node.admin().get(`/roboflow-video/poll/${node.id}/jobs`),
  ];
  assert.equal(answers[0]?.body.ok, true);
  assert.equal(answers[1]?.body.ok, false);
  assert.equal(answers[3]?.body.ok, true);
  for (const { text } of answers) for (const form of keyForms) assert.ok(!text.includes(form), text);
  assertNoKey(node);
});

test("what is written down for a restart holds no key", async (t) => {
  const emulator = await emulatorFor(t);
  emulator.fault({ kind: "put", do: "silent", count: 0 });
  const node = await runNode(
    t,
    { type: "roboflow-video-upload" },
    { account: { baseUrl: emulator.url }, apiKey: knownKey },
  );
  node.give({ payload: writeTo(temporaryFolder(t), "yard.mp4", recording()) });
  await new Promise((resolve) => setTimeout(resolve, 100));
  const written = readdirSync(path.join(node.userDir, "roboflow-video"), { recursive: true });
  assert.ok(
    written.some((name) => String(name).endsWith(".json")),
    `${written}`,
  );
  assertNoKey(node);
});
