import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { type Emulator, startEmulator } from "../../emulator/emulator";
import { Network, RoboflowClient } from "../../nodes/roboflow";
import { retries } from "../../nodes/roboflow/http/retry";
import { answerJson, serve } from "../support/local-server";

const apiKey = "rf_ListingKey2bN";
const hooks = { signal: new AbortController().signal };
let emulator: Emulator;
let client: RoboflowClient;

before(async () => {
  emulator = await startEmulator({ apiKey });
  client = new RoboflowClient(emulator.url, apiKey, new Network({ proxyFor: () => false }));
  for (const policy of Object.values(retries)) policy.first = 5;
});
beforeEach(() => {
  emulator.clearFaults();
  emulator.ledger.clear();
});
after(async () => {
  client.network.close();
  await emulator.close();
});

for (const kind of ["key", "workspace", "project"] as const)
  for (const fault of ["empty", "not-json", "wrong-shape"] as const)
    test(`a ${kind} answer that makes no sense (${fault}) is an error, not a shorter list`, async () => {
      emulator.fault({ kind, do: fault, count: 0 });
      await assert.rejects(client.models(hooks), { code: "SERVER", statusCode: 200 });
    });

test("trouble with one project is asked again about, and ends as an error", async () => {
  emulator.fault({ kind: "project", do: "answer", status: 500 }, { kind: "project", do: "reset" });
  assert.ok((await client.models(hooks)).models.length > 1);
  emulator.fault({ kind: "project", do: "answer", status: 500, match: "yard-motion", count: 0 });
  await assert.rejects(client.models(hooks), { code: "SERVER", statusCode: 500 });
});

test("when one project fails, the others of a long list are not asked for any more", async (t) => {
  const projects = Array.from({ length: 40 }, (_, at) => ({
    id: `yard/p${at}`,
    type: "object-detection",
    versions: 1,
  }));
  const { url, seen } = await serve(t, ({ url: asked }, response) => {
    if (asked.startsWith("/?")) return answerJson(response, { workspace: "yard" });
    if (asked.startsWith("/yard?")) return answerJson(response, { workspace: { name: "Yard", projects } });
    if (asked.startsWith("/yard/p0?")) return answerJson(response, { error: "denied" }, 401);
    setTimeout(() => answerJson(response, { versions: [] }), 10);
  });
  const network = new Network({ proxyFor: () => false });
  t.after(() => network.close());
  await assert.rejects(new RoboflowClient(url, apiKey, network).models(hooks), { code: "AUTH" });
  await new Promise((resolve) => setTimeout(resolve, 150));
  const asked = seen.length - 2;
  assert.ok(asked < projects.length / 2, `${asked} projects were asked for`);
});

test("a project that this key may not see, or that has gone, is left out", async () => {
  const all = (await client.models(hooks)).models;
  for (const status of [403, 404]) {
    emulator.fault({ kind: "project", do: "answer", status, match: "yard-motion" });
    const { models } = await client.models(hooks);
    assert.deepEqual(
      models.map(({ modelId }) => modelId),
      all.map(({ modelId }) => modelId).filter((id) => id !== "yard-motion"),
    );
  }
});
