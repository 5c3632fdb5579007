import assert from "node:assert/strict";
import { stat, truncate, writeFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { openResult } from "../../../../nodes/roboflow/result";
import { makeResult, planResult } from "../../../support/make-result";
import { everything } from "./oracle";
import { isResultError, scratchPath } from "./reading";

describe("reading a large result", () => {
  test("finds what the maker has put in, with every task and either place of the offsets", async () => {
    for (const offsets of ["first", "last", "around"] as const) {
      const path = scratchPath();
      const made = await makeResult(path, {
        bytes: 4e6,
        offsets,
        nullEvery: 10,
        nanEvery: 7,
        models: [
          { id: "yard", task: "object-detection" },
          { id: "yard-outlines", task: "instance-segmentation" },
          { id: "weather", task: "many-labels" },
          { id: "clip", task: "clip" },
          { id: "gaze", task: "gaze" },
        ],
      });
      assert.equal((await stat(path)).size, made.bytes);
      assert.ok(Math.abs(made.bytes - 4e6) < 2e5);
      const file = await openResult(path);
      const { frames, detections, nullFrames } = file.summary;
      assert.deepEqual({ bytes: made.bytes, frames, detections, nullFrames }, made);
      let [count, predictions] = [0, 0];
      for await (const batch of file.batches(everything, { skipEmpty: false }))
        for (const frame of batch) {
          assert.equal(frame.frame, 6 * count++);
          predictions += frame.predictions.length;
        }
      assert.deepEqual([count, predictions], [made.frames, made.detections]);
      await file.close();
    }
  });

  test("leaves the loop free and memory flat", async () => {
    const path = scratchPath();
    await makeResult(path, { bytes: 40e6 });
    const before = process.memoryUsage.rss();
    let ticks = 0;
    let most = 0;
    const timer = setInterval(() => {
      ticks++;
      most = Math.max(most, process.memoryUsage.rss());
    }, 5);
    const started = performance.now();
    const file = await openResult(path);
    for await (const _ of file.batches(everything, { skipEmpty: false }));
    const took = performance.now() - started;
    clearInterval(timer);
    await file.close();
    // Far from the targets of the benchmark, which measures: this only catches what is quite wrong.
    assert.ok(ticks > took / 60, `${ticks} ticks of a 5 ms timer in ${took} ms`);
    assert.ok(most - before < 150e6, `${most - before} bytes more`);
  });

  test("can be read twice, and left in the middle", async () => {
    const path = scratchPath();
    const { frames } = await makeResult(path, { bytes: 1e6 });
    const file = await openResult(path);
    for await (const _ of file.batches(everything, { skipEmpty: false })) break;
    let count = 0;
    for await (const batch of file.batches(everything, { skipEmpty: false })) count += batch.length;
    assert.equal(count, frames);
    await file.close();
  });

  test("ends with the signal's reason when it is aborted", async () => {
    const path = scratchPath();
    await makeResult(path, { bytes: 2e6 });
    const aborter = new AbortController();
    const file = await openResult(path, { signal: aborter.signal });
    const reason = new Error("enough");
    await assert.rejects(async () => {
      for await (const _ of file.batches(everything, { skipEmpty: false })) aborter.abort(reason);
    }, reason);
    await file.close();
    await assert.rejects(openResult(path, { signal: aborter.signal }), reason);
  });

  test("is RESULT when the file is cut short meanwhile", async () => {
    const path = scratchPath();
    const { bytes } = await makeResult(path, { bytes: 3e6 });
    const file = await openResult(path);
    await truncate(path, bytes / 2);
    await assert.rejects(async () => {
      for await (const _ of file.batches(everything, { skipEmpty: false }));
    }, isResultError);
    await file.close();
  });

  test("is RESULT when the file is another one meanwhile", async () => {
    const path = scratchPath();
    await writeFile(path, '{"frame_offset":[0,1],"time_offset":[0,1],"m":[112,3]}');
    const file = await openResult(path);
    await writeFile(path, '{"frame_offset":[0,1],"time_offset":[0,1],"m":[1,1,3]}');
    await assert.rejects(async () => {
      for await (const _ of file.batches(everything, { skipEmpty: false }));
    }, isResultError);
    await file.close();
  });

  test("a file that is not there is the file system's error", async () => {
    await assert.rejects(openResult(scratchPath()), { code: "ENOENT" });
  });

  test("the chunks of a plan are the file", async () => {
    const path = scratchPath();
    const options = { bytes: 3e5, space: "", classes: ["人"] } as const;
    await makeResult(path, { ...options, classes: [...options.classes] });
    const { chunks, made } = planResult({ ...options, classes: [...options.classes] });
    const body = Buffer.concat([...chunks()]);
    assert.equal((await stat(path)).size, body.length);
    const file = await openResult(path);
    assert.deepEqual([file.summary.frames, file.summary.detections], [made.frames, made.detections]);
    assert.deepEqual(await file.value(), JSON.parse(body.toString()));
    await file.close();
  });
});
