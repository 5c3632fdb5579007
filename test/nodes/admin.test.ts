import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { requestHeader } from "../../nodes/runtime/request-header";
import { emulatorFor, knownKey } from "../support/client-of";
import { withEnvironment } from "../support/environment";
import { startProxy } from "../support/forwarding-proxy";
import { type FlowOptions, type NodeUnderTest, runNode } from "../support/helper";
import { answerJson, serve } from "../support/local-server";
import type { Msg } from "../support/messages";

/** What only the machine knows, in a variable that a page would like to read. */
const secret = "AKIAsecretOfThisMachine7";
const variable = (name: string) => `\${${name}}`;

/** A poll node with an account, and a server of somebody who writes down what comes. */
async function stage(t: TestContext, options: FlowOptions = {}) {
  withEnvironment(t, "MACHINE_SECRET", secret);
  withEnvironment(t, "ROBOFLOW_API_KEY", undefined);
  const roboflow = await emulatorFor(t);
  const somebody = await serve(t, (_, response) => answerJson(response, { workspace: "elsewhere" }));
  const node = await runNode(
    t,
    { type: "roboflow-video-poll", interval: 0.1 },
    { account: { baseUrl: roboflow.url }, apiKey: knownKey, ...options },
  );
  return { node, roboflow, somebody };
}

/** Every endpoint that uses a key or changes something, with a body that it takes. */
const endpoints: [name: string, path: (node: NodeUnderTest) => string, body: (node: NodeUnderTest) => Msg][] =
  [
    [
      "account/test",
      () => "/roboflow-video/account/test",
      ({ accountId }) => ({ account: accountId, apiKey: "" }),
    ],
    ["account/models", ({ accountId }) => `/roboflow-video/account/${accountId}/models`, () => ({ a: "1" })],
    ["poll/forget", ({ id }) => `/roboflow-video/poll/${id}/forget`, () => ({ entry: "none" })],
  ];

for (const [name, path, body] of endpoints) {
  test(`${name} takes what a dialog sends`, async (t) => {
    const { node } = await stage(t);
    await node.dialog(path(node), body(node)).expect((answer: Msg) => assert.ok(answer.status < 300));
  });

  for (const type of ["form", "text/plain", "multipart/form-data", "application/octet-stream"])
    test(`${name} does not take ${type}, which a form of any page could send`, async (t) => {
      const { node, roboflow } = await stage(t);
      const request = node.admin().post(path(node)).set(requestHeader, "XMLHttpRequest").type(type);
      await request.send(type === "form" ? body(node) : JSON.stringify(body(node))).expect(415);
      assert.deepEqual(roboflow.ledger.requests, []);
    });

  test(`${name} does not take a request without the header that no form can set`, async (t) => {
    const { node, roboflow } = await stage(t);
    const answer = await node.admin().post(path(node)).send(body(node)).expect(403);
    assert.equal(answer.body.ok, false);
    assert.deepEqual(roboflow.ledger.requests, []);
  });

  test(`${name} does not take a request without a body`, async (t) => {
    const { node } = await stage(t);
    await node.admin().post(path(node)).set(requestHeader, "XMLHttpRequest").expect(415);
  });
}

const origins: [headers: Record<string, string>, status: number][] = [
  [{ Origin: "http://elsewhere.example" }, 403],
  [{ Origin: "null" }, 403],
  [{ Origin: "http://elsewhere.example", "X-Forwarded-Host": "elsewhere.example" }, 403],
  [{ Origin: "http://elsewhere.example", "Sec-Fetch-Site": "cross-site" }, 403],
  [{ "Sec-Fetch-Site": "same-site" }, 403],
  [{ Host: "Gateway.lan:1880", Origin: "http://gateway.lan:1880" }, 200],
  // Behind a reverse proxy that puts another Host in its place, the browser's word counts.
  [{ Host: "127.0.0.1:1880", Origin: "https://gateway.example", "Sec-Fetch-Site": "same-origin" }, 200],
  [{}, 200],
];
for (const [headers, status] of origins)
  test(`a request with ${JSON.stringify(headers)} is answered with ${status}`, async (t) => {
    const { node, roboflow } = await stage(t);
    const account = { account: node.accountId, apiKey: "" };
    await node.dialog("/roboflow-video/account/test", account).set(headers).expect(status);
    await node.admin().get(`/roboflow-video/poll/${node.id}/jobs`).set(headers).expect(status);
    assert.equal(roboflow.ledger.requests.length > 0, status === 200);
  });

test("a body that is no object asks for nothing", async (t) => {
  const { node } = await stage(t);
  for (const body of [[], ["x"]])
    for (const [, path] of endpoints)
      await node.dialog(path(node), body).expect((answer: Msg) => assert.ok(answer.status < 500));
});

/** The two endpoints that ask the API as an account in a dialog. */
const asking: [name: string, path: (account: string) => string][] = [
  ["account/test", () => "/roboflow-video/account/test"],
  ["account/models", (account) => `/roboflow-video/account/${account || "undeployed"}/models`],
];

for (const [name, path] of asking) {
  const fields: [field: string, edited: (somebody: string, roboflow: string) => Msg, words: RegExp][] = [
    [
      "apiKey",
      (somebody) => ({ baseUrl: somebody, apiKey: variable("MACHINE_SECRET") }),
      /Click Deploy first/,
    ],
    [
      "apiKey, in the old spelling",
      (somebody) => ({ baseUrl: somebody, apiKey: "$(MACHINE_SECRET)" }),
      /Deploy/,
    ],
    ["baseUrl", () => ({ baseUrl: variable("MACHINE_SECRET"), apiKey: "typed-key" }), /Click Deploy first/],
    [
      "baseUrl, inside",
      (somebody) => ({ baseUrl: `${somebody}/${variable("MACHINE_SECRET")}`, apiKey: "typed-key" }),
      /./,
    ],
    [
      "tls",
      (somebody) => ({ baseUrl: somebody, apiKey: "typed-key", tls: variable("MACHINE_SECRET") }),
      /TLS configuration was deleted/,
    ],
    [
      "proxy",
      (somebody) => ({ baseUrl: somebody, apiKey: "typed-key", proxy: variable("MACHINE_SECRET") }),
      /proxy was deleted/,
    ],
    [
      "account",
      (somebody) => ({ baseUrl: somebody, apiKey: "", account: variable("ACCOUNT_OF_THIS_MACHINE") }),
      /The account has no API key/,
    ],
  ];
  for (const [field, edited, words] of fields)
    test(`${name}: a \${NAME} typed as ${field} is taken literally, and its value goes nowhere`, async (t) => {
      const { node, roboflow, somebody } = await stage(t);
      withEnvironment(t, "ACCOUNT_OF_THIS_MACHINE", node.accountId);
      const body = { account: "", ...edited(somebody.url, roboflow.url) };
      const { text } = await node.dialog(path(body.account), body);
      assert.match(text, words);
      const sent = JSON.stringify(somebody.seen) + JSON.stringify(roboflow.ledger.requests);
      for (const seen of [text, sent, ...node.logs()])
        for (const value of [secret, knownKey, encodeURIComponent(knownKey)])
          assert.ok(!seen.includes(value), seen);
    });

  test(`${name}: a stored key goes the deployed way, not one typed beside it`, async (t) => {
    const { node, roboflow, somebody } = await stage(t);
    const account = node.accountId;
    for (const change of [{ baseUrl: somebody.url }, { proxy: "another" }, { tls: "another" }]) {
      const body = { account, apiKey: "", baseUrl: roboflow.url, ...change };
      const { body: answer } = await node.dialog(path(account), body);
      assert.equal(answer.code, "CONFIG");
      assert.match(answer.message, /only sent to the server it was deployed with/);
    }
    assert.deepEqual([somebody.seen, roboflow.ledger.requests], [[], []]);
    const asDeployed = { account, apiKey: "", baseUrl: `${roboflow.url}/`, tls: "", proxy: "" };
    assert.equal((await node.dialog(path(account), asDeployed)).body.ok, true);
  });

  test(`${name}: a key that was typed works before the first deploy`, async (t) => {
    const { node, roboflow } = await stage(t);
    const { body } = await node.dialog(path(""), { account: "", apiKey: knownKey, baseUrl: roboflow.url });
    assert.equal(body.ok, true);
  });

  test(`${name}: an address that was deployed as \${NAME} is used, and its value is not shown`, async (t) => {
    const deployed = variable("YARD_ADDRESS");
    const gone = "http://127.0.0.1:1";
    withEnvironment(t, "YARD_ADDRESS", gone);
    const { node, roboflow } = await stage(t, { account: { baseUrl: deployed } });
    const account = node.accountId;
    for (const apiKey of ["", "typed-key"]) {
      const { body, text } = await node.dialog(path(account), { account, apiKey, baseUrl: deployed });
      assert.equal(body.code, "NETWORK");
      assert.ok(!text.includes("127.0.0.1"), text);
    }
    process.env.YARD_ADDRESS = roboflow.url;
    await node.redeploy();
    const { body } = await node.dialog(path(account), { account, apiKey: "", baseUrl: deployed });
    assert.equal(body.ok, true);
  });

  test(`${name}: a deployed \${NAME} that is no address does not show what it is`, async (t) => {
    const deployed = variable("MACHINE_SECRET");
    const { node } = await stage(t, { account: { baseUrl: deployed } });
    const account = node.accountId;
    const { body, text } = await node.dialog(path(account), { account, apiKey: "", baseUrl: deployed });
    assert.equal(body.code, "CONFIG");
    assert.ok(!text.includes(secret), text);
  });

  test(`${name}: ROBOFLOW_API_KEY goes where an account with an empty key was deployed to`, async (t) => {
    const { node, roboflow, somebody } = await stage(t, { apiKey: undefined });
    withEnvironment(t, "ROBOFLOW_API_KEY", knownKey);
    await node.redeploy();
    const account = node.accountId;
    const typedBeside = { account, apiKey: "", baseUrl: somebody.url };
    assert.equal((await node.dialog(path(account), typedBeside)).body.code, "CONFIG");
    assert.deepEqual(somebody.seen, []);
    const asDeployed = { account, apiKey: "", baseUrl: roboflow.url };
    assert.equal((await node.dialog(path(account), asDeployed)).body.ok, true);
  });

  test(`${name}: ROBOFLOW_API_KEY of an account that is not deployed goes to Roboflow, and to no address typed`, async (t) => {
    const { node, somebody } = await stage(t);
    const proxy = await startProxy({ instead: { status: 403 } });
    t.after(() => proxy.close());
    withEnvironment(t, "ROBOFLOW_API_KEY", knownKey);
    withEnvironment(t, "https_proxy", proxy.url);
    const typed = await node.dialog(path(""), { account: "", apiKey: "", baseUrl: somebody.url });
    assert.match(typed.body.message, /only sent to the server it was deployed with/);
    assert.deepEqual([somebody.seen, proxy.seen], [[], []]);
    const { body } = await node.dialog(path(""), {
      account: "",
      apiKey: "",
      baseUrl: "https://api.roboflow.com",
    });
    assert.equal(body.code, "NETWORK");
    assert.deepEqual(new Set(proxy.seen), new Set(["CONNECT api.roboflow.com:443"]));
  });
}
