import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Network, RoboflowClient, type VideoError } from "../../../nodes/roboflow";
import { unhurried } from "../../support/client-of";
import { answerJson, serve } from "../../support/local-server";

/** Milliseconds that an answer takes, of those that it may take: far more, since the machine may be busy. */
const [takes, silence] = [300, 2500];

/** A server that takes its time. @returns how many requests it had in flight at most */
async function slowServer(t: TestContext) {
  let inFlight = 0;
  const seen = { most: 0 };
  const server = await serve(t, (_, response) => {
    inFlight += 1;
    seen.most = Math.max(seen.most, inFlight);
    setTimeout(() => {
      inFlight -= 1;
      answerJson(response, { status: 1, signed_url: "https://storage.example/x" });
    }, takes);
  });
  const network = new Network({ proxyFor: () => false, timings: { silence } });
  t.after(() => network.close());
  return { client: new RoboflowClient(server.url, "rf_key", network), seen };
}

test("calls that wait for a connection are not taken for unanswered, however long they wait", async (t) => {
  const { client, seen } = await slowServer(t);
  const failures: string[] = [];
  const pause = ({ code }: VideoError) => void failures.push(code);
  const calls = Array.from({ length: 240 }, (_, n) =>
    client.createUploadUrl(`clip-${n}.mp4`, { signal: unhurried, pause }),
  );
  await Promise.all(calls);
  assert.deepEqual(failures, []);
  assert.ok(seen.most <= 64, `${seen.most} at once`);
});

test("polls neither, and an upload does not wait behind them", async (t) => {
  const { client, seen } = await slowServer(t);
  let polled = 0;
  const polls = Array.from({ length: 640 }, (_, n) =>
    client.polls.run(async () => {
      await client.jobStatus(`job-${n}`, { signal: unhurried });
      polled += 1;
    }, unhurried),
  );
  await client.createUploadUrl("clip.mp4", { signal: unhurried });
  assert.ok(polled < 320, `${polled} polls came first`);
  await Promise.all(polls);
  assert.ok(seen.most <= 64, `${seen.most} at once`);
});
