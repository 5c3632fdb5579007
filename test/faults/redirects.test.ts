import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { type Emulator, startEmulator } from "../../emulator/emulator";
import { serve } from "../support/local-server";
import { clipId, type RequestRow, requestRows } from "./requests";

const apiKey = "rf_RedirectedKey3xW";
let emulator: Emulator;
let folder: string;

before(async () => {
  emulator = await startEmulator({ apiKey, analyse: false, jobSeconds: 0 });
  folder = mkdtempSync(path.join(tmpdir(), "roboflow-redirects-"));
});
after(async () => {
  await emulator.close();
  rmSync(folder, { recursive: true, force: true });
});

for (const [name, row] of Object.entries(requestRows) as [string, RequestRow][])
  for (const status of [301, 302, 303, 307, 308])
    test(`${name}: a redirect (${status}) to another host ends in REJECTED, and nothing is asked there`, async (t) => {
      const elsewhere = await serve(t, (_, response) => response.end("{}"));
      const impose = async () =>
        emulator.fault({
          kind: row.kind,
          do: "redirect",
          status,
          location: `${elsewhere.url}/videoinfer/?api_key=${apiKey}`,
          count: 0,
        });
      emulator.clearFaults();
      emulator.set({ storageUrl: "" });
      const world = { emulator, front: emulator.url, folder, apiKey, limit: 5, large: false, impose };
      const { sent, caught } = await row.run(t, world);
      assert.deepEqual(elsewhere.seen, []);
      assert.deepEqual(sent, []);
      assert.equal(caught.length, 1);
      assert.equal(caught[0]?.error.code, "REJECTED");
      assert.match(caught[0]?.error.message, /redirect/);
      assert.ok(!JSON.stringify(caught[0]?.error).includes(apiKey));
      assert.equal(caught[0]?.roboflow.id, clipId);
      // While a job is waited for, something between may redirect for a while.
      const times = row.kind === "status" ? 3 : 1;
      assert.equal(emulator.ledger.of(row.kind).length, times, `asked ${times} times`);
    });
