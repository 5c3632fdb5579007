import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, test } from "node:test";
import { Network, Semaphore, VideoError } from "../../../nodes/roboflow";
import { type FetchHooks, fetchClip, type RemoteClip } from "../../../nodes/upload/fetch/fetch-clip";
import { type SeenRequest, serve } from "../../support/local-server";

const folder = mkdtempSync(path.join(tmpdir(), "roboflow-fetch-"));
const network = new Network();
after(() => {
  network.close();
  rmSync(folder, { recursive: true, force: true });
});

const clip = randomBytes(300_000);
const sendClip = (response: ServerResponse) =>
  response.writeHead(200, { "content-length": clip.length }).end(clip);
let files = 0;

interface Outcome {
  bytes?: Buffer;
  error?: VideoError;
  waits: number;
}

async function fetched(
  url: string,
  options: Partial<RemoteClip> = {},
  hooks: Partial<FetchHooks> = {},
): Promise<Outcome> {
  const file = path.join(folder, `${files++}.mp4`);
  const outcome: Outcome = { waits: 0 };
  try {
    await fetchClip({ url, network, waitMs: 0, ...options }, file, {
      signal: new AbortController().signal,
      limit: new Semaphore(0),
      isComplete: async () => readFileSync(file).length > 0,
      mostBytes: async () => Number.POSITIVE_INFINITY,
      waiting: () => {
        outcome.waits += 1;
      },
      ...hooks,
    });
    outcome.bytes = readFileSync(file);
  } catch (error) {
    assert.ok(error instanceof VideoError, String(error));
    outcome.error = error;
  }
  return outcome;
}

/** A server whose answers are taken in turn; the last one again and again. */
const answering = (
  t: Parameters<typeof serve>[0],
  ...answers: ((response: ServerResponse, request: SeenRequest) => void)[]
) => {
  let turn = 0;
  return serve(t, (request, response) => {
    const answer = answers[Math.min(turn, answers.length - 1)];
    turn += 1;
    answer?.(response, request);
  });
};
const status =
  (code: number, text = "", headers = {}) =>
  (response: ServerResponse) =>
    void response.writeHead(code, headers).end(text);

test("a clip is fetched whole, with a length and without", async (t) => {
  const { url } = await answering(
    t,
    (response) => void sendClip(response),
    (response) => {
      response.writeHead(200);
      response.write(clip.subarray(0, 1000));
      response.end(clip.subarray(1000));
    },
  );
  for (let time = 0; time < 2; time += 1) assert.deepEqual((await fetched(`${url}/clip.mp4`)).bytes, clip);
});

describe("a clip that is not there yet is asked for again", { concurrency: true }, () => {
  for (const [name, early] of [
    ["Frigate's 400 with JSON", status(400, '{"success":false,"message":"Could not find recording"}')],
    ["404", status(404)],
    ["409", status(409)],
    ["425", status(425)],
    ["503", status(503)],
    ["an empty body", status(200)],
    ["a connection that breaks", (response: ServerResponse) => void response.destroy()],
    [
      "a body that breaks off",
      (response: ServerResponse) => {
        response.writeHead(200, { "content-length": clip.length }).write(clip.subarray(0, 5000));
        setTimeout(() => response.destroy(), 20);
      },
    ],
  ] as const)
    test(name, async (t) => {
      const { url, seen } = await answering(t, early, (response) => void sendClip(response));
      const { bytes, waits } = await fetched(url, { waitMs: 10_000 });
      assert.deepEqual(bytes, clip);
      assert.deepEqual([waits, seen.length], [1, 2]);
    });

  test("until its time is over, also where that is between two tries", async (t) => {
    const { url, seen } = await answering(t, status(404), (response) => void sendClip(response));
    // Less than the first wait.
    const { bytes } = await fetched(url, { waitMs: 1900 });
    assert.deepEqual(bytes, clip);
    assert.equal(seen.length, 2);
  });
});

test("one that does not come in time is INPUT with the server's words; nobody there is NETWORK", async (t) => {
  const { url } = await answering(t, status(400, '{"message":"Could not find recording"}'));
  const { error } = await fetched(`${url}/api/events/7/clip.mp4?token=geheim123`);
  assert.equal(error?.code, "INPUT");
  assert.equal(error?.statusCode, 400);
  assert.equal(error?.serverWords, "Could not find recording");
  assert.deepEqual(error?.values, { url: `${url}/api/events/7/clip.mp4` });
  assert.equal((await fetched("http://127.0.0.1:1/clip.mp4")).error?.code, "NETWORK");
});

test("other refusals are final at once", async (t) => {
  const { url, seen } = await answering(t, status(410, "gone"));
  const { error } = await fetched(url, { waitMs: 10_000 });
  assert.deepEqual([error?.code, error?.reason, seen.length], ["INPUT", "clipRefused", 1]);
});

test("a login in the URL answers the server's challenge, and goes into no request's URL", async (t) => {
  const { url, seen } = await answering(
    t,
    status(401, "", { "www-authenticate": 'Digest realm="cam", nonce="1", qop="auth"' }),
    (response) => void sendClip(response),
  );
  const { bytes } = await fetched(url.replace("//", "//admin:p%40ss@"));
  assert.deepEqual(bytes, clip);
  assert.equal(seen[0]?.headers.authorization, undefined);
  assert.match(seen[1]?.headers.authorization ?? "", /^Digest username="admin"/);
});

test("a login that is refused is AUTH, and is not tried over and over", async (t) => {
  const challenge = { "www-authenticate": 'Digest realm="cam", nonce="1", qop="auth"' };
  const { url, seen } = await answering(t, status(401, "wrong password geheim123", challenge));
  const login = { type: "digest" as const, user: "admin", password: "geheim123" };
  const { error } = await fetched(url, { login, waitMs: 10_000 });
  assert.deepEqual([error?.code, error?.reason, seen.length], ["AUTH", "cameraLoginRefused", 2]);
  assert.doesNotMatch(JSON.stringify(error), /geheim123/);
  assert.equal((await fetched(url)).error?.reason, "cameraLoginNeeded");
});

test("redirects are followed, the login only within its origin", async (t) => {
  const other = await serve(t, (_, response) => void sendClip(response));
  const own = await serve(t, ({ url: asked }, response) => {
    const location = asked === "/a" ? "/b" : `${other.url.replace("127.0.0.1", "localhost")}/c`;
    response.writeHead(302, { location }).end();
  });
  const login = { type: "basic" as const, user: "u", password: "p" };
  assert.deepEqual((await fetched(`${own.url}/a`, { login })).bytes, clip);
  assert.deepEqual(
    own.seen.map(({ headers }) => headers.authorization !== undefined),
    [true, true],
  );
  assert.equal(other.seen[0]?.headers.authorization, undefined);
});

test("a circle of redirects ends", async (t) => {
  const { url, seen } = await answering(t, status(302, "", { location: "/again" }));
  const { error } = await fetched(url);
  assert.deepEqual([error?.code, seen.length], ["INPUT", 6]);
});

test("a deploy ends the wait for a clip at once", async (t) => {
  const { url } = await answering(t, status(404));
  const stop = new AbortController();
  const fetching = fetchClip({ url, network, waitMs: 60_000 }, path.join(folder, "never.mp4"), {
    signal: stop.signal,
    limit: new Semaphore(0),
    isComplete: async () => true,
    mostBytes: async () => Number.POSITIVE_INFINITY,
    waiting: () => stop.abort(new Error("a deploy")),
  });
  await assert.rejects(fetching, /a deploy/);
});
