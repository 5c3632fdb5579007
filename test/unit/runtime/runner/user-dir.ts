import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach } from "node:test";
import { intake } from "../../../../nodes/runtime/runner/intake";

/** Node-RED's user folder of the test that runs; each test has one of its own. */
export let userDir: string;
beforeEach(() => {
  userDir = mkdtempSync(path.join(tmpdir(), "roboflow-runner-"));
});
afterEach(() => rmSync(userDir, { recursive: true, force: true }));

/** Where the journal is. */
export const journal = () => path.join(userDir, "roboflow-video");
/** The files of a node's entries. */
export const entries = (node: string) =>
  existsSync(path.join(journal(), node)) ? readdirSync(path.join(journal(), node)) : [];

/** Uses this turn of the event loop up: what comes in now is taken in later. */
export function useTurnUp(): void {
  intake.add(() => {
    for (const end = performance.now() + 10; performance.now() < end; );
  });
}
