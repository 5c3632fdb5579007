import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import dns from "node:dns";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { after, before, describe, type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { startEmulator } from "../../emulator/emulator";
import { Network, type NetworkOptions, RoboflowClient, VideoError } from "../../nodes/roboflow";
import { retries } from "../../nodes/roboflow/http/retry";
import { putVideo } from "../../nodes/roboflow/upload/put";
import type { Video } from "../../nodes/roboflow/upload/video";
import { type Certificates, makeCertificates } from "../support/certificates";
import { startProxy } from "../support/forwarding-proxy";
import { recording } from "../support/recordings";

const apiKey = "rf_ConnectionKey8sK2";
const tries = retries.start.tries;
const job = {
  input_url: "https://cameras.example/yard.mp4",
  infer_fps: 5,
  models: [{ model_id: "yard-motion", model_version: "1", inference_type: "object-detection" }],
};
const unhurried = new AbortController().signal;
let folder: string;
let certificates: Certificates;

before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "roboflow-connection-"));
  certificates = makeCertificates(folder);
  for (const policy of Object.values(retries)) policy.first = 5;
  await import("axios");
});
after(() => rmSync(folder, { recursive: true, force: true }));

function clientOf(t: TestContext, url: string, options: NetworkOptions = {}): RoboflowClient {
  const network = new Network({ timings: { silence: 250, idle: 250 }, proxyFor: () => false, ...options });
  t.after(() => network.close());
  return new RoboflowClient(url, apiKey, network);
}

/** Starts a job. @returns its id, or the code of what became of it, and how often it was tried */
async function start(
  client: RoboflowClient,
): Promise<{ outcome: string; tried: number; error?: VideoError }> {
  let tried = 0;
  const hooks = { signal: unhurried, answerSignal: unhurried, withdraw: () => {} };
  const intend = async () => {
    tried += 1;
  };
  try {
    return { outcome: await client.startJob(job, { ...hooks, intend }), tried };
  } catch (error) {
    assert.ok(error instanceof VideoError, String(error));
    return { outcome: error.code, tried, error };
  }
}

/** A server that does with every connection what it is told. @returns its port and how many there were */
async function peer(
  t: TestContext,
  act: (socket: Socket) => void,
): Promise<{ port: number; connections: () => number; open: () => number }> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    act(socket);
  });
  await listening(t, server);
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  return { port: portOf(server), connections: () => connections, open: () => sockets.size };
}

async function listening(t: TestContext, server: Server): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
}
const portOf = (server: Server) => (server.address() as AddressInfo).port;

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

test("a host with two addresses, of which the good one takes a second to answer, is reached", {
  skip: process.platform !== "linux",
}, async (t) => {
  const { port, wake } = await sleepingServer(t);
  const { lookup } = dns;
  const both = [
    { address: "127.0.0.1", family: 4 },
    // Nobody listens there.
    { address: "::1", family: 6 },
  ];
  t.mock.method(
    dns,
    "lookup",
    (name: string, options: dns.LookupOptions, callback: (...found: any[]) => void) =>
      name === "two-addresses.test" && options.all
        ? process.nextTick(callback, null, both)
        : lookup(name, options, callback),
  );
  const network = new Network({ proxyFor: () => false });
  t.after(() => network.close());
  const url = `http://two-addresses.test:${port}/`;
  // The system knocks again after a second.
  setTimeout(wake, 400);
  const answer = await network.request({ method: "GET", url, signal: unhurried, fresh: true });
  assert.equal(await answer.text(), "awake");
});

describe("connections are kept and given up:", () => {
  test("a start never comes on a connection that was used before, nor leaves one for the next", async (t) => {
    const emulator = await startEmulator({ apiKey, analyse: false, jobSeconds: 0 });
    t.after(() => emulator.close());
    const client = clientOf(t, emulator.url);
    await client.createUploadUrl("one.mp4", { signal: unhurried });
    await client.createUploadUrl("two.mp4", { signal: unhurried });
    await start(client);
    await start(client);
    const { requests } = emulator.ledger;
    const [one, two, first, second] = requests.map(({ connection }) => connection);
    assert.equal(one, two, "the other calls share theirs");
    assert.equal(new Set([one, first, second]).size, 3);
  });

  test("a server that hangs up on every second request of a connection cannot make a start uncertain", async (t) => {
    let requests = 0;
    const used = new WeakSet<Socket>();
    const server = createHttpServer((incoming, response) => {
      requests += 1;
      if (used.has(incoming.socket)) return incoming.socket.resetAndDestroy();
      used.add(incoming.socket);
      incoming.resume();
      response.end(JSON.stringify({ job_id: "job-1", signed_url: "http://127.0.0.1/x" }));
    });
    await listening(t, server);
    const client = clientOf(t, `http://127.0.0.1:${portOf(server)}`);
    await client.createUploadUrl("yard.mp4", { signal: unhurried });
    assert.deepEqual(await start(client), { outcome: "job-1", tried: 1 });
    assert.equal(requests, 2);
    await client.createUploadUrl("yard.mp4", { signal: unhurried });
    assert.equal(requests, 4, "a call that is free to repeat meets the stale connection, and comes again");
  });

  test("the account's close ends what is kept, not a start whose answer is waited for", async (t) => {
    const server = createHttpServer((incoming, response) => {
      incoming.resume();
      setTimeout(() => response.end('{"job_id": "job-1", "signed_url": "http://127.0.0.1/x"}'), 100);
    });
    let open = 0;
    server.on("connection", (socket) => {
      open += 1;
      socket.on("close", () => {
        open -= 1;
      });
    });
    await listening(t, server);
    const client = clientOf(t, `http://127.0.0.1:${portOf(server)}`);
    await client.createUploadUrl("yard.mp4", { signal: unhurried });
    const started = start(client);
    await delay(50);
    assert.equal(open, 2);
    client.network.close();
    assert.deepEqual(await started, { outcome: "job-1", tried: 1 });
    await delay(50);
    assert.equal(open, 0);
  });

  test("a connection is not kept as long as routers forget it", async (t) => {
    const emulator = await startEmulator({ apiKey, keepAliveSeconds: 300 });
    t.after(() => emulator.close());
    const client = clientOf(t, emulator.url);
    const ask = async () => {
      await client.createUploadUrl("yard.mp4", { signal: unhurried });
      return emulator.ledger.requests.at(-1)?.connection;
    };
    const first = await ask();
    assert.equal(await ask(), first);
    await delay(10_500);
    assert.notEqual(await ask(), first);
  });
});

describe("silence and slowness:", () => {
  test("an upload over a poor line, slower than one chunk in the time limit, is not taken for a silent one", async (t) => {
    let received = 0;
    const server = createHttpServer((incoming, response) => {
      const timer = setInterval(() => {
        received += incoming.read()?.length ?? 0;
      }, 20);
      incoming.on("end", () => response.end());
      incoming.on("close", () => clearInterval(timer));
    });
    await listening(t, server);
    const network = new Network({ timings: { silence: 500, idle: 500 }, proxyFor: () => false });
    t.after(() => network.close());
    const bytes = recording("mp4", 24 * 1024 * 1024);
    const video: Video = {
      size: bytes.length,
      // In a single chunk: the larger, the longer until Node tells that it is gone.
      chunks: async function* () {
        yield bytes;
      },
      verify: async () => {},
    };
    const enough = AbortSignal.timeout(4000);
    const sent = putVideo(network, `http://127.0.0.1:${portOf(server)}/`, video, { signal: enough });
    await assert.rejects(sent, { name: "TimeoutError" }, "still sending when the test has seen enough");
    assert.ok(received > 1024 * 1024, `${received} bytes`);
  });

  test("a reader that takes its time over a chunk is not the server's silence", async (t) => {
    const server = createHttpServer((_, response) => {
      response.write("first");
      setTimeout(() => response.end("second"), 50);
    });
    await listening(t, server);
    const network = new Network({ timings: { silence: 150, idle: 150 }, proxyFor: () => false });
    t.after(() => network.close());
    const url = `http://127.0.0.1:${portOf(server)}/`;
    const answer = await network.request({ method: "GET", url, signal: unhurried });
    let text = "";
    const slow = new Writable({
      write: (chunk, _encoding, callback) => {
        text += chunk;
        setTimeout(callback, 400);
      },
    });
    await answer.pipeTo(slow);
    assert.equal(text, "firstsecond");
  });
});

/** A server that sleeps and whose queue of connections is full. @returns its port, and what wakes it up */
async function sleepingServer(t: TestContext): Promise<{ port: number; wake: () => void }> {
  const script =
    'const s = require("node:http").createServer((_, r) => r.end("awake")).listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => console.log(s.address().port));';
  const child: ChildProcess = spawn(process.execPath, ["-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  const [line] = await once(createInterface({ input: child.stdout as never }), "line");
  const port = Number(line);
  child.kill("SIGSTOP");
  for (let waiting = 0; waiting < 20; waiting += 1) {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {});
    t.after(() => socket.destroy());
    const taken = await Promise.race([once(socket, "connect").then(() => true), delay(150, false)]);
    if (!taken) return { port, wake: () => child.kill("SIGCONT") };
  }
  throw new Error("the queue does not fill");
}
