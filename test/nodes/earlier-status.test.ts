import assert from "node:assert/strict";
import { test } from "node:test";
import { runNode } from "../support/helper";

/** A node in front of the one under test, with another kind of node between them. */
const before = (account: string, tab: string) => {
  const id = account.replace("account-", "before-");
  const between = account.replace("account-", "between-");
  const onTab = { z: tab, x: 10, y: 10 };
  return [
    { id, type: "roboflow-video-upload", account, urlMode: "pass", ...onTab, wires: [[between]] },
    { id: between, type: "helper", ...onTab, wires: [[account.replace("account-", "node-")]] },
  ];
};

test("when another clip comes in before it, a node shows how the last one ended in grey", async (t) => {
  const node = await runNode(
    t,
    { type: "roboflow-video-upload", urlMode: "pass" },
    { apiKey: "key", beside: before },
  );
  await node.send({ payload: "https://example.org/one.mp4" });
  const passed = { shape: "dot", text: "URL passed through" };
  assert.deepEqual(node.statuses().at(-1), { fill: "green", ...passed });

  node.give({ payload: "/no/such/clip.mp4" }, node.accountId.replace("account-", "before-"));
  for (const end = performance.now() + 30_000; node.statuses().at(-1)?.fill !== "grey"; ) {
    assert.ok(performance.now() < end, JSON.stringify(node.statuses().at(-1)));
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(node.statuses().at(-1), { fill: "grey", ...passed });

  await node.send({ payload: "/no/such/clip.mp4" });
  assert.deepEqual(node.statuses().at(-1), { fill: "red", shape: "ring", text: "file not found" });
});
