import { mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { VideoError } from "../../../../nodes/roboflow/errors";
import type { Frame, ResultSummary } from "../../../../nodes/roboflow/result";
import { openInPieces, type Sizes } from "../../../../nodes/roboflow/result/open";
import { everything } from "./oracle";

const directory = mkdtempSync(join(tmpdir(), "result-test-"));
after(() => rmSync(directory, { recursive: true, force: true }));
let files = 0;

/** A path for a file that is gone after the tests. */
export function scratchPath(): string {
  return join(directory, `${files++}.json`);
}

/** What came of reading a file: all of it, or what came before it failed. */
export interface Outcome {
  models?: string[];
  summary?: ResultSummary;
  frames: Frame[];
  error?: unknown;
}

/** Puts the bytes on disk and reads them as a download node does. */
export async function read(
  bytes: Buffer,
  sizes: Sizes,
  filter = everything,
  skipEmpty = false,
): Promise<Outcome> {
  const path = scratchPath();
  await writeFile(path, bytes);
  const outcome: Outcome = { frames: [] };
  try {
    const file = await openInPieces(path, sizes);
    try {
      outcome.models = file.models;
      outcome.summary = file.summary;
      for await (const frames of file.batches(filter, { skipEmpty })) outcome.frames.push(...frames);
    } finally {
      await file.close();
    }
  } catch (error) {
    outcome.error = error;
  }
  rmSync(path);
  return outcome;
}

export function isResultError(error: unknown): boolean {
  return error instanceof VideoError && error.code === "RESULT";
}

/** Counts without the order in which classes were met. */
export function sorted({ classes, ...rest }: ResultSummary): object {
  return { ...rest, classes: Object.entries(classes).sort(([a], [b]) => (a < b ? -1 : 1)) };
}
