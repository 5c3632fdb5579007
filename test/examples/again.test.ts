import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import type { ErrorCode } from "../../nodes/roboflow/errors";
import { pressButton, withFolder } from "../support/example";
import { type FlowNode, injectNodes } from "../support/node-red";
import { openStage, sendsTheClip } from "./stage";

const stage = openStage();

/** What the example "failures" does with each code. */
const meaning: Record<ErrorCode, "again" | "tell" | "aside"> = {
  NETWORK: "again",
  TIMEOUT: "again",
  SERVER: "again",
  RATE_LIMIT: "again",
  ABORTED: "again",
  JOB_TIMEOUT: "again",
  RESULT: "again",
  CONFIG: "tell",
  AUTH: "tell",
  PLAN: "tell",
  LIMIT: "tell",
  STORAGE: "tell",
  START_UNCERTAIN: "tell",
  INPUT: "aside",
  NOT_FOUND: "aside",
  REJECTED: "aside",
  JOB_FAILED: "aside",
  RESULT_TOO_LARGE: "aside",
};
const codes = Object.keys(meaning) as ErrorCode[];

describe("what is done again, imported and used", () => {
  it("run again: one upload, several jobs, also after a restart, within its week", async () => {
    const kept = path.join(stage.folder, "roboflow");
    const file = path.join(kept, "last-upload.json");
    const { ledger } = stage.roboflow;
    const flow = await stage.run(
      "run-again",
      (node) => sendsTheClip(node) ?? withFolder(node, "/home/pi/roboflow", kept),
    );
    await pressButton(flow, "run-again", "once more");
    assert.match(
      (await flow.recorded("what went wrong", 1))[0]?.msg.error.message,
      /no such file.*last-upload/,
    );
    await pressButton(flow, "run-again", "send a clip");
    const [first] = await flow.recorded("first run", 1);
    assert.equal(first?.msg.payload.frames, 75, "5 of each second");
    const restarted = await stage.powerCut();
    await pressButton(restarted, "run-again", "once more");
    const [second] = await restarted.recorded("another run", 1);
    assert.equal(second?.msg.payload.frames, 15, "1 of each second");
    await pressButton(restarted, "run-again", "once more");
    await restarted.recorded("another run", 2);
    assert.equal(ledger.uploads.length, 1);
    assert.equal(ledger.jobs.length, 3);

    const upload = JSON.parse(readFileSync(file, "utf8"));
    writeFileSync(file, JSON.stringify({ ...upload, expiresAt: "2020-01-01T00:00:00.000Z" }));
    await pressButton(restarted, "run-again", "once more");
    await restarted.recorded("its week is over: send the clip again", 1);
    assert.equal(ledger.jobs.length, 3);
    assert.equal(restarted.records("what went wrong").length, 1);
  });

  /** Has a retry wait for some seconds. */
  const waits = (seconds: string) => (node: FlowNode) =>
    node.type === "delay" ? { timeout: seconds, timeoutUnits: "seconds" } : sendsTheClip(node);

  it("failures: what passes is tried again where it failed, the rest is told or set aside", async () => {
    const { roboflow } = stage;
    const flow = await stage.run("failures", waits("1"));
    roboflow.fault({ kind: "signed-url", do: "answer", status: 503, count: 5 });
    await pressButton(flow, "failures", "send a clip");
    await flow.recorded("events", 1, 60_000);
    assert.equal(roboflow.ledger.jobs.length, 1);
    // A result that is cut: asked for its link, and fetched, once more.
    roboflow.fault({ kind: "result", do: "cut" });
    await pressButton(flow, "failures", "send a clip");
    const [, second] = await flow.recorded("events", 2, 60_000);
    assert.equal(roboflow.ledger.jobs.length, 2);
    assert.equal(second?.msg.error, undefined, "what went well holds no error");
    roboflow.fault({ kind: "start", do: "answer", status: 402, message: "no credits left" });
    await pressButton(flow, "failures", "send a clip");
    const [told] = await flow.recorded("tell someone", 1);
    assert.equal(told?.msg.error.code, "PLAN");
    roboflow.fault({ kind: "job", do: "fail", status: 3, message: "the video is broken" });
    await pressButton(flow, "failures", "send a clip");
    const [aside] = await flow.recorded("set aside", 1);
    assert.equal(aside?.msg.error.code, "JOB_FAILED");
    assert.match(aside?.msg.error.message, /yard\.mp4/);
    for (const noted of [told, aside])
      assert.ok(
        !JSON.stringify(noted?.msg.error).includes("X-Goog-Signature"),
        "what is told holds no signed link",
      );
  });

  it("failures: every code has its meaning, and a retry its limit", async () => {
    const flow = await stage.run("failures", waits("3600"), {
      more: (nodes) => {
        const { id, z } = nodes.find(({ name }) => name === "by code") as FlowNode;
        return injectNodes("failed", [id], String(z));
      },
    });
    const source = { type: "roboflow-video-poll" };
    for (const code of codes)
      for (const tries of [undefined, 5])
        await flow.inject("failed", { error: { code, message: code, source }, tries, roboflow: {} });
    const of = (what: string) => codes.filter((code) => meaning[code] === what);
    await flow.recorded("set aside", 2 * of("aside").length);
    await flow.recorded("gave up", of("again").length);
    await flow.recorded("tell someone", 2 * of("tell").length);
    const noted = (name: string) => flow.records(name).map(({ msg }) => msg.error.code);
    const twice = (some: string[]) => some.flatMap((code) => [code, code]);
    assert.deepEqual(noted("set aside"), twice(of("aside")));
    assert.deepEqual(noted("tell someone"), twice(of("tell")));
    // What may pass waits, five times; then somebody is told.
    assert.deepEqual(noted("gave up"), of("again"));
    assert.deepEqual(
      flow.records("gave up").map(({ msg }) => msg.tries),
      of("again").map(() => 6),
    );
  });
});
