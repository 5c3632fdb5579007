import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach } from "node:test";
import { Journal } from "../../../../nodes/runtime/journal/journal";

/** The journal's folder of the test that runs; each test has one of its own. */
export let root: string;
beforeEach(() => {
  root = path.join(mkdtempSync(path.join(tmpdir(), "roboflow-journal-")), "roboflow-video");
});
afterEach(() => rmSync(path.dirname(root), { recursive: true, force: true }));

/** The files of a node's entries. */
export const files = (node: string) =>
  readdirSync(path.join(root, node)).filter((name) => name.endsWith(".json"));

/** A journal as the next process finds it. */
export async function afterKill() {
  const journal = new Journal(root);
  return { journal, damaged: await journal.load() };
}
