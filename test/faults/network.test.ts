import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import path from "node:path";
import { describe, type TestContext, test } from "node:test";
import { type Emulator, startEmulator } from "../../emulator/emulator";
import { Network, type NetworkOptions, RoboflowClient, saveTo, VideoError } from "../../nodes/roboflow";
import { environmentProxy } from "../../nodes/roboflow/http/proxy";
import { getResult } from "../../nodes/roboflow/result/fetch";
import { videoBuffer } from "../../nodes/roboflow/upload/video";
import { unhurried } from "../support/client-of";
import { recording } from "../support/recordings";
import { apiKey, login, NetworkStage } from "./network-stage";

const auth = { username: login.user, password: login.password };
const stage = new NetworkStage();

const ours = (): NonNullable<NetworkOptions["tls"]> => ({
  ca: stage.certificates.ca,
  ...stage.certificates.client,
});
const throughProxy = (): NonNullable<NetworkOptions["proxyFor"]> => {
  const { host, port } = stage.proxy;
  return () => ({ protocol: "http:", host, port, auth });
};

function clientOf(t: TestContext, url: string, options: NetworkOptions): RoboflowClient {
  const network = new Network({ timings: { silence: 2000, idle: 2000 }, ...options });
  t.after(() => network.close());
  return new RoboflowClient(url, apiKey, network);
}

/** Every kind of request once: upload, start, poll, result. @returns the result's text */
async function wholeWay(client: RoboflowClient): Promise<string> {
  const hooks = { signal: unhurried };
  const inputUrl = await client.upload(
    "yard.mp4",
    videoBuffer(recording("mp4", 2_000_000), "yard.mp4"),
    hooks,
  );
  const models = [{ model_id: "yard-motion", model_version: "1", inference_type: "object-detection" }];
  const jobId = await client.startJob({ input_url: inputUrl, infer_fps: 5, models } as never, {
    signal: unhurried,
    answerSignal: unhurried,
    intend: async () => {},
    withdraw: () => {},
  });
  for (;;) {
    const { outputUrl } = await client.jobStatus(jobId, hooks);
    if (!outputUrl) continue;
    const file = path.join(stage.folder, `${jobId}.json`);
    await getResult(client.network, outputUrl, hooks, (incoming) => saveTo(file, incoming, () => {}));
    return readFileSync(file, "utf8");
  }
}

async function failure(promise: Promise<unknown>): Promise<VideoError> {
  const error = await promise.then(
    () => assert.fail("this should have failed"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof VideoError, String(error));
  return error;
}

const upload = (client: RoboflowClient) => client.createUploadUrl("yard.mp4", { signal: unhurried });
/** The kinds of the requests that arrived; a job may have been polled several times. */
const kinds = ({ ledger }: Emulator) => [...new Set(ledger.requests.map(({ kind }) => kind))];
const everyKind = ["signed-url", "put", "start", "status", "result"];

describe("a server with a private authority that wants a client certificate:", () => {
  test("every request gets through with both, and nothing global is touched", async (t) => {
    const globals = () => [
      http.globalAgent,
      https.globalAgent,
      https.globalAgent.options,
      http.request,
      https.request,
    ];
    const before = globals();
    const optionsBefore = JSON.stringify(https.globalAgent.options);
    const text = await wholeWay(clientOf(t, stage.secure.url, { tls: ours() }));
    assert.ok(Array.isArray(JSON.parse(text).frame_offset));
    assert.deepEqual(kinds(stage.secure), everyKind);
    assert.ok(globals().every((one, at) => one === before[at]));
    assert.equal(JSON.stringify(https.globalAgent.options), optionsBefore);
    await assert.rejects(
      fetch(`${stage.secure.url}/?api_key=${apiKey}`),
      "others do not trust that authority now",
    );
  });

  test("without the authority, or without the certificate, no request arrives", async (t) => {
    const { ca, client } = stage.certificates;
    for (const tls of [{}, client, { ca }, { ca, ...stage.certificates.selfSigned }]) {
      const error = await failure(upload(clientOf(t, stage.secure.url, { tls })));
      assert.equal(error.code, "NETWORK");
      assert.ok(error.cause?.code, "the cause is named");
    }
    assert.deepEqual(kinds(stage.secure), []);
  });

  test("a certificate that is made for another name is refused", async (t) => {
    const other = await startEmulator({ apiKey, tls: stage.certificates.elsewhere });
    t.after(() => other.close());
    const error = await failure(upload(clientOf(t, other.url, { tls: ours() })));
    assert.deepEqual([error.code, error.cause?.code], ["NETWORK", "ERR_TLS_CERT_ALTNAME_INVALID"]);
  });
});

describe("a proxy with a password:", () => {
  test("plain http is forwarded, every request", async (t) => {
    await wholeWay(clientOf(t, stage.plain.url, { proxyFor: throughProxy() }));
    assert.deepEqual(kinds(stage.plain), everyKind);
    assert.equal(stage.proxy.seen.length, stage.plain.ledger.requests.length);
    assert.ok(stage.proxy.seen.every((seen) => seen.includes(` ${stage.plain.url}/`)));
  });

  test("https goes through a tunnel, every request; the proxy reads neither key nor signature", async (t) => {
    const text = await wholeWay(clientOf(t, stage.secure.url, { tls: ours(), proxyFor: throughProxy() }));
    assert.ok(Array.isArray(JSON.parse(text).frame_offset));
    assert.deepEqual(kinds(stage.secure), everyKind);
    const target = new URL(stage.secure.url).host;
    assert.ok(
      stage.proxy.seen.every((seen) => seen === `CONNECT ${target}`),
      stage.proxy.seen.join(),
    );
    const read = stage.proxy.read();
    assert.ok(read.length > 2_000_000, "all of it came this way");
    for (const secret of [apiKey, "X-Goog-Signature", "api_key", "videoinfer"])
      assert.ok(!read.includes(secret), secret);
  });

  test("calls share a tunnel, a start has one of its own", async (t) => {
    const client = clientOf(t, stage.secure.url, { tls: ours(), proxyFor: throughProxy() });
    await upload(client);
    await upload(client);
    assert.equal(stage.proxy.seen.length, 1);
    await client
      .startJob({ input_url: "https://cameras.example/a.mp4", infer_fps: 5, models: [] } as never, {
        signal: unhurried,
        answerSignal: unhurried,
        intend: async () => {},
        withdraw: () => {},
      })
      .catch(() => {});
    assert.equal(stage.proxy.seen.length, 2);
    const [one, two, start] = stage.secure.ledger.requests.map(({ connection }) => connection);
    assert.equal(one, two);
    assert.notEqual(one, start);
  });

  for (const [scheme, server] of [
    ["http", () => stage.plain],
    ["https", () => stage.secure],
  ] as const)
    test(`a wrong password is said clearly, once, and not shown (${scheme})`, async (t) => {
      const wrong = { username: login.user, password: "wr0ng-passw0rd" };
      const { host, port } = stage.proxy;
      const proxyFor = () => ({ host, port, auth: wrong });
      const error = await failure(upload(clientOf(t, server().url, { tls: ours(), proxyFor })));
      assert.deepEqual([error.code, error.reason, error.statusCode], ["REJECTED", "proxyPassword", 407]);
      assert.doesNotMatch(JSON.stringify(error) + error.stack, /wr0ng|guard|d3JvbmctcGFzc3cwcmQ/);
      assert.equal(stage.proxy.seen.length, 1, "a wrong password does not get better");
      assert.deepEqual(kinds(server()), []);
    });

  test("no connection to the proxy outlives its account", async (t) => {
    const client = clientOf(t, stage.secure.url, { tls: ours(), proxyFor: throughProxy() });
    await upload(client);
    assert.equal(stage.proxy.open(), 1);
    client.network.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(stage.proxy.open(), 0);
  });
});

describe("the proxy that the environment names:", () => {
  test("http_proxy and https_proxy, with the signs of a password encoded", async (t) => {
    process.env.http_proxy = stage.proxy.url;
    process.env.https_proxy = stage.proxy.url;
    await wholeWay(clientOf(t, stage.plain.url, {}));
    assert.equal(stage.proxy.seen.length, stage.plain.ledger.requests.length);
    stage.proxy.seen.length = 0;
    await wholeWay(clientOf(t, stage.secure.url, { tls: ours() }));
    assert.ok(stage.proxy.seen.length > 0 && stage.proxy.seen.every((seen) => seen.startsWith("CONNECT ")));
    assert.deepEqual(kinds(stage.secure), everyKind);
  });

  test("no_proxy names the servers that are near", async (t) => {
    process.env.http_proxy = stage.proxy.url;
    process.env.no_proxy = "example.com, 127.0.0.1";
    await upload(clientOf(t, stage.plain.url, {}));
    assert.deepEqual(stage.proxy.seen, []);
    assert.deepEqual(kinds(stage.plain), ["signed-url"]);
  });

  test("an account with a proxy of its own does not look there", async (t) => {
    process.env.http_proxy = "http://127.0.0.1:9";
    await upload(clientOf(t, stage.plain.url, { proxyFor: throughProxy() }));
    assert.equal(stage.proxy.seen.length, 1);
    await upload(clientOf(t, stage.plain.url, { proxyFor: () => false }));
    assert.equal(stage.proxy.seen.length, 1);
  });

  test("the variables are read as curl reads them", () => {
    const chosen = (url: string, environment: Record<string, string>) => {
      const found = environmentProxy(new URL(url), environment);
      return (
        found &&
        `${found.protocol}//${found.auth ? `${found.auth.username}@` : ""}${found.host}:${found.port}`
      );
    };
    const here = { https_proxy: "proxy.local:3128" };
    const api = "https://api.roboflow.com/x";
    assert.equal(chosen(api, here), "http://proxy.local:3128");
    assert.equal(chosen("http://api.roboflow.com/x", here), false);
    assert.equal(chosen(api, { HTTPS_PROXY: "https://a%40b:c@proxy.local" }), "https://a@b@proxy.local:443");
    assert.equal(chosen(api, { all_proxy: "http://[::1]:8080" }), "http://[::1]:8080");
    for (const [unusable, reason] of [
      ["not an address at all:x", "proxyAddress"],
      ["ftp://proxy.local", "proxyAddress"],
      ["socks5://proxy.local:1080", "proxySocks"],
      ["socks5h://user:word@proxy.local", "proxySocks"],
    ] as const)
      assert.throws(() => chosen(api, { all_proxy: unusable }), { code: "CONFIG", reason }, unusable);
    assert.equal(chosen(api, { all_proxy: "socks5://x", no_proxy: "roboflow.com" }), false);
    assert.equal(chosen(api, {}), false);
    for (const [entries, isExcepted] of [
      ["*", true],
      ["roboflow.com", true],
      [".roboflow.com", true],
      ["*.roboflow.com", true],
      ["other.com,api.roboflow.com:443", true],
      ["other.com API.ROBOFLOW.COM", true],
      ["api.roboflow.com:8443", false],
      ["boflow.com", false],
      ["", false],
    ] as const)
      assert.equal(chosen(api, { ...here, no_proxy: entries }) === false, isExcepted, entries);
    for (const entry of ["::1", "[::1]", "[::1]:443"])
      assert.equal(chosen("https://[::1]/", { ...here, NO_PROXY: entry }), false, entry);
  });
});
