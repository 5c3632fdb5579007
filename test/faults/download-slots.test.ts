import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { defaultTimings } from "../../nodes/roboflow/http/limits";
import { retries } from "../../nodes/roboflow/http/retry";
import { runNode } from "../support/helper";
import { answerJson, serve } from "../support/local-server";

/** Downloads of one node at a time. */
const slots = 4;
const result = { frame_offset: [0], time_offset: [0], yard: [{ predictions: [] }] };
const usual = { ...defaultTimings, ...retries.repeatable };

before(() => {
  Object.assign(defaultTimings, { silence: 300, text: 300, idle: 400 });
  Object.assign(retries.repeatable, { tries: 2, first: 5 });
});
after(() => {
  const { silence, text, idle, tries, first } = usual;
  Object.assign(defaultTimings, { silence, text, idle });
  Object.assign(retries.repeatable, { tries, first });
});

const drops = {
  "its results": { "content-length": "1000000" },
  "results of no known length": {},
};
for (const [name, headers] of Object.entries(drops))
  test(`a server that sends ${name} byte by byte does not keep other downloads waiting`, async (t) => {
    const server = await serve(t, ({ url }, response) => {
      if (url === "/fine") return answerJson(response, result);
      response.writeHead(200, headers).write("{");
      const timer = setInterval(() => response.write(" "), 50);
      response.on("close", () => clearInterval(timer));
    });
    const node = await runNode(t, { type: "roboflow-video-download", output: "results" }, { account: false });
    const give = (path: string) => node.give({ payload: { output_signed_url: server.url + path } });
    const dripping = Array.from({ length: slots }, (_, n) => give(`/drops/${n}`));
    const fine = give("/fine");
    const { completed } = await node.outcomeOf(fine);
    assert.deepEqual(completed?.payload, result);
    for (const msgid of dripping) {
      const { caught } = await node.outcomeOf(msgid);
      assert.equal(caught?.error.code, "TIMEOUT");
    }
    assert.equal(server.seen.length, 2 * slots + 1);
  });
