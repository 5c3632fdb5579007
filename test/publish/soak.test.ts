import assert from "node:assert/strict";
import { it } from "node:test";
import { soak } from "../../soak/run";

/** `npm run soak -- --minutes 10` takes as long as it says; CI has a minute for it. */
const minutes = 1;

it("after a minute of clips, faults, deploys and kills, Node-RED holds what it held before", {
  skip: process.platform !== "linux" && "reads /proc",
}, async (t) => {
  const lines: string[] = [];
  const problems = await soak({ minutes, tell: (line) => lines.push(line) }).finally(() => {
    for (const line of lines) t.diagnostic(line);
  });
  assert.deepEqual(problems, []);
  assert.match(lines.join("\n"), /errors \{"\w+":\d+,/, "nothing went wrong on the way");
});
