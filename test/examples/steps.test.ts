import assert from "node:assert/strict";
import { appendFileSync, copyFileSync, existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { pressButton, waitingJobs } from "../support/example";
import { until } from "../support/node-red";
import { clip, openStage, sendsTheClip, serveFile } from "./stage";

const stage = openStage();

describe("an example of the steps, imported and used", () => {
  it("four steps: a clip in, its events out; also what still runs and what failed", async () => {
    const flow = await stage.run("four-steps", sendsTheClip);
    await pressButton(flow, "four-steps", "send a clip");
    const [first] = await flow.recorded("events", 1);
    const { payload, parts, roboflow: known } = first?.msg ?? {};
    assert.equal(known.frames, 75);
    await flow.recorded("events", parts.count);
    // The debug sidebar shows the first properties of an object.
    assert.deepEqual(Object.keys(payload).slice(0, 4), ["class", "model", "start", "end"]);
    assert.equal(payload.class, "motion");
    assert.ok(payload.end <= 15 && payload.most >= 1 && payload.best.box.width > 0);
    assert.equal(flow.records("still running")[0]?.msg.payload.status, 1);
    stage.roboflow.fault({ kind: "job", do: "fail", status: 3, message: "the video is broken" });
    await pressButton(flow, "four-steps", "send a clip");
    const [failed] = await flow.recorded("what went wrong", 1);
    assert.equal(failed?.msg.error.code, "JOB_FAILED");
  });

  it("public URL: no upload", async () => {
    const server = await serveFile(clip);
    try {
      const flow = await stage.run("public-url", ({ type }) =>
        type === "inject" ? { payload: server.url } : undefined,
      );
      await pressButton(flow, "public-url", "a public video");
      const [event] = await flow.recorded("events", 1);
      assert.equal(event?.msg.payload.class, "motion");
      assert.equal(stage.roboflow.ledger.uploads.length, 0);
    } finally {
      server.close();
    }
  });

  it("one node: a clip in, its summary out, with the settings of the box; errors reach the Catch beside it", async () => {
    const flow = await stage.run("one-node", (node) =>
      String(node.type).startsWith("subflow:")
        ? {
            env: [
              ...(node.env as object[]),
              { name: "MODEL", type: "str", value: "yard-watch/7" },
              { name: "FPS", type: "num", value: "2" },
              { name: "TIMEOUT", type: "num", value: "0.0003" },
            ],
          }
        : sendsTheClip(node),
    );
    await pressButton(flow, "one-node", "send a clip");
    const [seen] = await flow.recorded("summary", 1);
    const { payload, roboflow: known } = seen?.msg ?? {};
    assert.equal(payload.frames, 30, "15 seconds at 2 frames per second");
    assert.ok(payload.classes.motion.events >= 1 && payload.events.length >= 1);
    assert.deepEqual(known.models, [
      {
        model_id: "yard-watch",
        model_version: "7",
        inference_type: "object-detection",
        inference_params: { confidence: 0.4 },
      },
    ]);
    // About a second.
    stage.roboflow.set({ jobSeconds: 600 });
    await pressButton(flow, "one-node", "send a clip");
    const [failed] = await flow.recorded("what went wrong", 1);
    assert.equal(failed?.msg.error.code, "JOB_TIMEOUT");
  });

  it("watch folder: each clip once, when it is finished, also across a kill; what is no clip is told", async () => {
    const { roboflow, folder } = stage;
    const flow = await stage.run("watch-folder", ({ type }) =>
      type === "roboflow-video-folder" ? { folder, settle: 1 } : undefined,
    );
    const begun = path.join(flow.options.userDir, "roboflow-video", ".folders");
    await until(
      () => existsSync(begun),
      15_000,
      () => flow.output,
    );
    const bytes = readFileSync(clip);
    const growing = path.join(folder, "yard.mp4");
    writeFileSync(path.join(folder, "broken.mp4"), "no video at all, whatever its name says");
    writeFileSync(path.join(folder, "notes.txt"), "left alone");
    writeFileSync(path.join(folder, "begun.mp4"), "");
    for (let part = 0; part < 5; part += 1) {
      appendFileSync(growing, bytes.subarray((part * bytes.length) / 5, ((part + 1) * bytes.length) / 5));
      assert.equal(roboflow.ledger.uploads.length, 0, "nothing is taken that still grows");
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    const [seen] = await flow.recorded("events", 1);
    assert.equal(seen?.msg.payload.class, "motion");
    const [failed] = await flow.recorded("what went wrong", 1);
    assert.equal(failed?.msg.error.code, "INPUT");
    assert.match(failed?.msg.error.message, /broken\.mp4/);
    assert.equal(roboflow.ledger.uploads[0]?.size, bytes.length);

    // Another clip of the same name, renamed in, and a power cut while its job runs.
    const before = flow.records("events").length;
    roboflow.set({ jobSeconds: 3 });
    copyFileSync(clip, path.join(folder, "yard.part"));
    appendFileSync(path.join(folder, "yard.part"), Buffer.from([0, 0, 0, 8, ...Buffer.from("free")]));
    renameSync(path.join(folder, "yard.part"), growing);
    await until(
      () => roboflow.ledger.jobs.length === 2 && waitingJobs(flow, "watch-folder") === 1,
      30_000,
      () => flow.output,
    );
    const again = await stage.powerCut();
    await again.recorded("events", before + 1);
    assert.equal(roboflow.ledger.jobs.length, 2);
    assert.equal(again.records("what went wrong").length, 1);
  });
});
