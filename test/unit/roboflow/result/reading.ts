import { mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import fc from "fast-check";
import { VideoError } from "../../../../nodes/roboflow/errors";
import type { Frame, ResultFile, ResultSummary } from "../../../../nodes/roboflow/result";
import { openWithSizes, type Sizes } from "../../../../nodes/roboflow/result/open";
import { everything, type Wanted } from "./oracle";

const directory = mkdtempSync(join(tmpdir(), "result-test-"));
after(() => rmSync(directory, { recursive: true, force: true }));
let files = 0;

/** A path for a file that is gone after the tests. */
export function scratchPath(): string {
  return join(directory, `${files++}.json`);
}

/** Sizes so small that every border is met. */
export const smallSizes: fc.Arbitrary<Sizes> = fc.record({
  chunkBytes: fc.integer({ min: 1, max: 300 }),
  batchBytes: fc.integer({ min: 1, max: 300 }),
  batchElements: fc.integer({ min: 1, max: 8 }),
  batchRows: fc.integer({ min: 1, max: 5 }),
  tokenBytes: fc.integer({ min: 9, max: 30 }),
  entryBytes: fc.constant(1e6),
});

/** What came of reading a file: all of it, or what came before it failed. */
export interface Outcome {
  models?: string[];
  summary?: ResultSummary;
  frames: Frame[];
  error?: unknown;
}

/** Puts the bytes on disk and reads them as a download node does. */
export async function read(bytes: Buffer, sizes: Sizes, wanted: Wanted = {}): Promise<Outcome> {
  const { filter = everything, skipEmpty = false, models } = wanted;
  const outcome: Outcome = { frames: [] };
  try {
    await withResult(bytes, sizes, models, async (file) => {
      outcome.models = file.models;
      outcome.summary = file.summary;
      for await (const frames of file.batches(filter, { skipEmpty })) outcome.frames.push(...frames);
    });
  } catch (error) {
    outcome.error = error;
  }
  return outcome;
}

/** The same as one value. */
export function readWhole(
  bytes: Buffer,
  sizes: Sizes,
  models?: string[],
): Promise<{ value: Record<string, unknown>; summary: ResultSummary }> {
  return withResult(bytes, sizes, models, async (file) => ({
    value: await file.value(),
    summary: file.summary,
  }));
}

async function withResult<T>(
  bytes: Buffer,
  sizes: Sizes,
  models: string[] | undefined,
  use: (file: ResultFile) => Promise<T>,
): Promise<T> {
  const path = scratchPath();
  await writeFile(path, bytes);
  try {
    const file = await openWithSizes(path, sizes, { models });
    try {
      return await use(file);
    } finally {
      await file.close();
    }
  } finally {
    rmSync(path);
  }
}

export function isResultError(error: unknown): boolean {
  return error instanceof VideoError && error.code === "RESULT";
}

/** Counts without the order in which classes were met. */
export function sorted({ classes, ...rest }: ResultSummary): object {
  return { ...rest, classes: Object.entries(classes).sort(([a], [b]) => (a < b ? -1 : 1)) };
}
