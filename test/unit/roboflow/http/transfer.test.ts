import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import type { Socket } from "node:net";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { VideoError } from "../../../../nodes/roboflow";
import { ipv6Address, makeCertificates } from "../../../support/certificates";
import { startProxy } from "../../../support/forwarding-proxy";
import { until } from "../../../support/node-red";
import { temporaryFolder } from "../../../support/recordings";
import {
  answerOf,
  ask,
  cutAt,
  headOf,
  inTime,
  isFailure,
  kib,
  mib,
  networkOf,
  noise,
  type RawServer,
  send,
  serve,
  some,
  Target,
} from "./raw-server";

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
