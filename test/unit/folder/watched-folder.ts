import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach } from "node:test";
import { FolderMemory } from "../../../nodes/folder/memory";
import { scanFolder } from "../../../nodes/folder/scan";
import { FolderWatcher } from "../../../nodes/folder/watcher";

/** What the test that runs works with; each has a folder and a memory of its own. */
export let root: string;
export let folder: string;
export let memory: FolderMemory;
export let watcher: FolderWatcher;
export let now = 0;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), "roboflow-folder-"));
  folder = path.join(root, "clips");
  mkdirSync(folder);
  now = 0;
  open();
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** As after a restart. */
export function open(): void {
  memory = new FolderMemory(path.join(root, "memory", "node.jsonl"));
  watcher = new FolderWatcher(folder, memory, 5000);
}

const extensions = new Set(["mp4", "mkv"]);
/** What is in the folder now. */
export const scan = (subfolders = false) => scanFolder(folder, { subfolders, extensions });
/** Puts a file into the folder, and into a subfolder of it where the name has one. */
export const write = (name: string, text = "a clip") => {
  mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
  writeFileSync(path.join(folder, name), text);
};

/** Lets time pass for the watcher. */
export function later(seconds: number): void {
  now += seconds * 1000;
}

/** One look, after so many seconds; what is finished goes to the next node at once. */
export async function look(seconds: number, inHand: string[] = []): Promise<string[]> {
  later(seconds);
  const found = await scan();
  if (!memory.knows(folder)) memory.begin({ folder, identity: found.identity }, []);
  const finished = await watcher.look(found, now, new Set(inHand));
  for (const clip of finished) {
    watcher.passing(clip);
    watcher.passed(clip.name, now);
  }
  return finished.map(({ name }) => name).sort();
}

/** The only clip is finished and about to be passed on. */
export async function pass(): Promise<void> {
  later(6);
  const [clip] = await watcher.look(await scan(), now, new Set());
  assert.ok(clip);
  watcher.passing(clip);
}
