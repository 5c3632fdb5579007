import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { ClipStore } from "../../../nodes/upload/clip-store";

test("what was fetched for a message that waits to be taken up again stays, whatever keepHours says", async (t) => {
  const root = mkdtempSync(path.join(tmpdir(), "clip-store-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const store = new ClipStore(root);
  const inHand = new Set(["waiting"]);
  const keeper = { keepMs: 0, filesInJournal: () => new Set(), idsInHand: () => inHand };
  store.join("node", keeper);
  t.after(() => store.leave("node", keeper));
  const fetched: Record<string, string> = {};
  for (const entry of ["waiting", "done"]) {
    const place = store.place("node", entry);
    fetched[entry] = await place.write(
      async (part) => writeFileSync(part, "clip"),
      () => "fetched.mp4",
    );
    // As a deploy does.
    place.leave();
  }
  const there = () => Object.entries(fetched).filter(([, file]) => existsSync(file));
  await store.sweep();
  assert.deepEqual(there(), [["waiting", fetched.waiting]]);
  inHand.clear();
  await store.sweep();
  assert.deepEqual(there(), []);
});
