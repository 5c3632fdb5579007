import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { emulatorFor, knownKey } from "../support/client-of";
import { withEnvironment } from "../support/environment";
import { assertFailure, type NodeUnderTest, runNode } from "../support/helper";
import { serve } from "../support/local-server";
import type { Msg } from "../support/messages";
import { recording } from "../support/recordings";

const models = [
  { modelId: "people/3", modelVersion: "", inferenceType: "", confidence: "", inferenceParams: "" },
];

/** What makes each node turn to its account. */
const asking: [type: string, properties: Record<string, unknown>, msg: Msg][] = [
  ["roboflow-video-upload", {}, { payload: recording() }],
  ["roboflow-video-start", { models }, { payload: "https://cams.example/a.mp4" }],
  ["roboflow-video-poll", { interval: 0.1 }, { payload: "job-1" }],
];

/** How a dialog's field names an environment variable. */
const variable = (name: string) => `\${${name}}`;

for (const [type, properties, msg] of asking) {
  test(`${type}: no account is CONFIG`, async (t) => {
    const node = await runNode(t, { type, ...properties }, { account: false });
    assertFailure(
      await node.send({ ...msg }),
      "CONFIG",
      /No Roboflow account is selected.*select an account/,
    );
    assert.deepEqual(node.statuses().at(-1), { fill: "red", shape: "ring", text: "no account" });
  });

  test(`${type}: an account that is not there is CONFIG`, async (t) => {
    const node = await runNode(t, { type, ...properties, account: "deleted" }, { account: false });
    assertFailure(
      await node.send({ ...msg }),
      "CONFIG",
      /No Roboflow account is selected, or it was deleted/,
    );
  });

  test(`${type}: no key is CONFIG`, async (t) => {
    withEnvironment(t, "ROBOFLOW_API_KEY", undefined);
    const node = await runNode(t, { type, ...properties }, { apiKey: "" });
    assertFailure(await node.send({ ...msg }), "CONFIG", /The account has no API key.*ROBOFLOW_API_KEY/);
  });

  test(`${type}: a \${NAME} that is not set is CONFIG and names it`, async (t) => {
    const node = await runNode(t, { type, ...properties }, { apiKey: variable("ROBOFLOW_TEST_UNSET") });
    assertFailure(
      await node.send({ ...msg }),
      "CONFIG",
      /environment variable ROBOFLOW_TEST_UNSET is not set/,
    );
  });

  test(`${type}: a wrong key is AUTH, with what to do about it`, async (t) => {
    const emulator = await emulatorFor(t);
    const node = await runNode(
      t,
      { type, ...properties },
      { account: { baseUrl: emulator.url }, apiKey: "not-the-right-key" },
    );
    assertFailure(
      await node.send({ ...msg }),
      "AUTH",
      /Roboflow rejected the API key\. Check the key in the account.*does not exist.*HTTP 401/,
      401,
    );
    assert.deepEqual(node.statuses().at(-1), { fill: "red", shape: "ring", text: "key rejected" });
  });
}

/** Uploads through the account and tells what arrived. */
async function uploads(node: NodeUnderTest): Promise<Msg | undefined> {
  const { caught } = await node.send({ payload: recording() });
  return caught?.error;
}

test("the key may come from the environment by name", async (t) => {
  withEnvironment(t, "ROBOFLOW_TEST_KEY", knownKey);
  const emulator = await emulatorFor(t);
  const node = await runNode(
    t,
    { type: "roboflow-video-upload" },
    { account: { baseUrl: emulator.url }, apiKey: variable("ROBOFLOW_TEST_KEY") },
  );
  assert.equal(await uploads(node), undefined);
});

test("an empty key means ROBOFLOW_API_KEY", async (t) => {
  withEnvironment(t, "ROBOFLOW_API_KEY", ` ${knownKey}\n`);
  const emulator = await emulatorFor(t);
  const node = await runNode(t, { type: "roboflow-video-upload" }, { account: { baseUrl: emulator.url } });
  assert.equal(await uploads(node), undefined);
});

test("a typed key wins over ROBOFLOW_API_KEY, and blanks around it do no harm", async (t) => {
  withEnvironment(t, "ROBOFLOW_API_KEY", "another-key");
  const emulator = await emulatorFor(t);
  const node = await runNode(
    t,
    { type: "roboflow-video-upload" },
    { account: { baseUrl: emulator.url }, apiKey: ` ${knownKey} ` },
  );
  assert.equal(await uploads(node), undefined);
});

test("slashes at the end of the address do no harm, and a path before the API's is kept", async (t) => {
  const server = await serve(t, (_, response) => response.writeHead(404).end());
  const node = await runNode(
    t,
    { type: "roboflow-video-upload" },
    { account: { baseUrl: `${server.url}/gateway//` }, apiKey: knownKey },
  );
  await node.send({ payload: recording() });
  assert.match(server.seen[0]?.url ?? "", /^\/gateway\/video_upload_signed_url\/\?api_key=/);
});

const badAddresses = [
  "api.roboflow.com",
  "ftp://api.roboflow.com",
  "https://user:pass@api.roboflow.com",
  "https://api.roboflow.com/?api_key=other-secret",
  "https://api.roboflow.com/#x",
];

for (const baseUrl of badAddresses) {
  test(`the address ${baseUrl} is CONFIG`, async (t) => {
    const node = await runNode(
      t,
      { type: "roboflow-video-upload" },
      { account: { baseUrl }, apiKey: knownKey },
    );
    const delivery = await node.send({ payload: recording() });
    assertFailure(delivery, "CONFIG", /is not a plain http or https URL/);
    assert.doesNotMatch(delivery.caught?.error.message, /pass@|other-secret/);
  });
}

test("an unencrypted way to another machine is warned of; the way to this one is not", async (t) => {
  const warned = async (t: TestContext, baseUrl: string) => {
    const node = await runNode(
      t,
      { type: "roboflow-video-upload" },
      { account: { baseUrl }, apiKey: knownKey },
    );
    return node.logs().some((line) => line.includes("The API key is sent unencrypted"));
  };
  for (const [baseUrl, expected] of [
    ["http://roboflow.lan:9001", true],
    ["http://127.0.0.1:9001", false],
    ["http://localhost:9001", false],
    ["http://[::1]:9001", false],
    ["https://api.roboflow.com", false],
  ] as const)
    await t.test(baseUrl, async (t) => assert.equal(await warned(t, baseUrl), expected));
});

test("a redirect is REJECTED, and the key goes nowhere else", async (t) => {
  const elsewhere = await serve(t, (_, response) => response.end("{}"));
  for (const [type, properties, msg] of asking) {
    await t.test(type, async (t) => {
      const emulator = await emulatorFor(t);
      emulator.fault({ kind: "any", do: "redirect", location: `${elsewhere.url}/login`, count: 0 });
      const node = await runNode(
        t,
        { type, ...properties },
        { account: { baseUrl: emulator.url }, apiKey: knownKey },
      );
      assertFailure(
        await node.send({ ...msg }),
        "REJECTED",
        /answered with a redirect, which is not followed/,
        302,
      );
    });
  }
  assert.equal(elsewhere.seen.length, 0);
});

test("a dialog whose server does not answer is told so after 20 seconds", async (t) => {
  const silent = await serve(t, () => {});
  const node = await runNode(
    t,
    { type: "roboflow-video-poll" },
    { account: { baseUrl: silent.url }, apiKey: knownKey },
  );
  // Its 20 seconds pass in a fifth of one here.
  const waited: number[] = [];
  t.mock.method(AbortSignal, "timeout", (delay: number) => {
    waited.push(delay);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), delay / 100);
    return controller.signal;
  });
  const account = { account: node.accountId, apiKey: "", baseUrl: silent.url };
  const answers = [
    await node.dialog("/roboflow-video/account/test", account),
    await node.dialog(`/roboflow-video/account/${node.accountId}/models`, {}),
  ];
  for (const { body } of answers) {
    assert.equal(body.code, "TIMEOUT");
    assert.match(body.message, /did not respond in time\. Check the server URL and the network/);
  }
  assert.deepEqual(waited, [20_000, 20_000]);
});
