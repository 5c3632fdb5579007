import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { type Emulator, startEmulator } from "../../../emulator/emulator";
import type { FaultOrder } from "../../../emulator/faults";
import {
  call,
  newLink,
  outcome,
  poll,
  post,
  put,
  type Reply,
  start,
  upload,
} from "../../support/emulator-calls";

let emulator: Emulator;
let resultLink: string;
let whole: Reply;
before(async () => {
  emulator = await startEmulator({ analyse: false, jobSeconds: 0, builtInFrames: 200 });
  const { json } = await start(emulator, await upload(emulator, Buffer.from("video")));
  resultLink = (await outcome(emulator, json.job_id)).output_signed_url;
  whole = await call(resultLink);
});
after(() => emulator.close());
beforeEach(() => emulator.clearFaults());

const checkKey = () => call(`${emulator.url}/?api_key=demo`, { timeoutMs: 300 });

/** The code or message with which a call breaks. */
async function breaks(broken: Promise<unknown>): Promise<string> {
  const error = await broken.then(
    () => assert.fail("this call should have broken"),
    (reason: NodeJS.ErrnoException) => reason,
  );
  return error.code ?? error.message;
}

test("a connection is reset before the answer, once, and the next request is fine", async () => {
  emulator.fault({ kind: "key", do: "reset" });
  assert.equal(await breaks(checkKey()), "ECONNRESET");
  assert.equal((await checkKey()).status, 200);
  const [broken] = emulator.ledger.of("key").slice(-2);
  assert.deepEqual([broken?.fault, broken?.status], ["reset", null]);
});

test("a start whose answer is lost has made its job; one that was reset before has not", async () => {
  const link = await upload(emulator, Buffer.from("video"), "lost.mp4");
  emulator.fault({ kind: "start", do: "reset" }, { kind: "start", do: "reset-after" });
  assert.equal(await breaks(start(emulator, link)), "ECONNRESET");
  assert.equal(emulator.ledger.jobsOf("lost.mp4").length, 0);
  assert.equal(await breaks(start(emulator, link)), "ECONNRESET");
  assert.equal(emulator.ledger.jobsOf("lost.mp4").length, 1);
  emulator.fault(
    { kind: "start", do: "empty" },
    { kind: "start", do: "answer", status: 500, processed: true },
  );
  assert.equal((await start(emulator, link)).text, "");
  assert.equal((await start(emulator, link)).status, 500);
  assert.equal(emulator.ledger.jobsOf("lost.mp4").length, 3);
});

test("an upload is reset in the middle of its body", async () => {
  const link = await newLink(emulator, "half.mp4");
  emulator.fault({ kind: "put", do: "reset-mid-body", afterBytes: 100_000 });
  const code = await breaks(put(link, Buffer.alloc(20_000_000)));
  assert.ok(["ECONNRESET", "EPIPE"].includes(code), code);
  const noted = emulator.ledger.uploads.at(-1);
  assert.equal(noted?.complete, false);
  assert.ok((noted?.size ?? 0) >= 100_000 && (noted?.size ?? 0) < 20_000_000);
  assert.equal((await put(link, Buffer.alloc(1000))).status, 200);
});

test("a result is reset, or cut short, in the middle of its body", async () => {
  emulator.fault({ kind: "result", do: "reset-mid-body", afterBytes: 50 });
  assert.equal(await breaks(call(resultLink)), "ECONNRESET");
  emulator.fault({ kind: "result", do: "truncated" });
  assert.equal(await breaks(call(resultLink)), "ECONNRESET", "node says aborted with this code");
  emulator.fault({ kind: "result", do: "cut", afterBytes: 120 });
  const cut = await call(resultLink);
  assert.equal(cut.text, whole.text.slice(0, 120));
  assert.equal(cut.headers["content-length"], "120");
});

test("a server falls silent: at once, while it takes an upload, while it sends a result", async () => {
  emulator.fault({ kind: "key", do: "silent" });
  assert.equal(await breaks(checkKey()), "timeout");
  emulator.fault({ kind: "put", do: "silent", afterBytes: 1000 });
  assert.equal(await breaks(put(await newLink(emulator), Buffer.alloc(30_000_000), {}, 300)), "timeout");
  emulator.fault({ kind: "put", do: "silent" });
  assert.equal(await breaks(put(await newLink(emulator), Buffer.alloc(1000), {}, 300)), "timeout");
  emulator.fault({ kind: "result", do: "silent", afterBytes: 1000 });
  assert.equal(await breaks(call(resultLink, { timeoutMs: 300 })), "timeout");
  emulator.fault({ kind: "result", do: "slow", bytesPerSecond: 20_000, afterBytes: 3000 });
  const before = Date.now();
  assert.equal(await breaks(call(resultLink, { timeoutMs: 500 })), "timeout");
  assert.ok(Date.now() - before >= 490);
});

test("a slow server is slow, and right in the end", async () => {
  emulator.fault({ kind: "result", do: "slow", bytesPerSecond: 100_000 });
  const before = Date.now();
  assert.equal((await call(resultLink)).text, whole.text);
  assert.ok(Date.now() - before > 200);
  emulator.fault({ kind: "key", do: "delay", delayMs: 150 });
  const then = Date.now();
  assert.equal((await checkKey()).status, 200);
  assert.ok(Date.now() - then >= 145);
});

test("any status comes in any of the three shapes, with Retry-After in seconds or as a date", async () => {
  const answered = async (fault: Omit<FaultOrder, "kind" | "do">) => {
    emulator.fault({ kind: "key", do: "answer", ...fault });
    return checkKey();
  };
  const object = await answered({ status: 402, message: "no credits" });
  assert.deepEqual([object.status, object.json.error.message], [402, "no credits"]);
  assert.deepEqual((await answered({ status: 422, shape: "text", message: "bad" })).json, { error: "bad" });
  const code = await answered({ status: 423, shape: "code", message: "paused" });
  assert.deepEqual(Object.keys(code.json), ["error", "message"]);
  assert.equal((await answered({ status: 418, body: "plain words" })).text, "plain words");
  assert.deepEqual((await answered({ status: 409, body: { any: "thing" } })).json, { any: "thing" });
  const seconds = await answered({ status: 429, retryAfter: 7 });
  assert.equal(seconds.headers["retry-after"], "7");
  const date = await answered({ status: 503, retryAfter: 30, retryAfterAs: "date" });
  const wait = Date.parse(date.headers["retry-after"] ?? "") - Date.now();
  assert.ok(wait >= 29_000 && wait <= 31_000, date.headers["retry-after"]);
  assert.equal(
    (await answered({ status: 500, headers: { "X-Request-Id": "r1" } })).headers["x-request-id"],
    "r1",
  );
});

test("answers that make no sense", async () => {
  const orders: FaultOrder[] = [
    { kind: "key", do: "html" },
    { kind: "key", do: "empty" },
    { kind: "key", do: "not-json" },
    { kind: "key", do: "wrong-shape" },
    { kind: "key", do: "redirect", location: "http://127.0.0.1:9/" },
  ];
  emulator.fault(...orders);
  const replies: Reply[] = [];
  for (const _ of orders) replies.push(await checkKey());
  assert.deepEqual(
    replies.map((reply) => reply.status),
    [502, 200, 200, 200, 302],
  );
  assert.match(replies[0]?.text ?? "", /<html>/);
  assert.equal(replies[1]?.text, "");
  assert.equal(replies[2]?.json, undefined);
  assert.deepEqual(replies[3]?.json, { hello: "world" });
  assert.equal(replies[4]?.headers.location, "http://127.0.0.1:9/");
});

test("the right answer comes packed, or without a length", async () => {
  emulator.fault({ kind: "result", do: "gzip" });
  const packed = await call(resultLink);
  assert.equal(packed.headers["content-encoding"], "gzip");
  assert.equal(gunzipSync(packed.bytes).toString(), whole.text);
  emulator.fault({ kind: "result", do: "chunked" });
  const chunked = await call(resultLink);
  assert.equal(chunked.headers["content-length"], undefined);
  assert.equal(chunked.text, whole.text);
});

test("storage says that a link has expired, or answers in its own XML", async () => {
  const link = await newLink(emulator, "refused.mp4");
  emulator.fault({ kind: "put", do: "expired" }, { kind: "put", do: "answer", status: 403 });
  const expired = await put(link, Buffer.from("video"));
  assert.equal(expired.status, 400);
  assert.match(expired.text, /ExpiredToken/);
  const refused = await put(link, Buffer.from("video"));
  assert.equal(refused.status, 403);
  assert.match(refused.text, /^<\?xml/);
  assert.equal((await start(emulator, link)).status, 400, "neither had an effect");
});

test("faults are counted, can let requests pass first, and can be meant for one clip or job", async () => {
  emulator.fault({ kind: "key", do: "answer", status: 500, count: 2, skip: 1 });
  const seen: number[] = [];
  for (let n = 0; n < 4; n++) seen.push((await checkKey()).status);
  assert.deepEqual(seen, [200, 500, 500, 200]);

  emulator.fault({ kind: "any", do: "answer", status: 503, match: "two.mp4", count: 0 });
  const one = await start(emulator, await upload(emulator, Buffer.from("video"), "one.mp4"));
  const ask = () => post(`${emulator.url}/video_upload_signed_url/?api_key=demo`, { file_name: "two.mp4" });
  assert.deepEqual([(await ask()).status, (await ask()).status], [503, 503]);
  emulator.clearFaults();
  assert.equal((await ask()).status, 200);

  const two = await start(emulator, await upload(emulator, Buffer.from("video"), "two.mp4"));
  emulator.fault({ kind: "status", do: "answer", status: 500, match: two.json.job_id });
  assert.equal((await poll(emulator, one.json.job_id)).status, 200);
  assert.equal((await poll(emulator, two.json.job_id)).status, 500);
  await delay(30);
  emulator.fault({ kind: "result", do: "answer", status: 500, match: "two.mp4" });
  for (const [{ json }, status] of [[one, 200] as const, [two, 500] as const]) {
    const link = (await outcome(emulator, json.job_id)).output_signed_url;
    assert.equal((await call(link)).status, status);
  }
});

test("an order that names no kind or fault there is, is refused", () => {
  assert.throws(() => emulator.fault({ kind: "upload" as "put", do: "reset" }), /no such kind/);
  assert.throws(() => emulator.fault({ kind: "put", do: "explode" as "reset" }), /no such fault/);
  assert.throws(() => emulator.set({ jobSecs: 3 } as object), /no such setting/);
});
