import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { retries } from "../../nodes/roboflow/http/retry";
import { type Certificates, makeCertificates } from "../support/certificates";
import { startProxy } from "../support/forwarding-proxy";
import { clientOf, listening, peer, portOf, readyToConnect, sleepingServer, start } from "./connections";

const tries = retries.start.tries;
let folder: string;
let certificates: Certificates;

before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "roboflow-connection-"));
  certificates = makeCertificates(folder);
  await readyToConnect();
});
after(() => rmSync(folder, { recursive: true, force: true }));

describe("a start is sent again when its connection was never made:", () => {
  test("the server's certificate is not trusted", async (t) => {
    let requests = 0;
    const server = createHttpsServer(certificates.selfSigned, (_, response) => {
      requests += 1;
      response.end();
    });
    let handshakes = 0;
    server.on("connection", () => {
      handshakes += 1;
    });
    await listening(t, server);
    const { outcome, tried, error } = await start(clientOf(t, `https://127.0.0.1:${portOf(server)}`));
    assert.deepEqual([outcome, tried, handshakes, requests], ["NETWORK", tries, tries, 0]);
    assert.equal(error?.cause?.code, "DEPTH_ZERO_SELF_SIGNED_CERT");
  });

  for (const version of ["TLSv1.2", "TLSv1.3"] as const)
    test(`the server wants a client certificate that is not there (${version})`, async (t) => {
      let requests = 0;
      const { server: identity, ca } = certificates;
      const options = { ...identity, ca, requestCert: true, minVersion: version, maxVersion: version };
      const server = createHttpsServer(options, (_, response) => {
        requests += 1;
        response.end();
      });
      await listening(t, server);
      const client = clientOf(t, `https://127.0.0.1:${portOf(server)}`, { tls: { ca } });
      const { outcome, tried, error } = await start(client);
      assert.deepEqual([outcome, tried, requests], ["NETWORK", tries, 0], JSON.stringify(error?.cause));
    });

  test("the proxy cannot reach the server, or does not want to", async (t) => {
    const proxy = await startProxy();
    t.after(() => proxy.close());
    for (const status of [403, 502, 503, 504]) {
      proxy.options.instead = { status };
      proxy.seen.length = 0;
      const { outcome, tried, error } = await start(
        clientOf(t, "https://127.0.0.1:9", { proxyFor: () => proxy }),
      );
      assert.deepEqual([outcome, tried, proxy.seen.length], ["NETWORK", tries, tries]);
      assert.match(error?.cause?.message ?? "", new RegExp(`HTTP ${status}`));
    }
  });

  test("the proxy itself is not there", async (t) => {
    const gone = await peer(t, () => {});
    const { outcome, tried } = await start(
      clientOf(t, "https://127.0.0.1:9", { proxyFor: () => ({ host: "127.0.0.1", port: 9 }) }),
    );
    assert.deepEqual([outcome, tried], ["NETWORK", tries]);
    assert.equal(gone.connections(), 0);
  });
});

describe("a start whose request may have arrived, as far as its error tells, is not sent again:", () => {
  const answers = (t: TestContext, act: (socket: Socket) => void, secure: boolean) => {
    const listener = (incoming: { socket: Socket; resume: () => void }) => {
      incoming.resume();
      act(incoming.socket);
    };
    const server = secure ? createHttpsServer(certificates.server, listener) : createHttpServer(listener);
    return listening(t, server).then(() => `${secure ? "https" : "http"}://127.0.0.1:${portOf(server)}`);
  };
  const network = () => ({ tls: { ca: certificates.ca } });

  for (const secure of [false, true]) {
    const scheme = secure ? "https" : "http";
    test(`the connection breaks after the request (${scheme})`, async (t) => {
      let seen = 0;
      const hangUp = (socket: Socket) => {
        seen += 1;
        socket.destroy();
      };
      const { outcome, tried } = await start(clientOf(t, await answers(t, hangUp, secure), network()));
      assert.deepEqual([outcome, tried, seen], ["START_UNCERTAIN", 1, 1]);
    });

    test(`the server is silent after the request (${scheme})`, async (t) => {
      const url = await answers(t, () => {}, secure);
      const { outcome, tried } = await start(clientOf(t, url, network()));
      assert.deepEqual([outcome, tried], ["START_UNCERTAIN", 1]);
    });

    test(`the connection breaks after the request, behind a proxy (${scheme})`, async (t) => {
      const proxy = await startProxy({ user: "guard", password: "s3same" });
      t.after(() => proxy.close());
      const auth = { username: "guard", password: "s3same" };
      const proxyFor = () => ({ host: proxy.host, port: proxy.port, auth });
      const url = await answers(t, (socket) => socket.destroy(), secure);
      const { outcome, tried } = await start(clientOf(t, url, { ...network(), proxyFor }));
      assert.deepEqual([outcome, tried, proxy.seen.length], ["START_UNCERTAIN", 1, 1]);
    });
  }

  // No request has arrived in these four, but nothing in the error says so for certain.
  test("the server accepts and then says nothing of TLS", async (t) => {
    const mute = await peer(t, (socket) => socket.resume());
    const { outcome, tried } = await start(clientOf(t, `https://127.0.0.1:${mute.port}`));
    assert.deepEqual([outcome, tried, mute.connections()], ["START_UNCERTAIN", 1, 1]);
    await delay(50);
    assert.equal(mute.open(), 0, "no connection is left behind");
  });

  test("the server hangs up in the middle of the handshake", async (t) => {
    const rude = await peer(t, (socket) => socket.once("data", () => socket.resetAndDestroy()));
    const { outcome, tried } = await start(clientOf(t, `https://127.0.0.1:${rude.port}`));
    assert.deepEqual([outcome, tried, rude.connections()], ["START_UNCERTAIN", 1, 1]);
  });

  test("nobody takes the connection: the queue of the listening socket is full", {
    skip: process.platform !== "linux",
  }, async (t) => {
    const { port } = await sleepingServer(t);
    const { outcome, tried } = await start(clientOf(t, `http://127.0.0.1:${port}`));
    assert.deepEqual([outcome, tried], ["START_UNCERTAIN", 1]);
  });

  test("the proxy hangs up, or falls silent, before the tunnel stands", async (t) => {
    const proxy = await startProxy();
    t.after(() => proxy.close());
    for (const instead of ["reset", "silent"] as const) {
      proxy.options.instead = instead;
      proxy.seen.length = 0;
      const { outcome, tried } = await start(clientOf(t, "https://127.0.0.1:9", { proxyFor: () => proxy }));
      assert.deepEqual([outcome, tried, proxy.seen.length], ["START_UNCERTAIN", 1, 1]);
    }
    await delay(50);
    assert.equal(proxy.open(), 0, "no connection to the proxy is left behind");
  });

  test("a proxy for plain http answers 502: nobody knows how far the request came", async (t) => {
    const proxy = await startProxy({ instead: { status: 502 } });
    t.after(() => proxy.close());
    const { outcome, tried } = await start(clientOf(t, "http://127.0.0.1:9", { proxyFor: () => proxy }));
    assert.deepEqual([outcome, tried, proxy.seen.length], ["START_UNCERTAIN", 1, 1]);
  });
});
