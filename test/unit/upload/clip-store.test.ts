import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { ClipStore } from "../../../nodes/upload/clip-store";

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), "clip-store-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test("of messages that a deploy has cut off, nothing is remembered once they are settled", async (t) => {
  const store = new ClipStore(root);
  const keeper = { keepMs: 60_000, filesInJournal: () => new Set(), idsInHand: () => new Set<string>() };
  store.join("node", keeper);
  t.after(() => store.leave("node", keeper));
  const write = (entry: string) => {
    const place = store.place("node", entry);
    return place
      .write(
        async (part) => writeFileSync(part, "clip"),
        () => "fetched.mp4",
      )
      .then(() => place);
  };
  for (let entry = 0; entry < 10; entry += 1) {
    // Cut off before anything was written, and then done again, or never heard of any more.
    store.place("node", `again-${entry}`).leave();
    await store.place("node", `again-${entry}`).remove();
    store.place("node", `gone-${entry}`).leave();
    (await write(`fetched-${entry}`)).leave();
    await store.place("node", `fetched-${entry}`).remove();
  }
  const kept = await write("kept");
  await kept.keep(path.join(kept.folder, "fetched.mp4"));
  await store.sweep();
  assert.equal(store.counted, 1, "the one that is kept for its time");
});

test("what was fetched for a message that waits to be taken up again stays, whatever keepHours says", async (t) => {
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

test("a node that has taken another's place with a deploy keeps its clips for as long as it says", async (t) => {
  const store = new ClipStore(root);
  const keeper = (keepMs: number) => ({
    keepMs,
    filesInJournal: () => new Set(),
    idsInHand: () => new Set<string>(),
  });
  const [before, after] = [keeper(60_000), keeper(0)];
  store.join("node", before);
  store.join("node", after);
  t.after(() => store.leave("node", after));
  const place = store.place("node", "entry");
  const fetched = await place.write(
    async (part) => writeFileSync(part, "clip"),
    () => "fetched.mp4",
  );
  await place.keep(fetched);
  // The one before it is late to go.
  store.leave("node", before);
  await store.sweep();
  assert.equal(existsSync(fetched), false);
});
