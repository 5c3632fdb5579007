import assert from "node:assert/strict";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { emulatorFor, knownKey } from "../support/client-of";
import { withEnvironment } from "../support/environment";
import { assertFailure, type NodeUnderTest, runNode } from "../support/helper";
import type { Msg } from "../support/messages";
import { recording, temporaryFolder, writeTo } from "../support/recordings";

const core = (file: string): ((RED: unknown) => void) => require(`@node-red/nodes/core/network/${file}`);
const types = [core("05-tls.js"), core("06-httpproxy.js")];

const models = [
  { modelId: "people/3", modelVersion: "", inferenceType: "", confidence: "", inferenceParams: "" },
];
const link = "http://127.0.0.1:1/result.json";
/** What makes each node turn to its account. */
const asking: [type: string, properties: Record<string, unknown>, msg: Msg][] = [
  ["roboflow-video-upload", {}, { payload: recording() }],
  ["roboflow-video-start", { models }, { payload: "https://cams.example/a.mp4" }],
  ["roboflow-video-poll", { interval: 0.1 }, { payload: "job-1" }],
  ["roboflow-video-download", {}, { payload: { output_signed_url: link } }],
];

const tlsNode = { id: "tls", type: "tls-config", cert: "", key: "", ca: "", verifyservercert: true };
const proxyNode = { id: "proxy", type: "http proxy", url: "http://127.0.0.1:1", noproxy: [] };

/** Ways in which an account's TLS configuration or proxy is not what was chosen. */
const ways: [
  name: string,
  account: Msg,
  beside: (t: TestContext) => ({ id: string; type: string } & Msg)[],
  words: RegExp,
  status: string,
][] = [
  [
    "a TLS configuration that was deleted",
    { tls: "tls" },
    () => [],
    /TLS configuration was deleted or disabled/,
    "TLS config missing",
  ],
  [
    "one that is disabled",
    { tls: "tls" },
    () => [{ ...tlsNode, d: true }],
    /TLS configuration was deleted/,
    "TLS config missing",
  ],
  [
    "a node of another type in its place",
    { tls: "proxy" },
    () => [proxyNode],
    /TLS configuration was deleted/,
    "TLS config missing",
  ],
  [
    "one whose files cannot be read",
    { tls: "tls" },
    () => [{ ...tlsNode, ca: "/nowhere/ca.pem" }],
    /TLS configuration cannot be used.*missing, unreadable or invalid/,
    "invalid TLS config",
  ],
  [
    "one with a certificate but no key",
    { tls: "tls" },
    (t) => [{ ...tlsNode, cert: writeTo(temporaryFolder(t), "client.pem", Buffer.from("x")) }],
    /TLS configuration cannot be used/,
    "invalid TLS config",
  ],
  [
    "one whose files are no certificates",
    { tls: "tls" },
    (t) => {
      const file = writeTo(temporaryFolder(t), "client.pem", Buffer.from("not a certificate"));
      return [{ ...tlsNode, cert: file, key: file }];
    },
    /TLS configuration cannot be used/,
    "invalid TLS config",
  ],
  [
    "a proxy that was deleted",
    { proxy: "proxy" },
    () => [],
    /proxy was deleted or disabled/,
    "proxy missing",
  ],
  [
    "a disabled proxy",
    { proxy: "proxy" },
    () => [{ ...proxyNode, d: true }],
    /proxy was deleted or disabled/,
    "proxy missing",
  ],
  [
    "a node of another type as the proxy",
    { proxy: "tls" },
    () => [tlsNode],
    /proxy was deleted or disabled/,
    "proxy missing",
  ],
  [
    "a proxy without an address",
    { proxy: "proxy" },
    () => [{ ...proxyNode, url: "" }],
    /proxy's URL/,
    "invalid proxy",
  ],
];

function assertSaidAtDeploy(node: NodeUnderTest, words: RegExp, text: string): void {
  assert.ok(
    node.logs().some((line) => words.test(line)),
    node.logs().join("\n"),
  );
  assert.deepEqual(node.statuses().at(-1), { fill: "red", shape: "ring", text });
}

for (const [type, properties, msg] of asking)
  for (const [name, account, beside, words, status] of ways)
    test(`${type}: with ${name}, nothing is sent`, async (t) => {
      const emulator = await emulatorFor(t);
      const more = beside(t);
      const node = await runNode(
        t,
        { type, ...properties },
        { account: { baseUrl: emulator.url, ...account }, apiKey: knownKey, beside: () => more, types },
      );
      assertSaidAtDeploy(node, words, status);
      assertFailure(await node.send({ ...msg }), "CONFIG", words);
      assert.deepEqual(emulator.ledger.requests, []);
    });

for (const [type, properties, msg] of asking)
  for (const [address, words] of [
    ["socks5://127.0.0.1:1080", /SOCKS proxy, which is not supported/],
    ["not an address at all:x", /proxy's URL is not an http or https URL/],
  ] as const)
    test(`${type}: with the proxy ${address} in the environment, nothing is sent`, async (t) => {
      withEnvironment(t, "all_proxy", address);
      withEnvironment(t, "no_proxy", undefined);
      const emulator = await emulatorFor(t);
      const node = await runNode(
        t,
        { type, ...properties },
        { account: { baseUrl: emulator.url }, apiKey: knownKey },
      );
      assertSaidAtDeploy(node, words, "invalid proxy");
      assertFailure(await node.send({ ...msg }), "CONFIG", words);
      assert.deepEqual(emulator.ledger.requests, []);
    });

test("a TLS configuration and a proxy that come back are used again", async (t) => {
  const emulator = await emulatorFor(t);
  let more: ({ id: string; type: string } & Msg)[] = [];
  const node = await runNode(
    t,
    // Without the journal, which would raise the first failure again after the deploy.
    { type: "roboflow-video-upload", resume: false },
    {
      account: { baseUrl: emulator.url, proxy: "proxy" },
      apiKey: knownKey,
      beside: () => more,
      types,
    },
  );
  assertFailure(await node.send({ payload: recording() }), "CONFIG", /proxy was deleted/);
  more = [{ ...proxyNode, noproxy: ["127.0.0.1"] }];
  await node.redeploy();
  assert.equal((await node.send({ payload: recording() })).caught, undefined);
});

test("a result is fetched through no other way than the account's", async (t) => {
  const emulator = await emulatorFor(t);
  const file = path.join(temporaryFolder(t), "result.json");
  const node = await runNode(
    t,
    { type: "roboflow-video-download", output: "file", filename: file, account: "deleted" },
    { account: { baseUrl: emulator.url }, apiKey: knownKey },
  );
  const { caught } = await node.send({ payload: { output_signed_url: `${emulator.url}/x` } });
  assert.equal(caught?.error.code, "CONFIG");
  assert.deepEqual(emulator.ledger.requests, []);
});
