import assert from "node:assert/strict";
import { test } from "node:test";
import type { RoboflowClient } from "../../../nodes/roboflow";
import { clientOf, knownKey, unhurried } from "../../support/client-of";
import { answerJson, serve } from "../../support/local-server";
import { quickRetries } from "../../support/quick-retries";

const job = {
  input_url: "https://storage.example/yard.mp4?X-Goog-Signature=s",
  infer_fps: 5,
  models: [
    {
      model_id: "rock-paper-scissors-presentation",
      model_version: "4",
      inference_type: "object-detection",
      inference_params: { confidence: 0.4 },
    },
  ],
};

/** Starts the job and notes what the client says of its intention. */
async function startJob(client: RoboflowClient) {
  const told: string[] = [];
  const started = client.startJob(job, {
    signal: unhurried,
    answerSignal: unhurried,
    intend: async () => void told.push("intend"),
    withdraw: () => void told.push("withdraw"),
  });
  const jobId = await started.catch((error: unknown) => {
    throw Object.assign(error as Error, { told });
  });
  return { jobId, told };
}

test("a job is started with exactly the JSON of the reference page", async (t) => {
  const server = await serve(t, (_, response) =>
    answerJson(response, { job_id: "fec28362-f7d9", message: "scheduled" }),
  );
  const { jobId, told } = await startJob(clientOf(t, server.url));
  assert.equal(jobId, "fec28362-f7d9");
  assert.deepEqual(told, ["intend"]);
  const [request] = server.seen;
  assert.equal(request?.method, "POST");
  assert.equal(request?.url, `/videoinfer/?api_key=${encodeURIComponent(knownKey)}`);
  assert.equal(
    request?.body.toString(),
    '{"input_url":"https://storage.example/yard.mp4?X-Goog-Signature=s","infer_fps":5,"models":[{"model_id":"rock-paper-scissors-presentation","model_version":"4","inference_type":"object-detection","inference_params":{"confidence":0.4}}]}',
  );
  assert.equal(request?.headers["content-length"], String(request?.body.length));
  assert.equal(request?.headers["transfer-encoding"], undefined);
});

test("the job id is read in both spellings, and as a number", async (t) => {
  for (const [answer, expected] of [
    [{ jobId: "abc" }, "abc"],
    [{ job_id: 1234 }, "1234"],
    [{ job_id: " padded " }, "padded"],
  ] as const) {
    const server = await serve(t, (_, response) => answerJson(response, answer));
    assert.equal((await startJob(clientOf(t, server.url))).jobId, expected);
  }
});

test("a start that the server took without naming a job is uncertain, not sent again", async (t) => {
  const server = await serve(t, (_, response) => answerJson(response, { message: "scheduled" }));
  await assert.rejects(startJob(clientOf(t, server.url)), { code: "START_UNCERTAIN", told: ["intend"] });
  assert.equal(server.seen.length, 1);
});

test("a start whose connection breaks after it was sent is uncertain, not sent again", async (t) => {
  const server = await serve(t, (_, response) => response.destroy());
  await assert.rejects(startJob(clientOf(t, server.url)), { code: "START_UNCERTAIN", told: ["intend"] });
  assert.equal(server.seen.length, 1);
});

test("a start that meets a gateway's 502 is uncertain, with its status and words", async (t) => {
  const server = await serve(t, (_, response) => {
    response.writeHead(502, { "content-type": "text/html" });
    response.end("<html><head><title>502 Bad Gateway</title></head></html>");
  });
  await assert.rejects(startJob(clientOf(t, server.url)), {
    code: "START_UNCERTAIN",
    statusCode: 502,
    serverWords: "502 Bad Gateway",
  });
  assert.equal(server.seen.length, 1);
});

for (const [status, name] of [
  [500, "an error of the server"],
  [503, "503, also in the API's own form and with Retry-After"],
] as const)
  test(`a start that meets ${name} is uncertain, and not sent again`, async (t) => {
    const server = await serve(t, (_, response) => {
      response.setHeader("retry-after", "1");
      answerJson(response, { error: { message: "busy" } }, status);
    });
    await assert.rejects(startJob(clientOf(t, server.url)), {
      code: "START_UNCERTAIN",
      statusCode: status,
      told: ["intend"],
    });
    assert.equal(server.seen.length, 1);
  });

test("a server error that names a job is reported with the job's ID", async (t) => {
  const server = await serve(t, (_, response) =>
    answerJson(response, { error: "timed out", job_id: "fec28362" }, 504),
  );
  await assert.rejects(startJob(clientOf(t, server.url)), { code: "START_UNCERTAIN", jobId: "fec28362" });
});

const tooMany: [name: string, headers: Record<string, string>, body: string][] = [
  ["the API itself", {}, '{"error": "too many requests"}'],
  ["the API itself, in its longest form", {}, '{"error": {"message": "too many", "type": "x"}}'],
  ["a gateway that says when to come again", { "retry-after": "0" }, "<html>slow down</html>"],
];
for (const [name, headers, body] of tooMany)
  test(`a start refused with 429 by ${name} was not taken, and is sent again`, async (t) => {
    quickRetries(t);
    let asked = 0;
    const server = await serve(t, (_, response) => {
      asked += 1;
      if (asked < 3) response.writeHead(429, headers).end(body);
      else answerJson(response, { job_id: "third-time" });
    });
    const { jobId, told } = await startJob(clientOf(t, server.url));
    assert.equal(jobId, "third-time");
    assert.deepEqual(told, ["intend", "withdraw", "intend", "withdraw", "intend"]);
  });

for (const body of ["<html><title>Too many requests</title></html>", '{"message": "limit exceeded"}', ""])
  test(`a 429 that may come from a gateway (${body}) is not retried`, async (t) => {
    quickRetries(t);
    const server = await serve(t, (_, response) => response.writeHead(429).end(body));
    await assert.rejects(startJob(clientOf(t, server.url)), {
      code: "RATE_LIMIT",
      statusCode: 429,
      told: ["intend"],
    });
    assert.equal(server.seen.length, 1);
  });

test("a server that is not there cannot have taken the start", async (t) => {
  quickRetries(t);
  await assert.rejects(startJob(clientOf(t, "http://127.0.0.1:1")), (error: Error) => {
    const { code, cause, told } = error as Error & { code: string; cause: { code: string }; told: string[] };
    assert.equal(code, "NETWORK");
    assert.equal(cause.code, "ECONNREFUSED");
    assert.deepEqual(new Set(told), new Set(["intend", "withdraw"]));
    assert.equal(told.at(-1), "withdraw");
    return true;
  });
});
