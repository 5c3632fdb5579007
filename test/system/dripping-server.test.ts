import assert from "node:assert/strict";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { catchNodes, type FlowNode, injectNodes, NodeRed, recordNode } from "../support/node-red";
import { newUserDir } from "../support/pipeline";

/** Seconds that the poll node waits for a job; an answer at this pace takes minutes. */
const limit = 4;
const betweenDrops = 300;

let nodeRed: NodeRed;
let polls: number;
const timers = new Set<NodeJS.Timeout>();
const server = createServer((_, response) => {
  polls += 1;
  drip(response, JSON.stringify({ status: 1, message: "still at it".repeat(100) }));
});

/** Sends an answer byte by byte, as a server does that only keeps its connections open. */
function drip(response: ServerResponse, text: string): void {
  response.writeHead(200, { "content-type": "application/json", "content-length": text.length });
  let at = 0;
  const timer = setInterval(() => response.write(text[at++] ?? ""), betweenDrops);
  timers.add(timer);
  response.on("close", () => clearInterval(timer));
}

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const flows: FlowNode[] = [
    { id: "tab", type: "tab", label: "drops" },
    { id: "account", type: "roboflow-video-account", baseUrl: `http://127.0.0.1:${port}` },
    ...injectNodes("job", ["poll"]),
    {
      id: "poll",
      type: "roboflow-video-poll",
      z: "tab",
      account: "account",
      interval: 1,
      timeout: limit / 3600,
      wires: [["record-done"], ["record-running"]],
    },
    recordNode("done"),
    recordNode("running"),
    ...catchNodes(),
  ];
  nodeRed = await NodeRed.start({
    userDir: newUserDir(),
    flows,
    credentials: { account: { apiKey: "demo" } },
  });
});
after(async () => {
  await nodeRed?.stop();
  for (const timer of timers) clearInterval(timer);
  server.closeAllConnections();
  server.close();
});

test("a status answer that comes drop by drop does not hold a job past its time limit", async () => {
  polls = 0;
  const began = performance.now();
  await nodeRed.inject("job", { payload: "job-1" });
  const [caught] = await nodeRed.recorded("caught");
  const took = (performance.now() - began) / 1000;
  assert.equal(caught?.msg.error.code, "JOB_TIMEOUT");
  assert.match(caught?.msg.error.message, /job-1/);
  assert.ok(took >= limit && took < limit + 10, `${took} s`);
  assert.equal(polls, 1, "its one poll was not answered to the end");
  assert.deepEqual(nodeRed.records("done"), []);
});
