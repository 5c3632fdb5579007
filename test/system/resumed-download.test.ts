import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, afterEach, before, describe, it } from "node:test";
import { type FlowNode, injectNodes, NodeRed, recordNode } from "../support/node-red";
import { newUserDir } from "../support/pipeline";

const count = 20_000;
const column = <T>(value: (index: number) => T) => Array.from({ length: count }, (_, index) => value(index));
const box = { x: 1, y: 2, width: 3, height: 4, confidence: 0.9, class_id: 0 };
/** Each class comes back too late to belong to its last event. */
const result = JSON.stringify({
  frame_offset: column((index) => index),
  time_offset: column((index) => index),
  people: column((index) => ({ image: null, predictions: [{ ...box, class: `class ${index % 5}` }] })),
});

const flows = (output: string): FlowNode[] => [
  { id: "tab", type: "tab" },
  ...injectNodes("job", ["download"]),
  { id: "download", type: "roboflow-video-download", z: "tab", output, wires: [["record-sent"]] },
  recordNode("sent"),
];

describe("a download whose process is killed while it sends", () => {
  let server: Server;
  let nodeRed: NodeRed | undefined;
  let userDir = "";
  before(async () => {
    server = createServer((_, response) => response.end(result));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterEach(async () => {
    await nodeRed?.kill();
    rmSync(userDir, { recursive: true, force: true });
  });
  after(() => server.close());

  for (const output of ["frames", "events"])
    it(`sends all ${output} after the restart, with the same parts.id, indexes and payloads`, async () => {
      userDir = newUserDir();
      nodeRed = await NodeRed.start({ userDir, flows: flows(output) });
      const { port } = server.address() as AddressInfo;
      await nodeRed.inject("job", { payload: { output_signed_url: `http://127.0.0.1:${port}/` } });
      await nodeRed.recorded("sent", 100);
      await nodeRed.kill();
      const before = nodeRed.records("sent");
      assert.ok(before.length < count, "it had sent all of them");

      nodeRed = await NodeRed.start({ ...nodeRed.options, keepFlows: true });
      const again = (await nodeRed.recorded("sent", before.length + count, 60_000)).slice(before.length);
      assert.equal(again.length, count);
      for (const [index, { msg }] of again.entries()) {
        const { id, ...place } = msg.parts;
        assert.equal(id, before[0]?.msg.parts.id);
        assert.deepEqual(place, { type: "array", index, count, len: 1 });
        if (before[index]) assert.deepEqual(msg.payload, before[index].msg.payload);
      }
    });
});
