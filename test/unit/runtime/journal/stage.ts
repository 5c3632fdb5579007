import fs, { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { TestContext } from "node:test";
import type { JournalEntry } from "../../../../nodes/runtime/journal/entry";
import type { ClipMessage } from "../../../../nodes/runtime/message";

/** A message about a clip. */
export const message = (id: string, more: Record<string, unknown> = {}): ClipMessage =>
  ({ _msgid: id, payload: `/clips/${id}.mp4`, roboflow: { id }, ...more }) as ClipMessage;

/** One that a node of ours has sent. */
export const handed = (id: string, handover: { token: string; repeat?: boolean }) =>
  message(id, { roboflow: { id, handover } });

export const durable = { durable: true };
export const unhurried = new AbortController().signal;

/** Tells of each sync and rename in a journal's folder; a sync takes as long as that does, and fails as it does. */
export function watchDisk(t: TestContext, root: string, see: (step: string) => unknown): void {
  const { renameSync } = fs;
  const { open } = fs.promises;
  const seen = (file: unknown) => path.relative(root, String(file)) || ".";
  t.mock.method(fs.promises, "open", async (...[file, ...rest]: Parameters<typeof open>) => {
    const handle = await open(file, ...rest);
    const { sync } = handle;
    handle.sync = async () => {
      await see(`sync ${seen(file)}`);
      await sync.call(handle);
    };
    return handle;
  });
  t.mock.method(fs, "renameSync", (from: string, to: string) => {
    see("rename");
    renameSync(from, to);
  });
}

/** Writes an entry's file with other properties. */
export function rewriteFile(root: string, { node, id }: JournalEntry, more: Record<string, unknown>): void {
  const file = path.join(root, node, `${id}.json`);
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), ...more }));
}
