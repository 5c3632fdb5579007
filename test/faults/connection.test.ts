import assert from "node:assert/strict";
import dns from "node:dns";
import { createServer as createHttpServer } from "node:http";
import type { Socket } from "node:net";
import { Writable } from "node:stream";
import { before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { startEmulator } from "../../emulator/emulator";
import { Network } from "../../nodes/roboflow";
import { putVideo } from "../../nodes/roboflow/upload/put";
import type { Video } from "../../nodes/roboflow/upload/video";
import { unhurried } from "../support/client-of";
import { recording } from "../support/recordings";
import { apiKey, clientOf, listening, portOf, readyToConnect, sleepingServer, start } from "./connections";

before(readyToConnect);

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
