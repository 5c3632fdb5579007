import assert from "node:assert/strict";
import path from "node:path";
import { describe, type TestContext, test } from "node:test";
import { apiKey, login, NetworkStage } from "./network-stage";
import { throughNode } from "./one-node";

const stage = new NetworkStage();

describe("the account's own TLS and proxy, as core's config nodes hold them:", () => {
  const core = "@node-red/nodes/core/network";
  const nodeRed = { paths: [path.dirname(require.resolve("node-red"))] };
  const coreNode = (name: string) => require(require.resolve(`${core}/${name}`, nodeRed));
  const models = [{ modelId: "yard-motion", modelVersion: "1", inferenceType: "object-detection" }];

  function startThrough(
    t: TestContext,
    password: string,
    url = `http://127.0.0.1:${stage.proxy.port}`,
    noproxy: string[] = [],
  ) {
    const { ca, client } = stage.certificates;
    return throughNode(t, {
      type: "start",
      apiKey,
      userDir: stage.folder,
      account: { baseUrl: stage.secure.url, tls: "tls", proxy: "proxy" },
      properties: { models },
      msg: { payload: "https://cameras.example/yard.mp4" },
      more: {
        makers: [coreNode("05-tls.js"), coreNode("06-httpproxy.js")],
        nodes: [
          { id: "tls", type: "tls-config", cert: "", key: "", ca: "", verifyservercert: true },
          { id: "proxy", type: "http proxy", url, noproxy },
        ],
        credentials: {
          tls: { certdata: client.cert, keydata: client.key, cadata: ca },
          proxy: { username: login.user, password },
        },
      },
    });
  }

  test("a job is started through both", async (t) => {
    const { sent, caught } = await startThrough(t, login.password);
    assert.deepEqual(caught, []);
    assert.equal(sent[0]?.payload, stage.secure.ledger.jobs[0]?.jobId);
    assert.deepEqual(stage.proxy.seen, [`CONNECT ${new URL(stage.secure.url).host}`]);
  });

  test("a server that the proxy's settings except is reached without it", async (t) => {
    const { sent } = await startThrough(t, login.password, undefined, ["other.example", " 127.0.0.1 "]);
    assert.equal(sent.length, 1);
    assert.deepEqual(stage.proxy.seen, []);
  });

  test("a wrong proxy password reaches Catch in clear words, without the password", async (t) => {
    const { caught, shown } = await startThrough(t, "wr0ng-passw0rd");
    const { error, statusCode } = caught[0] ?? {};
    assert.deepEqual([error.code, statusCode], ["REJECTED", 407]);
    assert.match(error.message, /proxy rejected the user name or password/);
    assert.doesNotMatch(JSON.stringify(error) + shown, /wr0ng/);
  });

  for (const url of [
    "http://user:pa ss@nowhere:99999",
    "socks5://user:pa55word@127.0.0.1:1080",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as Node-RED's users write it
    "http://${PROXY}",
    "%",
  ])
    test(`an address that is none of a proxy is CONFIG, and is not shown: ${url}`, async (t) => {
      const { caught, shown } = await startThrough(t, login.password, url);
      assert.equal(caught[0]?.error.code, "CONFIG");
      assert.match(caught[0]?.error.message, url.startsWith("socks") ? /SOCKS proxy/ : /proxy's URL/);
      assert.doesNotMatch(JSON.stringify(caught[0]?.error) + shown, /pa ss|pa55word|user:/);
      assert.deepEqual(stage.proxy.seen, []);
    });

  test("what stands in the address counts where the settings leave it open; signs of a password are decoded", async (t) => {
    const { user, password } = login;
    const url = `127.0.0.1:${stage.proxy.port}`;
    const address = `http://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${url}`;
    const { sent, caught } = await startThrough(t, "", address);
    assert.deepEqual(caught, []);
    assert.equal(sent.length, 1);
  });
});
