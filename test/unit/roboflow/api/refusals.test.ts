import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { videoBuffer } from "../../../../nodes/roboflow";
import { clientOf, emulatorFor, knownKey, unhurried } from "../../../support/client-of";
import { answerJson, serve } from "../../../support/local-server";
import { quickRetries } from "../../../support/quick-retries";
import { recording } from "../../../support/recordings";

const xml = (code: string, message: string) =>
  `<?xml version='1.0' encoding='UTF-8'?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;

const shapes: [name: string, body: string, words: string][] = [
  [
    "an object with message, hint and type",
    '{"error":{"message":"This key is gone.","type":"OAuthException","hint":"Make a new one."}}',
    "This key is gone.; Make a new one.; OAuthException",
  ],
  ["an object with a message alone", '{"error":{"message":"No."}}', "No."],
  ["a text", '{"error":"No such thing"}', "No such thing"],
  [
    "a code beside a message",
    '{"error":"not_allowed","message":"Ask your admin"}',
    "Ask your admin; not_allowed",
  ],
  ["storage's XML", xml("AccessDenied", "Access denied."), "AccessDenied: Access denied."],
  [
    "a page of a proxy",
    "<!DOCTYPE html><html><head><title>Sign in</title></head><body>…</body></html>",
    "Sign in",
  ],
  ["a bare text", "go\n  away", "go away"],
  ["JSON of another shape", '{"oops":1}', '{"oops":1}'],
  ["nothing", "", ""],
];

for (const [name, body, words] of shapes) {
  test(`the server's words are found in ${name}`, async (t) => {
    const server = await serve(t, (_, response) => response.writeHead(422).end(body));
    await assert.rejects(clientOf(t, server.url).jobStatus("j", { signal: unhurried }), (error: Error) => {
      const told = error as Error & { code: string; statusCode: number; serverWords?: string };
      assert.equal(told.code, "REJECTED");
      assert.equal(told.statusCode, 422);
      assert.equal(told.serverWords ?? "", words);
      return true;
    });
  });
}

test("a long answer is cut short", async (t) => {
  const server = await serve(t, (_, response) => response.writeHead(422).end("x".repeat(5000)));
  await assert.rejects(clientOf(t, server.url).jobStatus("j", { signal: unhurried }), (error: Error) => {
    assert.ok((error as Error & { serverWords: string }).serverWords.length <= 301);
    return true;
  });
});

const codes: [status: number, words: string, code: string][] = [
  [400, "bad", "REJECTED"],
  [401, "key", "AUTH"],
  [402, "pay", "PLAN"],
  [403, "no", "AUTH"],
  [404, "where", "NOT_FOUND"],
  [409, "conflict", "REJECTED"],
  [413, "too large", "REJECTED"],
  [423, "paused", "REJECTED"],
  [429, "too many requests", "RATE_LIMIT"],
  [429, "You have no credits left", "PLAN"],
  [500, "oops", "SERVER"],
  [503, "busy", "SERVER"],
];

for (const [status, words, code] of codes) {
  test(`HTTP ${status} "${words}" is ${code}`, async (t) => {
    const server = await serve(t, (_, response) => answerJson(response, { error: words }, status));
    await assert.rejects(clientOf(t, server.url).jobStatus("j", { signal: unhurried }), {
      code,
      statusCode: status,
      serverWords: words,
    });
  });
}

test("429 is tried again a bounded number of times, and its words are kept", async (t) => {
  quickRetries(t);
  const server = await serve(t, (_, response) => answerJson(response, { error: "slow down" }, 429));
  await assert.rejects(clientOf(t, server.url).createUploadUrl("a.mp4", { signal: unhurried }), {
    code: "RATE_LIMIT",
    serverWords: "slow down",
  });
  assert.equal(server.seen.length, 5);
});

test("no credits left is not tried again, in whichever status it comes", async (t) => {
  quickRetries(t);
  for (const status of [402, 429]) {
    const server = await serve(t, (_, response) =>
      answerJson(response, { error: "no credits left" }, status),
    );
    await assert.rejects(clientOf(t, server.url).createUploadUrl("a.mp4", { signal: unhurried }), {
      code: "PLAN",
    });
    assert.equal(server.seen.length, 1);
  }
});

test("Retry-After is kept to", async (t) => {
  quickRetries(t);
  let asked = 0;
  const server = await serve(t, (_, response) => {
    asked += 1;
    if (asked === 1) response.writeHead(503, { "retry-after": "1" }).end();
    else answerJson(response, { signed_url: "https://s.example/x" });
  });
  const begin = performance.now();
  await clientOf(t, server.url).createUploadUrl("a.mp4", { signal: unhurried });
  assert.ok(performance.now() - begin >= 990);
});

test("a redirect is REJECTED, and nothing follows it: the key stays where it belongs", async (t) => {
  quickRetries(t);
  const elsewhere = await serve(t, (_, response) =>
    answerJson(response, { signed_url: "https://s.example/x", job_id: "stolen", status: 1 }),
  );
  for (const status of [301, 302, 303, 307, 308]) {
    const server = await serve(t, ({ url }, response) =>
      response.writeHead(status, { location: elsewhere.url + url }).end(),
    );
    const client = clientOf(t, server.url);
    const refused = { code: "REJECTED", reason: "redirect", statusCode: status };
    await assert.rejects(client.createUploadUrl("a.mp4", { signal: unhurried }), refused);
    await assert.rejects(client.jobStatus("j", { signal: unhurried }), refused);
    await assert.rejects(
      client.startJob(
        { input_url: "https://s.example/x", infer_fps: 5, models: [] },
        { signal: unhurried, answerSignal: unhurried, intend: async () => {}, withdraw: () => {} },
      ),
      refused,
    );
    assert.equal(server.seen.length, 3);
  }
  assert.equal(elsewhere.seen.length, 0);
});

test("storage's redirect is not followed with the video either", async (t) => {
  const elsewhere = await serve(t, (_, response) => response.end());
  const emulator = await emulatorFor(t);
  emulator.fault({ kind: "put", do: "redirect", status: 307, location: elsewhere.url });
  await assert.rejects(
    clientOf(t, emulator.url).upload("a.mp4", videoBuffer(recording(), "a.mp4"), { signal: unhurried }),
    { code: "REJECTED", reason: "redirect", statusCode: 307 },
  );
  assert.equal(elsewhere.seen.length, 0);
});

test("a server that takes the request and stays silent is a TIMEOUT", async (t) => {
  quickRetries(t);
  const server = await serve(t, () => {});
  await assert.rejects(clientOf(t, server.url).jobStatus("j", { signal: unhurried }), {
    code: "TIMEOUT",
    reason: "silentServer",
  });
});

test("an error of the network holds a code and a message, and nothing of the request", async (t) => {
  quickRetries(t);
  const server = await serve(t, (_, response) => response.destroy());
  await assert.rejects(clientOf(t, server.url).jobStatus("j", { signal: unhurried }), (error: Error) => {
    assert.equal((error as Error & { code: string }).code, "NETWORK");
    assert.deepEqual(Object.keys(error.cause as object).sort(), ["code", "message"]);
    const everything = inspect(error, { depth: 20, showHidden: true });
    assert.ok(!everything.includes(knownKey) && !everything.includes(encodeURIComponent(knownKey)));
    return true;
  });
});

test("an aborted request ends with the reason that was given", async (t) => {
  const server = await serve(t, () => {});
  const controller = new AbortController();
  const reason = new Error("a deploy");
  const asked = clientOf(t, server.url).jobStatus("j", { signal: controller.signal });
  setTimeout(() => controller.abort(reason), 50);
  await assert.rejects(asked, reason);
});
