import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { VideoError } from "../../../../nodes/roboflow";
import { times } from "../../../../nodes/runtime/journal/times";
import type { ClipMessage } from "../../../../nodes/runtime/message";
import type { Task } from "../../../../nodes/runtime/runner/step";
import { until } from "../../../support/node-red";
import { clip, type FakeNode, FakeNodeRed, forEver, passOn } from "./fake-node-red";

Object.assign(times, { linger: 20, lingerOfReceiver: 40, lingerStep: 5 });

let userDir: string;
let nodeRed: FakeNodeRed;
beforeEach(() => {
  userDir = mkdtempSync(path.join(tmpdir(), "roboflow-outcomes-"));
  nodeRed = new FakeNodeRed(userDir);
});
afterEach(() => rmSync(userDir, { recursive: true, force: true }));

const journal = () => path.join(userDir, "roboflow-video");
const entries = (node: string) =>
  existsSync(path.join(journal(), node)) ? readdirSync(path.join(journal(), node)) : [];
/** From now on nothing can be written to the journal. */
const blockJournal = () => {
  rmSync(journal(), { recursive: true, force: true });
  writeFileSync(journal(), "a file in the way");
};
const isDone = (node: FakeNode, count = 1) =>
  until(
    () => node.done.length === count && node.runner.inHand().length === 0,
    30_000,
    () => `${node.done.length} done`,
  );
const off = { fill: "yellow", shape: "ring", text: "journal not writable" };

describe("a message's outcome", () => {
  it("shows under the node how it ended", async () => {
    const node = nodeRed.node("up", passOn);
    node.receive(clip("clip"));
    await isDone(node);
    assert.deepEqual(node.statuses.at(-1), { fill: "green", shape: "dot", text: "done" });
    await node.close();
  });

  it("may be that its work has sent all there was: nothing more is", async () => {
    const node = nodeRed.node("do", async ({ msg, send }) => {
      send({ ...msg, payload: "frame" });
      return { done: "done" };
    });
    node.receive(clip("clip"));
    await isDone(node);
    assert.deepEqual(
      node.sent.map((msg) => msg?.payload),
      ["frame"],
    );
    await node.close();
  });

  it("is an error where the work throws something of its own", async () => {
    const node = nodeRed.node("up", async () => {
      throw new TypeError("a mistake");
    });
    node.receive(clip("clip"));
    await isDone(node);
    assert.equal(typeof node.done[0], "string");
    assert.match(node.failures[0]?.error.message ?? "", /a mistake/);
    assert.equal(node.statuses.at(-1)?.fill, "red");
    await node.close();
  });

  for (const [statusCode, expected] of [
    [undefined, undefined],
    [402, 402],
  ] as const)
    it(`has ${expected ?? "no"} HTTP status where the failure has ${expected ?? "none"}, whatever an earlier one had`, async () => {
      const node = nodeRed.node("up", async () => {
        throw new VideoError("AUTH", "keyRefused", { statusCode });
      });
      const msg = Object.assign(clip("clip"), { statusCode: 503 });
      node.receive(msg);
      await isDone(node);
      assert.equal(node.failures[0]?.msg.statusCode, expected);
      assert.equal("statusCode" in msg, expected !== undefined);
      await node.close();
    });
});

describe("what a node says of itself", () => {
  it("when it is deployed with a mistake: an error in the log, and a red ring", async () => {
    const node = nodeRed.node("up", passOn);
    node.runner.reportConfigError(new VideoError("CONFIG", "noAccount"));
    assert.match(node.errors.join(), /No Roboflow account is selected/);
    assert.deepEqual(node.statuses, [{ fill: "red", shape: "ring", text: "no account" }]);
    await node.close();
  });

  for (const [when, work] of [
    ["comes in", forEver],
    [
      "goes out",
      async ({ msg }: Task) => ({
        msg: Object.assign(msg, { snapshot: Buffer.from("jpg") }),
        done: "done" as const,
      }),
    ],
  ] as const)
    it(`when a restart would take something out of what ${when}: which values, once`, async () => {
      const node = nodeRed.node("up", work);
      for (const id of ["one", "two"])
        node.receive(
          Object.assign(
            clip(id),
            { empty: undefined },
            when === "comes in" && { snapshot: Buffer.from("jpg") },
          ),
        );
      await node.runner.takenIn();
      if (when === "goes out") await isDone(node, 2);
      assert.equal(node.warnings.length, 1);
      assert.match(node.warnings[0] ?? "", /msg\.snapshot/);
      assert.doesNotMatch(node.warnings[0] ?? "", /msg\.empty/);
      await node.close();
    });

  it("when the journal cannot be written: once, and again under the node when a message has ended", async () => {
    const node = nodeRed.node("up", passOn);
    node.receive(clip("fine"));
    await isDone(node);
    assert.equal(node.statuses.at(-1)?.fill, "green");
    blockJournal();
    for (const [index, id] of ["one", "two"].entries()) {
      node.receive(clip(id));
      await isDone(node, 2 + index);
      assert.deepEqual(node.statuses.at(-1), off);
    }
    assert.equal(node.warnings.length, 1);
    rmSync(journal());
    node.receive(clip("fine again"));
    await isDone(node, 4);
    assert.equal(node.statuses.at(-1)?.fill, "green");
    blockJournal();
    node.receive(clip("off again"));
    await isDone(node, 5);
    assert.equal(node.warnings.length, 2);
    await node.close();
  });

  it("nothing of the journal where its work costs money: that fails as a message's own error", async () => {
    const node = nodeRed.node(
      "st",
      async ({ msg, intend }) => {
        await intend();
        return { msg, done: "started" };
      },
      { paid: true },
    );
    blockJournal();
    node.receive(clip("clip"));
    await isDone(node);
    assert.deepEqual([node.done, node.warnings], [["STORAGE"], []]);
    assert.equal(node.statuses.at(-1)?.fill, "red");
    await node.close();
  });
});

describe("when another clip comes in before it, a node", () => {
  const greenAfter = async (node: FakeNode, count: number) => {
    node.receive(clip(`clip-${count}`));
    await isDone(node, count);
    assert.equal(node.statuses.at(-1)?.fill, "green");
  };

  it("turns grey, but not with each that comes while one is in hand", async () => {
    let finish: () => void = () => {};
    const up = nodeRed.node("up", async ({ msg }) => {
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return { msg, done: "uploaded" };
    });
    const st = nodeRed.node("st", passOn);
    nodeRed.wires = { up: [["st"]] };
    await greenAfter(st, 1);
    up.receive(clip("one"));
    await up.runner.takenIn();
    assert.equal(st.statuses.at(-1)?.fill, "grey");
    await greenAfter(st, 2);
    up.receive(clip("two"));
    await up.runner.takenIn();
    assert.equal(st.statuses.at(-1)?.fill, "green");
    finish();
    await Promise.all([up.close(), st.close()]);
    const next = nodeRed.node("up", passOn);
    next.receive(clip("three"));
    await next.runner.takenIn();
    assert.equal(st.statuses.at(-1)?.fill, "green", "one that has closed is left alone");
    await next.close();
  });
});

describe("messages that are dropped", () => {
  it("are those that were meant, and their work is told of it", async () => {
    const dropped: string[] = [];
    const node = nodeRed.node("po", forEver, { dropped: ({ roboflow }) => dropped.push(roboflow.id) });
    await nodeRed.started();
    for (const id of ["one", "two", "three"]) node.receive(clip(id));
    await node.runner.takenIn();
    const [, two] = [...node.runner.idsInHand()];
    node.runner.drop(() => [two as string, "unknown"]);
    await until(
      () => node.done.length === 1,
      30_000,
      () => "not dropped",
    );
    assert.deepEqual(dropped, ["two"]);
    assert.deepEqual(
      node.runner.inHand().map(({ roboflow }) => roboflow.id),
      ["one", "three"],
    );
    assert.equal(entries("po").length, 2);
    await node.close();
  });
});

describe("files in the journal", () => {
  it("are those that a message of any node names, however it names them", async () => {
    const [up, st] = [nodeRed.node("up", forEver), nodeRed.node("st", forEver)];
    up.receive(Object.assign(clip("clip"), { payload: "/clips/a.mp4", filename: "/clips/b.mp4" }));
    const msg = Object.assign(clip("clip"), { payload: { answer: 42 }, filename: 5 });
    msg.roboflow.videoPath = "/clips/c.mp4";
    st.receive(msg as unknown as ClipMessage);
    await st.runner.takenIn();
    assert.deepEqual(up.runner.filesInJournal(), new Set(["/clips/a.mp4", "/clips/b.mp4", "/clips/c.mp4"]));
    await Promise.all([up.close(), st.close()]);
  });
});

describe("what stands on disk against a crash", () => {
  const atWork = () => readFileSync(path.join(journal(), ".at-work"), "utf8").split("\n").slice(1).join("");

  it("is what a node works on, at its begin, with each part and at its end, and nothing after a clean stop", async () => {
    const seen: boolean[] = [];
    const rest = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    const node = nodeRed.node("up", async ({ id, msg, working }: Task) => {
      const look = () => seen.push(atWork().includes(id));
      look();
      await rest();
      look();
      working("uploading", { percent: 1 });
      look();
      await rest();
      working("uploading", { percent: 2 });
      look();
      return { msg, done: "uploaded" };
    });
    const send = node.sent.push.bind(node.sent);
    node.sent.push = (msg) => {
      seen.push(atWork().includes(String(msg.roboflow.handover?.token)));
      return send(msg);
    };
    node.receive(clip("clip"));
    await isDone(node);
    assert.deepEqual(seen, [true, false, true, false, true]);
    const other = nodeRed.node("st", passOn);
    await node.close();
    assert.ok(existsSync(path.join(journal(), ".at-work")), "another node may still work");
    await other.close();
    assert.ok(!existsSync(path.join(journal(), ".at-work")));
  });
});

describe("what a node has in hand that is not to resume", () => {
  it("is named when a deploy has taken the node out: its jobs may be running", async () => {
    const node = nodeRed.node("po", forEver, { resume: false });
    const msg = clip("clip");
    msg.roboflow.jobId = "job-7";
    node.receive(msg);
    await node.runner.takenIn();
    await nodeRed.stopped({ type: "full" }, [node]);
    nodeRed.configured = [];
    const other = nodeRed.node("other", passOn);
    await nodeRed.started();
    await until(
      () => nodeRed.warnings.length > 0,
      30_000,
      () => "no warning",
    );
    assert.match(nodeRed.warnings.join(), /job-7/);
    await other.close();
  });
});

it("what a node inside a subflow has left is kept without a word, also where the subflow is inside another", async () => {
  const before = ["outer-inner-node", "inner-node"].map((id) => nodeRed.node(id, forEver));
  for (const node of before) node.receive(clip("clip"));
  await before[1]?.runner.takenIn();
  const next = new FakeNodeRed(userDir);
  const other = next.node("other", passOn);
  next.configured.push("outer", "inner", "node");
  await next.started();
  assert.deepEqual([next.warnings, entries("outer-inner-node").length], [[], 1]);
  next.configured = ["other", "outer", "inner"];
  await next.started();
  await until(
    () => next.warnings.length === 2,
    30_000,
    () => next.warnings.join(),
  );
  await other.close();
});

describe("what was sent", () => {
  for (const [which, stays] of [
    ["tab", true],
    ["other", false],
  ] as const)
    it(`while flows do not start ${stays ? "is kept where it may be lost" : "goes where nothing of its tab is"}`, async () => {
      nodeRed.others = [
        { id: "tab", type: "tab" },
        { id: "other", type: "tab" },
      ];
      const node = nodeRed.node("up", passOn);
      await nodeRed.started();
      await nodeRed.stopped({ type: "nodes", diff: { changed: ["function", which] } });
      node.receive(clip("clip"));
      nodeRed.events.emit("runtime-event", { id: "runtime-state", payload: { error: "missing-types" } });
      await isDone(node);
      if (stays) await delay(20 * times.lingerStep);
      else
        await until(
          () => entries("up").length === 0,
          30_000,
          () => "still there",
        );
      assert.equal(entries("up").length, stays ? 1 : 0);
      await node.close();
    });

  it("is kept while flows stand still, and gone when they run and nothing was lost", async () => {
    nodeRed.others = [
      { id: "tab", type: "tab" },
      { id: "other", type: "tab" },
    ];
    const node = nodeRed.node("up", passOn);
    await nodeRed.started();
    node.receive(clip("clip"));
    await isDone(node);
    await nodeRed.stopped({ type: "nodes", diff: { changed: ["function", "other"] } });
    await delay(20 * times.lingerStep);
    assert.equal(entries("up").length, 1);
    await nodeRed.started();
    await until(
      () => entries("up").length === 0,
      30_000,
      () => "still there",
    );
    assert.equal(node.sent.length, 1);
    await node.close();
  });
});
