import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import path from "node:path";
import { projectSlugs, type ResultFile, saveAndOpen } from "../roboflow";
import { makeFolder } from "../runtime/folders";
import { spoolFolder } from "../runtime/paths";
import { megabytes, noteCounts, type ResultRequest } from "./result-request";
import { warnOfUnseenClasses } from "./unseen-classes";

/**
 * Downloads a result into a private file, which is gone when `use` has ended.
 *
 * @param checkSize given the bytes of the result so far, throws when they are too many.
 * @throws VideoError STORAGE; RESULT when the result is damaged.
 */
export async function withSpooledResult<T>(
  { RED, task, fetch, checkSize }: ResultRequest & { checkSize?: (bytes: number) => void },
  use: (result: ResultFile) => Promise<T>,
): Promise<T> {
  const { signal, msg } = task;
  const models = projectSlugs(msg.roboflow.models);
  // A name of its own for every attempt: one that a slow disk keeps may end after its successor has begun.
  const spool = path.join(spoolFolder(RED), `${randomUUID()}.json`);
  await makeFolder(path.dirname(spool), 0o700);
  try {
    const result = await fetch((incoming) =>
      saveAndOpen(spool, incoming, { signal, progress: megabytes(task), models, checkSize }),
    );
    try {
      return await use(result);
    } finally {
      await result.close();
    }
  } finally {
    await rm(spool, { force: true });
  }
}

/** As {@link withSpooledResult}, for what the filter acts on: notes the counts, and says which of its classes are missing. */
export const withFilteredResult = <T>(
  request: ResultRequest,
  use: (result: ResultFile) => Promise<T>,
): Promise<T> =>
  withSpooledResult(request, (result) => {
    noteCounts(request.task, result.summary);
    warnOfUnseenClasses(request, result.summary);
    return use(result);
  });
