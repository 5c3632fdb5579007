import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { Writable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { setTimeout as delay, setImmediate as nextTurn } from "node:timers/promises";
import tls from "node:tls";
import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { Network, type NetworkOptions, VideoError } from "../../../../nodes/roboflow";
import { ConnectionError } from "../../../../nodes/roboflow/http/connection-error";
import { ipv6Address, makeCertificates } from "../../../support/certificates";
import { unhurried } from "../../../support/client-of";
import { startProxy } from "../../../support/forwarding-proxy";
import { until } from "../../../support/node-red";
import { temporaryFolder } from "../../../support/recordings";

const kib = 1024;
const mib = 1024 * kib;
const some = 192 * kib;
const noise = randomBytes(5 * some);
const inTime = { timeout: 10_000 };

interface RawServer {
  url: string;
  /** Connections that are open now. */
  open: Set<Socket>;
}

/** A server that answers every request with bytes; with the test it ends, and no connection may be left then. */
async function serve(
  t: TestContext,
  answer: (socket: Socket) => void,
  identity?: tls.TlsOptions,
): Promise<RawServer> {
  const open = new Set<Socket>();
  const talk = (socket: Socket) => {
    open.add(socket);
    socket.on("error", () => {}).on("close", () => open.delete(socket));
    socket.setNoDelay(true);
    let head = "";
    socket.on("data", (chunk) => {
      const hadHead = head.includes("\r\n\r\n");
      head += chunk;
      if (!hadHead && head.includes("\r\n\r\n")) answer(socket);
    });
  };
  const server = identity ? tls.createServer(identity, talk) : createServer(talk);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(async () => {
    try {
      await until(
        () => open.size === 0,
        2000,
        () => `${open.size} connections are open after the test`,
      );
    } finally {
      for (const socket of open) socket.destroy();
      server.close();
    }
  });
  const { port } = server.address() as AddressInfo;
  return { url: `${identity ? "https" : "http"}://127.0.0.1:${port}/result`, open };
}

function networkOf(t: TestContext, options: NetworkOptions = {}): Network {
  const timings = { silence: 60_000, idle: 60_000 };
  const network = new Network({ proxyFor: () => false, timings, ...options });
  t.after(() => network.close());
  return network;
}

/** Takes chunks at its own pace and keeps what they held; `pace` is waited for before a chunk is let go. */
class Target extends Writable {
  readonly chunks: Buffer[] = [];
  most = 0;

  constructor(readonly pace: (chunk: Buffer) => unknown = () => {}) {
    super({ highWaterMark: 512 * kib });
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  override async _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error) => void) {
    this.most = Math.max(this.most, this.writableLength);
    try {
      await this.pace(chunk);
      this.chunks.push(Buffer.from(chunk));
      callback();
    } catch (error) {
      callback(error as Error);
    }
  }
}

const ask = (network: Network, url: string, { signal = unhurried } = {}) =>
  network.request({ method: "GET", url, signal, fresh: true });

const isFailure = (code: string) => (error: unknown) =>
  error instanceof ConnectionError && error.code === code;

const headOf = (length: number) => `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`;
const answerOf = (body: Buffer) => Buffer.concat([Buffer.from(headOf(body.length)), body]);

/** Sends chunks so that each is read by itself, as far as it is read at once. */
async function send(socket: Socket, chunks: Iterable<Buffer>, end = true): Promise<void> {
  for (const chunk of chunks) {
    if (socket.destroyed) return;
    socket.write(chunk);
    await nextTurn();
  }
  if (end) socket.end();
}

/** What became of a request, in words that two of them can be compared by. */
async function outcome(network: Network, url: string) {
  const target = new Target();
  try {
    const answer = await ask(network, url);
    await answer.pipeTo(target);
    return whole(answer.status, target.bytes);
  } catch (error) {
    assert.ok(isFailure("NETWORK")(error), String(error));
    assert.equal(target.writableFinished, false);
    return "NETWORK";
  }
}

/** The same by nothing but Node's own client, and an unpacker where the server says that it has packed. */
async function outcomeOfNode(url: string) {
  try {
    // What is wrong with bytes behind the answer comes when nobody waits for an error any more.
    const asking = request(url, { agent: false }).on("error", () => {});
    const [answer] = (await once(asking.end(), "response")) as [IncomingMessage];
    const bytes = await buffer(answer);
    const isPacked = answer.headers["content-encoding"] === "gzip" && bytes.length > 0;
    return whole(answer.statusCode, isPacked ? gunzipSync(bytes) : bytes);
  } catch {
    return "NETWORK";
  }
}

const whole = (status: number | undefined, bytes: Buffer) =>
  `${status} ${bytes.length} ${createHash("sha256").update(bytes).digest("hex")}`;

const size = fc.oneof(
  fc.integer({ min: 0, max: 3000 }),
  fc.integer({ min: some - 400, max: some + 3 }),
  fc.integer({ min: 2 * some - 400, max: 2 * some + 3 }),
  fc.integer({ min: 0, max: 4 * some }),
);
const framings = [
  "length",
  "identity",
  "chunked",
  "chunkedWithLength",
  "unknown",
  "gzip",
  "gzipChunked",
  "surplus",
  "cut",
  "cutChunked",
  "twoLengths",
  "badLength",
  "badLine",
] as const;
const rawAnswer = fc
  .record({
    size,
    from: fc.nat(some),
    framing: fc.oneof(fc.constant("length" as const), fc.constantFrom(...framings)),
    status: fc.oneof(fc.constant(200), fc.constantFrom(200, 201, 204, 206, 302, 304, 404, 500)),
    before: fc.array(fc.constantFrom(102, 103), { maxLength: 2 }),
    names: fc.array(
      fc.tuple(fc.constantFrom("X-One", "x-two", "ETag", "Set-Cookie"), fc.stringMatching(/^[!-~]{0,300}$/)),
    ),
    lineEnd: fc.oneof({ weight: 4, arbitrary: fc.constant("\r\n") }, fc.constant("\n")),
    version: fc.constantFrom("1.1", "1.1", "1.0"),
  })
  .map((given) => {
    const { framing, lineEnd } = given;
    const plain = noise.subarray(given.from, given.from + given.size);
    const body = framing.startsWith("gzip") ? gzipSync(plain, { level: 1 }) : plain;
    const isChunked = /chunked/i.test(framing);
    const lines = given.names.map(([name, value]) => `${name}: ${value}`);
    if (framing.startsWith("gzip")) lines.push("Content-Encoding: gzip");
    if (framing === "identity") lines.push("content-encoding: identity");
    if (framing === "badLine") lines.push("no colon");
    if (isChunked) lines.push("Transfer-Encoding: chunked");
    const length = framing === "badLength" ? "12x" : body.length + (framing === "cut" ? 7 : 0);
    if (framing !== "unknown" && (!isChunked || framing === "chunkedWithLength"))
      lines.unshift(`Content-Length: ${length}`);
    if (framing === "twoLengths") lines.push(`Content-Length: ${body.length + 1}`);
    const heads = [
      ...given.before.map((status) => [`HTTP/1.1 ${status} Early`, "Link: </a>"]),
      [`HTTP/${given.version} ${given.status} Yes`, ...lines],
    ].map((head) => [...head, "", ""].join(lineEnd));
    const chunks = isChunked && body.length > 0 ? [`${body.length.toString(16)}\r\n`, body, "\r\n"] : [body];
    const last =
      isChunked && framing !== "cutChunked" ? "0\r\n\r\n" : framing === "surplus" ? "more than told" : "";
    const bytes = Buffer.concat([...heads, ...chunks, last].map((part) => Buffer.from(part as string)));
    return { bytes, told: `${given.status} ${framing}` };
  });

/** Cuts bytes into chunks at places between 0 and 1. */
function cutAt(bytes: Buffer, places: number[]): Buffer[] {
  const borders = [...new Set(places.map((place) => Math.floor(place * bytes.length)))].sort((a, b) => a - b);
  return [0, ...borders].map((from, index) => bytes.subarray(from, borders[index] ?? bytes.length));
}

test("an answer is what Node's own client makes of it, however it is cut into chunks", {
  timeout: 30_000,
}, async (t) => {
  let chunks: Buffer[] = [];
  const network = networkOf(t, { timings: { silence: 1000, idle: 1000 } });
  const server = await serve(t, (socket) => void send(socket, chunks));
  const ended = { whole: 0, broken: 0 };
  const place = fc.oneof(
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.double({ min: 0, max: 0.005, noNaN: true }),
  );
  await fc.assert(
    fc.asyncProperty(rawAnswer, fc.array(place, { maxLength: 12 }), async (answer, places) => {
      chunks = cutAt(answer.bytes, places).filter((chunk) => chunk.length > 0);
      const expected = await outcomeOfNode(server.url);
      assert.equal(await outcome(network, server.url), expected, answer.told);
      ended[expected === "NETWORK" ? "broken" : "whole"] += 1;
    }),
    { numRuns: 400, interruptAfterTimeLimit: 120_000, markInterruptAsFailure: true },
  );
  assert.ok(ended.whole > 50 && ended.broken > 20, JSON.stringify(ended));
});

test("a head and a body may be cut at every byte", inTime, async (t) => {
  const head = `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${headOf(5)}`;
  const bytes = Buffer.from(`${head}hello`);
  const network = networkOf(t);
  let chunks: Buffer[] = [];
  const server = await serve(t, (socket) => void send(socket, chunks));
  const check = async () => {
    const target = new Target();
    await (await ask(network, server.url)).pipeTo(target);
    assert.equal(target.bytes.toString(), "hello");
  };
  for (let at = 1; at < bytes.length; at += 1) {
    chunks = [bytes.subarray(0, at), bytes.subarray(at)];
    await check();
  }
  chunks = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
  await check();
});

test("a body that is about as long as a buffer, alone or with its head, is whole", inTime, async (t) => {
  const network = networkOf(t);
  let bytes = Buffer.alloc(0);
  const server = await serve(t, (socket) => void send(socket, [bytes], false));
  for (const buffers of [1, 2])
    for (const withHead of [0, headOf(some).length])
      for (const more of [-1, 0, 1]) {
        const body = noise.subarray(0, buffers * some - withHead + more);
        bytes = answerOf(body);
        const target = new Target();
        await (await ask(network, server.url)).pipeTo(target);
        assert.ok(target.bytes.equals(body), `${body.length} bytes`);
      }
});

test("a cut body is NETWORK, whenever it is seen", inTime, async (t) => {
  const network = networkOf(t);
  let [body, isReset, held] = [0, false, 0];
  const server = await serve(t, async (socket) => {
    await send(socket, [Buffer.concat([Buffer.from(headOf(mib)), noise.subarray(0, body)])], !isReset);
    if (isReset) setTimeout(() => socket.resetAndDestroy(), 20);
  });
  for (body of [0, 1000, some, mib - 1])
    for (isReset of [false, true])
      for (held of [0, 60]) {
        const response = await ask(network, server.url);
        await delay(held);
        const target = new Target();
        await assert.rejects(response.pipeTo(target), isFailure("NETWORK"));
        assert.ok(target.destroyed && !target.writableFinished);
      }
});

test("a server that falls silent is TIMEOUT, a target that takes its time is not", inTime, async (t) => {
  const network = networkOf(t, { timings: { silence: 1000, idle: 200 } });
  const body = noise.subarray(0, mib);
  let sent = body.length;
  const server = await serve(t, (socket) => {
    socket.write(headOf(body.length));
    socket.write(body.subarray(0, sent));
  });
  let waits = 0;
  const slow = new Target(() => (waits++ === 1 ? delay(700) : undefined));
  await (await ask(network, server.url)).pipeTo(slow);
  assert.ok(slow.bytes.equals(body));
  for (sent of [0, 100, some, body.length - 1]) {
    const response = await ask(network, server.url);
    await assert.rejects(response.pipeTo(new Target()), isFailure("TIMEOUT"));
  }
});

for (const kind of ["with a length", "in chunks"])
  test(`a target that does not take bytes stops the server; an answer ${kind}`, inTime, async (t) => {
    const chunks = 512;
    const chunkSize = 64 * kib;
    const chunk = (at: number) => noise.subarray(1001 * at, 1001 * at + chunkSize);
    let sent = 0;
    const server = await serve(t, (socket) => {
      const [open, close] = kind === "in chunks" ? [`${chunkSize.toString(16)}\r\n`, "\r\n"] : ["", ""];
      const framed = (at: number) => Buffer.concat([Buffer.from(open), chunk(at), Buffer.from(close)]);
      socket.write(
        open ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" : headOf(chunks * chunkSize),
      );
      const more = () => {
        while (sent < chunks) {
          if (!socket.write(framed(sent++))) return;
        }
        socket.end(open ? "0\r\n\r\n" : "");
      };
      socket.on("drain", more);
      more();
    });
    const taken = createHash("sha256");
    let length = 0;
    let free = () => {};
    const held = new Promise<void>((resolve) => {
      free = resolve;
    });
    const target = new Target(() => held);
    target.chunks.push = (bytes: Buffer) => {
      length += bytes.length;
      taken.update(bytes);
      return 0;
    };
    const response = await ask(networkOf(t), server.url);
    // What waits before there is a target waits at the server, too.
    await delay(150);
    const before = sent;
    const piped = response.pipeTo(target);
    await delay(150);
    // What is missing stands in the system's own buffers.
    assert.ok(
      before < chunks / 2 && sent < chunks / 2,
      `${before} and ${sent} of ${chunks} chunks were sent`,
    );
    assert.ok(target.most <= 512 * kib + some, `${target.most} bytes waited`);
    free();
    await piped;
    const expected = createHash("sha256");
    for (let at = 0; at < chunks; at += 1) expected.update(chunk(at));
    assert.equal(length, chunks * chunkSize);
    assert.equal(taken.digest("hex"), expected.digest("hex"));
  });

test("a chunk stays as it is until the target lets it go", inTime, async (t) => {
  const body = Buffer.concat([noise, noise, noise, noise]);
  const server = await serve(t, (socket) => void send(socket, cutAt(answerOf(body), [0.1, 0.33, 0.5, 0.9])));
  const target = new Target(async (chunk) => {
    const copy = Buffer.from(chunk);
    await delay(Math.random() * 8);
    assert.ok(copy.equals(chunk));
  });
  await (await ask(networkOf(t), server.url)).pipeTo(target);
  assert.ok(target.bytes.equals(body));
});

test("what the parser has not taken yet is not written over", inTime, async (t) => {
  const head = Buffer.from("HTTP/1.1 200 OK\r\n\r\n");
  const chunks = Array.from({ length: 300 }, (_, at) => noise.subarray(4000 * at, 4000 * (at + 1)));
  const server = await serve(t, (socket) => void send(socket, [head, ...chunks]));
  const waits = [delay(150)];
  const target = new Target(() => waits.pop());
  await (await ask(networkOf(t), server.url)).pipeTo(target);
  assert.ok(target.bytes.equals(Buffer.concat(chunks)));
});

test("the target's error is what is thrown, and ends the connection", inTime, async (t) => {
  const server = await serve(t, (socket) => {
    socket.write(headOf(64 * mib));
    socket.write(noise);
  });
  const full = new VideoError("STORAGE", "cannotWrite");
  const network = networkOf(t);
  for (const wait of [0, 30]) {
    const target = new Target(async () => {
      await delay(wait);
      throw full;
    });
    const response = await ask(network, server.url);
    await assert.rejects(response.pipeTo(target), (error) => error === full);
    await until(
      () => server.open.size === 0,
      1000,
      () => "the connection is open",
    );
  }
  const gone = new Target();
  gone.on("error", () => {}).destroy(full);
  await assert.rejects((await ask(network, server.url)).pipeTo(gone), (error) => error === full);
});

test("who gives up gets the reason, whenever that is", inTime, async (t) => {
  const reason = new Error("given up");
  const isReason = (error: unknown) => error === reason;
  const network = networkOf(t);
  let bytes = Buffer.alloc(0);
  const server = await serve(t, (socket) => void socket.write(bytes));

  const beforeHead = new AbortController();
  bytes = Buffer.from("HTTP/1.1 200 OK\r\nContent-Len");
  const asked = ask(network, server.url, beforeHead);
  setTimeout(() => beforeHead.abort(reason), 30);
  await assert.rejects(asked, isReason);

  for (bytes of [answerOf(noise), answerOf(noise.subarray(0, 10)), Buffer.from(headOf(10))])
    for (const wait of [undefined, 30]) {
      const control = new AbortController();
      const response = await ask(network, server.url, control);
      control.abort(reason);
      if (wait) await delay(wait);
      const target = new Target();
      await assert.rejects(response.pipeTo(target), isReason);
      assert.ok(target.destroyed);
    }

  const midway = new AbortController();
  bytes = Buffer.concat([Buffer.from(headOf(64 * mib)), noise]);
  const response = await ask(network, server.url, midway);
  const target = new Target(() => midway.abort(reason));
  await assert.rejects(response.pipeTo(target), isReason);
  await until(
    () => server.open.size === 0,
    1000,
    () => "the connection is open",
  );
});

test("an answer that is discarded ends its connection", inTime, async (t) => {
  const server = await serve(t, (socket) => void send(socket, [answerOf(noise)], false));
  (await ask(networkOf(t), server.url)).discard();
  await until(
    () => server.open.size === 0,
    1000,
    () => "the connection is open",
  );
});

test("a body that has to wait before it is wanted is whole", inTime, async (t) => {
  let isEnded = false;
  const server = await serve(
    t,
    (socket) => void send(socket, cutAt(answerOf(noise), [0.0001, 0.2]), isEnded),
  );
  const network = networkOf(t);
  for (isEnded of [false, true]) {
    const response = await ask(network, server.url);
    await delay(150);
    const target = new Target();
    await response.pipeTo(target);
    assert.ok(target.bytes.equals(noise));
  }
});

test("a body that a proxy forwards is whole", inTime, async (t) => {
  const server = await serve(t, (socket) => void send(socket, cutAt(answerOf(noise), [0.0001, 0.2])));
  const proxy = await startProxy();
  t.after(() => proxy.close());
  const network = networkOf(t, {
    proxyFor: () => ({ protocol: "http:", host: proxy.host, port: proxy.port }),
  });
  const target = new Target();
  await (await ask(network, server.url)).pipeTo(target);
  assert.ok(target.bytes.equals(noise));
  assert.equal(proxy.seen.length, 1);
});

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
test("a body is whole or fails by https, too, with or without a proxy's tunnel", {
  ...inTime,
  skip: hasOpenssl ? false : "needs openssl",
}, async (t) => {
  const { ca, server: identity } = makeCertificates(temporaryFolder(t));
  let length = noise.length;
  const answer = () => [Buffer.from(headOf(length)), ...cutAt(noise, [0.0001, 0.2])];
  const server = await serve(t, (socket) => void send(socket, answer()), identity);
  const proxy = await startProxy();
  t.after(() => proxy.close());
  const direct = networkOf(t, { tls: { ca } });
  const tunnelled = networkOf(t, {
    tls: { ca },
    proxyFor: () => ({ protocol: "http:", host: proxy.host, port: proxy.port }),
  });
  for (const network of [direct, tunnelled])
    for (const held of [0, 100]) {
      length = noise.length;
      const response = await ask(network, server.url);
      await delay(held);
      const target = new Target();
      await response.pipeTo(target);
      assert.ok(target.bytes.equals(noise));
      length = noise.length + 1;
      const cut = await ask(network, server.url);
      await delay(held);
      await assert.rejects(cut.pipeTo(new Target()), isFailure("NETWORK"));
    }
  assert.equal(proxy.seen.length, 4);
});

test("a server with an IPv6 address is reached through a proxy, and its certificate is checked for that address", {
  ...inTime,
  skip: hasOpenssl ? false : "needs openssl",
}, async (t) => {
  const { ca, server: identity, elsewhere } = makeCertificates(temporaryFolder(t));
  const answer = (socket: Socket) => void send(socket, [answerOf(noise)]);
  const servers = { own: await serve(t, answer, identity), other: await serve(t, answer, elsewhere) };
  const portOf = ({ url }: RawServer) => Number(new URL(url).port);
  const proxy = await startProxy({ leadsTo: portOf(servers.own) });
  t.after(() => proxy.close());
  const network = networkOf(t, {
    tls: { ca },
    proxyFor: () => ({ protocol: "http:", host: proxy.host, port: proxy.port }),
  });
  const target = new Target();
  await (await ask(network, `https://[${ipv6Address}]:8443`)).pipeTo(target);
  assert.ok(target.bytes.equals(noise));
  assert.deepEqual(proxy.seen, [`CONNECT [${ipv6Address}]:8443`]);
  proxy.options.leadsTo = portOf(servers.other);
  await assert.rejects(ask(network, `https://[${ipv6Address}]:8444`), isFailure("NETWORK"));
});
