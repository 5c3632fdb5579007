import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { type Emulator, startEmulator } from "../../emulator/emulator";
import { defaultTimings } from "../../nodes/roboflow/http/limits";
import { waits } from "../../nodes/upload/fetch/fetch-clip";
import { serve } from "../support/local-server";
import { type Seen, throughNode } from "./one-node";
import { asTable } from "./table";

// The row of the matrix for the request that goes to a camera instead of Roboflow: what the emulator can order does not
// happen there, and the answers mean something else.

const apiKey = "rf_Fetch+Key/8Zc1nB";
const login = "kamera:F3tch-Passw0rd";
const yard = readFileSync("demo/clip/yard.mp4");
const half = yard.subarray(0, 50_000);
let emulator: Emulator;
let folder: string;
const cells = new Map<string, string>();

before(async () => {
  emulator = await startEmulator({ apiKey, analyse: false, jobSeconds: 0 });
  folder = mkdtempSync(path.join(tmpdir(), "roboflow-fetch-faults-"));
  // The first use of it takes long, where the limits are as short as here.
  await import("axios");
  Object.assign(defaultTimings, { silence: 300, text: 400, idle: 500 });
  Object.assign(waits, { first: 50, growth: 10, longest: 80 });
});
after(async () => {
  await emulator.close();
  rmSync(folder, { recursive: true, force: true });
  console.log(asTable(["fetch"], Object.keys(faults), cells));
});

type Answer = (response: ServerResponse) => void;
interface Fault {
  answer: Answer;
  /** How it ends when it stays so. */
  code: string;
  statusCode?: number;
  /** Whether it counts as not there yet. */
  passes?: false;
}

const status =
  (code: number, headers = {}): Answer =>
  (response) =>
    void response.writeHead(code, headers).end(`ordered answer ${code} for ${login}`);
const body =
  (bytes: Buffer, headers = {}): Answer =>
  (response) =>
    void response.writeHead(200, headers).end(bytes);
const broken =
  (end: (response: ServerResponse) => void): Answer =>
  (response) => {
    response.writeHead(200, { "content-length": yard.length }).write(half);
    setTimeout(() => end(response), 20);
  };
/** A byte now and then. */
const dripping: Answer = (response) => {
  response.writeHead(200, { "content-length": yard.length });
  let at = 0;
  const timer = setInterval(() => response.write(yard.subarray(at, ++at)), 40);
  response.on("close", () => clearInterval(timer));
};

const faults: Record<string, Fault> = {
  "reset before the answer": { answer: ({ socket }) => socket?.resetAndDestroy(), code: "NETWORK" },
  "reset in the answer": { answer: broken(({ socket }) => socket?.resetAndDestroy()), code: "NETWORK" },
  "silent from the start": { answer: () => {}, code: "TIMEOUT" },
  "slow, then silent": { answer: broken(() => {}), code: "TIMEOUT" },
  "drop by drop": { answer: dripping, code: "TIMEOUT" },
  ...Object.fromEntries(
    [400, 404, 409, 425, 500, 502, 503].map((code) => [
      `HTTP ${code}`,
      { answer: status(code), code: "INPUT", statusCode: code },
    ]),
  ),
  "HTTP 401": { answer: status(401), code: "AUTH", statusCode: 401, passes: false },
  "HTTP 403": { answer: status(403), code: "AUTH", statusCode: 403, passes: false },
  "HTTP 410": { answer: status(410), code: "INPUT", statusCode: 410, passes: false },
  "HTTP 429": { answer: status(429), code: "INPUT", statusCode: 429, passes: false },
  "a redirect to nowhere": {
    answer: status(302, { location: "http://127.0.0.1:9/" }),
    code: "NETWORK",
  },
  "a redirect to another kind of address": {
    answer: status(302, { location: "file:///etc/passwd" }),
    code: "INPUT",
    statusCode: 302,
    passes: false,
  },
  "empty body": { answer: body(Buffer.alloc(0)), code: "INPUT" },
  "half a clip, without a length": { answer: body(half), code: "INPUT" },
  truncated: { answer: broken((response) => response.destroy()), code: "NETWORK" },
  "a web page": { answer: body(Buffer.from("<html><body>Log in")), code: "INPUT", passes: false },
};

async function fetched(t: TestContext, answers: Answer[], wait: number): Promise<[Seen, number]> {
  let turn = 0;
  const camera = await serve(t, (_, response) => {
    answers[Math.min(turn++, answers.length - 1)]?.(response);
  });
  const seen = await throughNode(t, {
    type: "upload",
    account: { baseUrl: emulator.url },
    apiKey,
    userDir: folder,
    properties: { wait, keepHours: 0 },
    msg: { payload: `${camera.url.replace("//", `//${login}@`)}/clip.mp4` },
  });
  const told = JSON.stringify(seen.caught.map(({ error }) => error)) + seen.shown;
  assert.doesNotMatch(told, /F3tch|a2FtZXJh/, "the login");
  assert.equal(seen.sent.length + seen.caught.length, 1, "one outcome");
  assert.deepEqual(seen.leftovers, []);
  return [seen, camera.seen.length];
}

for (const [name, { answer, code, statusCode, passes = true }] of Object.entries(faults)) {
  test(`fetch: ${name}, for good: ends in ${code}`, async (t) => {
    const [{ caught }, tries] = await fetched(t, [answer], 0.2);
    const [failed] = caught;
    cells.set(`fetch ${name}`, `${failed?.error.code} ${passes ? "…" : tries}`);
    assert.equal(failed?.error.code, code, failed?.error.message);
    assert.equal(failed?.statusCode, statusCode);
    if (!passes) assert.equal(tries, 1, "believed at once");
  });
  if (passes)
    test(`fetch: ${name}, for a while: the clip is fetched and goes on`, async (t) => {
      const [{ sent, caught }, tries] = await fetched(t, [answer, answer, body(yard)], 60);
      assert.equal(caught[0]?.error.message, undefined);
      assert.equal(sent.length, 1);
      assert.equal(tries, 3);
      assert.equal(emulator.ledger.uploads.at(-1)?.size, yard.length);
      cells.set(`fetch ${name}`, `${cells.get(`fetch ${name}`)}, 2× → sent`);
    });
}

test("fetch: a packed answer is unpacked", async (t) => {
  const [{ sent }] = await fetched(t, [body(gzipSync(yard), { "content-encoding": "gzip" })], 0);
  assert.equal(sent.length, 1);
  assert.equal(emulator.ledger.uploads.at(-1)?.size, yard.length);
});

test("fetch: nobody there is NETWORK, and is asked again", async (t) => {
  const seen = await throughNode(t, {
    type: "upload",
    account: { baseUrl: emulator.url },
    apiKey,
    userDir: folder,
    properties: { wait: 0.3 },
    msg: { payload: "http://127.0.0.1:1/clip.mp4" },
  });
  assert.equal(seen.caught[0]?.error.code, "NETWORK");
  assert.match(seen.shown, /waitingForClip/);
});
