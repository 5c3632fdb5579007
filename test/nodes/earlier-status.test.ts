import assert from "node:assert/strict";
import { test } from "node:test";
import { runNode } from "../support/helper";

const core = (file: string): ((RED: unknown) => void) => require(`@node-red/nodes/core/common/${file}`);
const onTab = (tab: string) => ({ z: tab, x: 10, y: 10 });
/** An ID of this test's own, as the runtime has one for all tests. */
const named = (name: string, account: string) => account.replace("account-", `${name}-`);

/** An upload node in front of the one under test, with something between them. */
const before = (between: (account: string, tab: string) => Between) => (account: string, tab: string) => {
  const { first, nodes } = between(account, tab);
  const upload = { type: "roboflow-video-upload", account, urlMode: "pass", ...onTab(tab), wires: [[first]] };
  return [{ id: named("before", account), ...upload }, ...nodes];
};

interface Between {
  first: string;
  nodes: ({ id: string; type: string } & Record<string, unknown>)[];
}

const ways: Record<string, (account: string, tab: string) => Between> = {
  "another kind of node, which is wired back as well": (account, tab) => {
    const id = named("between", account);
    const wires = [[named("before", account)], [named("node", account)]];
    return { first: id, nodes: [{ id, type: "helper", ...onTab(tab), wires }] };
  },
  "a link to another place": (account, tab) => {
    const [out, into] = [named("out", account), named("in", account)];
    return {
      first: out,
      nodes: [
        { id: out, type: "link out", mode: "link", links: [into], ...onTab(tab), wires: [] },
        { id: into, type: "link in", links: [out], ...onTab(tab), wires: [[named("node", account)]] },
      ],
    };
  },
};

for (const [way, between] of Object.entries(ways))
  test(`when another clip comes in before it, a node shows how the last one ended in grey: by ${way}`, async (t) => {
    const node = await runNode(
      t,
      { type: "roboflow-video-upload", urlMode: "pass" },
      { apiKey: "key", beside: before(between), types: [core("60-link.js")] },
    );
    await node.send({ payload: "https://example.org/one.mp4" });
    const passed = { shape: "dot", text: "URL passed through" };
    assert.deepEqual(node.statuses().at(-1), { fill: "green", ...passed });

    node.give({ payload: "/no/such/clip.mp4" }, named("before", node.accountId));
    for (const end = performance.now() + 30_000; node.statuses().at(-1)?.fill !== "grey"; ) {
      assert.ok(performance.now() < end, JSON.stringify(node.statuses().at(-1)));
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepEqual(node.statuses().at(-1), { fill: "grey", ...passed });

    await node.send({ payload: "/no/such/clip.mp4" });
    assert.deepEqual(node.statuses().at(-1), { fill: "red", shape: "ring", text: "file not found" });
  });
