import { writeFile } from "node:fs/promises";
import { type Frame, type FrameFilter, openResult } from "../../../../nodes/roboflow/result";
import { everything } from "./oracle";
import { scratchPath } from "./reading";

/** Puts a result on disk and reads it: frame by frame, and as one value. */
export async function framesOf(text: string | object, filter: Partial<FrameFilter> = {}, skipEmpty = false) {
  const path = scratchPath();
  await writeFile(path, typeof text === "string" ? text : JSON.stringify(text));
  const file = await openResult(path);
  try {
    const frames: Frame[] = [];
    for await (const some of file.batches({ ...everything, ...filter }, { skipEmpty })) frames.push(...some);
    return { frames, summary: file.summary, models: file.models, value: await file.value() };
  } finally {
    await file.close();
  }
}
