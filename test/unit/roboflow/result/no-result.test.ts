import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { VideoError } from "../../../../nodes/roboflow/errors";
import { checkResultSize, maxResultBytes, openResult } from "../../../../nodes/roboflow/result";
import { framesOf } from "./frames-of";
import { everything } from "./oracle";
import { isResultError, scratchPath } from "./reading";

async function wholeOf(bytes: Buffer): Promise<unknown> {
  const path = scratchPath();
  await writeFile(path, bytes);
  const file = await openResult(path);
  try {
    return await file.value();
  } finally {
    await file.close();
  }
}

describe("what is no result", () => {
  const refused: [what: string, text: string, reason: string][] = [
    ["an empty object", "{}", "resultNotVideo"],
    ["an array", "[]", "resultNotVideo"],
    ["some other object", '{"a": 1}', "resultNotVideo"],
    ["no times", '{"frame_offset": [0]}', "resultNotVideo"],
    ["offsets that are no columns", '{"frame_offset": 1, "time_offset": 2}', "resultNotVideo"],
    ["offsets that are numbers", '{"v": 1, "frame_offset": 1, "time_offset": 2}', "resultNotVideo"],
    [
      "offsets that are a column no more",
      '{"frame_offset":[0],"time_offset":[0],"frame_offset":1}',
      "resultNotVideo",
    ],
    ["an empty file", "", "resultDamaged"],
    ["an error page", "<?xml version='1.0'?><Error/>", ""],
    ["columns of unequal length", '{"frame_offset":[0,1],"time_offset":[0,1],"m":[{}]}', "resultDamaged"],
    ["something behind the end", '{"frame_offset":[],"time_offset":[]}}', "resultDamaged"],
    ["a comma too many", '{"frame_offset":[0,],"time_offset":[0,0]}', "resultDamaged"],
    ["a byte order mark inside", '{"frame_offset":[],\ufeff"time_offset":[]}', "resultDamaged"],
    ["a byte order mark alone", "\ufeff", "resultDamaged"],
    ["two byte order marks", '\ufeff\ufeff{"frame_offset":[],"time_offset":[]}', ""],
  ];
  for (const [what, text, reason] of refused)
    test(`${what} is RESULT`, async () => {
      const isIt = (error: unknown) =>
        isResultError(error) && (reason === "" || (error as VideoError).reason === reason);
      await assert.rejects(framesOf(text), isIt);
    });

  test("a broken structure is RESULT before the first frame", async () => {
    for (const entries of [
      '[{"a":[1}]]',
      '[{"a":1],2]',
      "[1,,2]",
      "[1 2,3]",
      '["a" 1,2]',
      "[1,2}",
      '[{"a" 1},2]',
      "[{1:2},2]",
      '["a,2]',
    ]) {
      const path = scratchPath();
      await writeFile(path, `{"frame_offset":[0,1],"time_offset":[0,1],"m":${entries}}`);
      await assert.rejects(openResult(path), isResultError, entries);
    }
  });

  test("broken offsets are RESULT even when they are given once more", async () => {
    const text = '{"frame_offset":[1e],"frame_offset":[0],"time_offset":[0]}';
    await assert.rejects(framesOf(text), isResultError);
    await assert.rejects(wholeOf(Buffer.from(text)), isResultError);
  });

  test("a broken list is RESULT before the first frame, also when no frame is made of it", async () => {
    for (const list of ['"tags":[1,2e]', '"frame_offsets":[1e]', '"time_offsets":[1,1e]', '"v":1e']) {
      const path = scratchPath();
      await writeFile(path, `{"frame_offset":[0],"time_offset":[0],"m":[null],${list}}`);
      const file = await openResult(path);
      const frames = file.batches(everything, { skipEmpty: false });
      await assert.rejects(frames.next(), isResultError, list);
      await file.close();
    }
  });

  test("bytes that are not UTF-8 are RESULT, in a batch and in a name", async () => {
    for (const text of [
      '{"frame_offset":[0],"time_offset":[0],"m":["\xff"]}',
      '{"frame_offset":[0],"time_offset":[0],"\xff":[1]}',
      '{"frame_offset":[0],"time_offset":[0],"m":[{"predictions":[{"class":"\xe4"}]}]}',
    ]) {
      const path = scratchPath();
      await writeFile(path, text, "latin1");
      await assert.rejects(async () => {
        const file = await openResult(path);
        try {
          for await (const _ of file.batches(everything, { skipEmpty: false }));
        } finally {
          await file.close();
        }
      }, isResultError);
      await assert.rejects(wholeOf(Buffer.from(text, "latin1")), isResultError);
    }
  });

  test("a frame without a number is RESULT", async () => {
    await assert.rejects(framesOf('{"frame_offset":[null],"time_offset":[0]}'), isResultError);
  });

  test("past what V8 can hold as one value it is RESULT_TOO_LARGE", () => {
    checkResultSize(maxResultBytes);
    const tooLarge = (error: unknown) => error instanceof VideoError && error.code === "RESULT_TOO_LARGE";
    assert.throws(() => checkResultSize(maxResultBytes + 1), tooLarge);
  });
});
