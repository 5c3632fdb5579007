import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readlinkSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import {
  type AddressInfo,
  type Server as ConnectionServer,
  createServer as createConnectionServer,
  type Socket,
} from "node:net";
import { after, before, describe, type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Network, type NetworkOptions, type Video, videoFile } from "../../../../nodes/roboflow";
import { putVideo } from "../../../../nodes/roboflow/upload/put";
import { type Certificates, makeCertificates } from "../../../support/certificates";
import { unhurried } from "../../../support/client-of";
import { sha256 } from "../../../support/emulator-calls";
import { startProxy } from "../../../support/forwarding-proxy";
import { until } from "../../../support/node-red";
import { quickRetries } from "../../../support/quick-retries";
import { recording, temporaryFolder, writeTo } from "../../../support/recordings";

const bytes = Buffer.concat([recording("mp4", 100), randomBytes(12_000_000)]);
let certificates: Certificates;
let file: string;
let folder: { clean(): void };

before(() => {
  folder = { clean: () => {} };
  const scratch = {
    after: (end: () => void) => {
      folder.clean = end;
    },
  };
  const path = temporaryFolder(scratch as TestContext);
  certificates = makeCertificates(path);
  file = writeTo(path, "yard.mp4", bytes);
});
after(() => folder.clean());

/** A server on 127.0.0.1 for one test. @returns its URL */
async function listening(t: TestContext, server: ConnectionServer, scheme = "http"): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/yard.mp4`;
}

function networkOf(t: TestContext, options: NetworkOptions = {}): Network {
  const network = new Network({ proxyFor: () => false, ...options });
  t.after(() => network.close());
  return network;
}

/** Open handles of this process on a file. */
const handlesOn = (path: string) =>
  readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path;
    } catch {
      return false;
    }
  }).length;

const closed = (path: string) =>
  until(
    () => handlesOn(path) === 0,
    5000,
    () => `${path} is still open`,
  );

describe("every byte of a file arrives where storage takes in a little now and then:", () => {
  /** Storage that hashes what comes, in its own time. */
  function slowStorage(): { listener: RequestListener; hash: () => string } {
    const hash = createHash("sha256");
    return {
      hash: () => hash.digest("hex"),
      listener: async (request, response) => {
        for await (const chunk of request) {
          hash.update(chunk);
          await delay(Math.random() < 0.1 ? 20 : 0);
        }
        response.end();
      },
    };
  }

  test("over http", async (t) => {
    const { listener, hash } = slowStorage();
    const url = await listening(t, createServer(listener));
    await putVideo(networkOf(t), url, await videoFile(file), { signal: unhurried });
    assert.equal(hash(), sha256(bytes));
  });

  test("over https", async (t) => {
    const { listener, hash } = slowStorage();
    const url = await listening(t, createTlsServer(certificates.server, listener), "https");
    const network = networkOf(t, { tls: { ca: certificates.ca } });
    await putVideo(network, url, await videoFile(file), { signal: unhurried });
    assert.equal(hash(), sha256(bytes));
  });

  for (const scheme of ["http", "https"]) {
    test(`over ${scheme} through a proxy`, async (t) => {
      const proxy = await startProxy();
      t.after(() => proxy.close());
      const { listener, hash } = slowStorage();
      const server =
        scheme === "http" ? createServer(listener) : createTlsServer(certificates.server, listener);
      const url = await listening(t, server, scheme);
      const { host, port } = proxy;
      const network = networkOf(t, { tls: { ca: certificates.ca }, proxyFor: () => ({ host, port }) });
      await putVideo(network, url, await videoFile(file), { signal: unhurried });
      assert.equal(hash(), sha256(bytes));
      assert.equal(proxy.seen.length, 1);
    });
  }
});

test("storage that answers before it has read the video ends the sending", async (t) => {
  const server = createConnectionServer((socket) => {
    // Once the head of the request is there; then it reads no further, and keeps the connection open.
    socket.once("data", () => {
      socket.pause();
      socket.write("HTTP/1.1 413 Payload Too Large\r\nContent-Length: 9\r\n\r\ntoo large");
    });
  });
  const url = await listening(t, server);
  let isReading = true;
  const chunk = Buffer.alloc(1_000_000);
  const video: Video = {
    // More than the system takes in without a reader.
    size: 100 * chunk.length,
    chunks: async function* () {
      try {
        for (let count = 0; count < 100; count += 1) yield chunk;
      } finally {
        isReading = false;
      }
    },
    verify: async () => {},
  };
  const put = putVideo(networkOf(t), url, video, { signal: unhurried });
  await assert.rejects(put, { code: "REJECTED", statusCode: 413 });
  await until(
    () => !isReading,
    5000,
    () => "the video is still being read",
  );
});

test("an upload that is aborted ends at once, and the file is closed", async (t) => {
  const aborter = new AbortController();
  const url = await listening(
    t,
    createServer(() => aborter.abort(new Error("a deploy"))),
  );
  const put = putVideo(networkOf(t), url, await videoFile(file), { signal: aborter.signal });
  await assert.rejects(put, { message: "a deploy" });
  await closed(file);
});

test("a server that cannot be reached leaves no file open", async (t) => {
  quickRetries(t);
  const server = createServer();
  const url = await listening(t, server);
  server.close();
  await assert.rejects(putVideo(networkOf(t), url, await videoFile(file), { signal: unhurried }), {
    code: "NETWORK",
  });
  await closed(file);
});

test("a proxy that does not let it through leaves no file open", async (t) => {
  const proxy = await startProxy({ instead: { status: 403 } });
  t.after(() => proxy.close());
  quickRetries(t);
  const { host, port } = proxy;
  const network = networkOf(t, { proxyFor: () => ({ host, port }) });
  const put = putVideo(network, "https://storage.example/a.mp4", await videoFile(file), {
    signal: unhurried,
  });
  await assert.rejects(put, { code: "NETWORK" });
  await closed(file);
});

test("a disk that fails in the middle is said as that, not as trouble with the network", async (t) => {
  const url = await listening(
    t,
    createServer((request, response) => request.resume().on("end", () => response.end())),
  );
  const broken = Object.assign(new Error("bad sector"), { code: "EIO" });
  const video: Video = {
    size: 1000,
    chunks: async function* () {
      yield Buffer.alloc(500);
      throw broken;
    },
    verify: async () => {},
  };
  await assert.rejects(putVideo(networkOf(t), url, video, { signal: unhurried }), broken);
});
