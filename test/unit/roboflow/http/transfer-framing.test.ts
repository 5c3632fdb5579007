import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import type { Network } from "../../../../nodes/roboflow";
import {
  answerOf,
  ask,
  cutAt,
  headOf,
  inTime,
  isFailure,
  mib,
  networkOf,
  noise,
  send,
  serve,
  some,
  Target,
} from "./raw-server";

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
