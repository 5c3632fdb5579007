import assert from "node:assert/strict";
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { ClipMessage } from "../../../../nodes/runtime/message";
import type { Task } from "../../../../nodes/runtime/runner/step";
import { until } from "../../../support/node-red";
import { clip, FakeNodeRed, forEver, happens, passOn, whenIdle } from "./fake-node-red";
import { entries, journal, userDir } from "./user-dir";

/** Root may write anywhere, so a folder is put out of the way instead of being closed. */
const makeReadOnly = (node: string) => {
  const folder = path.join(journal(), node);
  renameSync(folder, `${folder}.away`);
  writeFileSync(folder, "");
};
const makeWritable = (node: string) => {
  const folder = path.join(journal(), node);
  rmSync(folder);
  renameSync(`${folder}.away`, folder);
};

describe("taking up what a kill has left", () => {
  const leave = async (count: number) => {
    const before = new FakeNodeRed(userDir).node("up", forEver);
    for (let index = 0; index < count; index += 1) before.receive(clip(`clip-${index}`));
    await before.runner.takenIn();
    await whenIdle();
  };

  for (const hooksTake of [undefined, 5])
    it(`does each piece of work once, however often flows start${hooksTake ? " and however slow hooks are" : ""}`, async () => {
      await leave(120);
      const nodeRed = new FakeNodeRed(userDir);
      const worked: string[] = [];
      const node = nodeRed.node("up", (task) => {
        worked.push(task.msg.roboflow.id);
        return forEver(task);
      });
      node.hooksTake = hooksTake;
      void nodeRed.started();
      void nodeRed.started();
      await delay(2);
      await nodeRed.started();
      await delay(50);
      await nodeRed.started();
      assert.equal(worked.length, 120);
      assert.equal(new Set(worked).size, 120);
      await node.close();
    });

  it("goes on when a hook of others makes another object of each message", async () => {
    await leave(3);
    const nodeRed = new FakeNodeRed(userDir);
    const worked: string[] = [];
    const node = nodeRed.node("up", (task) => {
      worked.push(task.msg.roboflow.id);
      assert.equal(task.msg.roboflow.resumes, undefined);
      return forEver(task);
    });
    node.hookClones = true;
    await nodeRed.started();
    assert.deepEqual(worked.sort(), ["clip-0", "clip-1", "clip-2"]);
    assert.equal(entries("up").length, 3, "and takes none for a new one");
    await nodeRed.started();
    assert.equal(worked.length, 3);
    await node.close();
  });

  it("goes on with the node that comes after one closed in the middle of it", async () => {
    await leave(120);
    const nodeRed = new FakeNodeRed(userDir);
    const worked: string[] = [];
    const work = (task: Task) => {
      worked.push(task.msg.roboflow.id);
      return forEver(task);
    };
    const first = nodeRed.node("up", work);
    first.hooksTake = 10;
    void nodeRed.started();
    await delay(5);
    await first.close();
    await delay(20);
    assert.deepEqual(worked, [], "a closed node begins nothing");
    const second = nodeRed.node("up", work);
    await nodeRed.started();
    assert.equal(worked.length, 120);
    await second.close();
  });

  it("obeys a reset that comes before it is through", async () => {
    await leave(120);
    const nodeRed = new FakeNodeRed(userDir);
    const node = nodeRed.node("up", forEver);
    node.runner.drop(() => "all");
    node.receive(clip("after the reset"));
    await nodeRed.started();
    await until(
      () => entries("up").length === 1,
      10_000,
      () => `${entries("up").length} entries`,
    );
    await node.close();
  });

  it("keeps everything when the flow file turns out empty, as one does that could not be read", async () => {
    await leave(2);
    const nodeRed = new FakeNodeRed(userDir);
    await nodeRed.node("other", forEver).close();
    nodeRed.configured = [];
    await nodeRed.started();
    assert.equal(entries("up").length, 2);
  });

  it("keeps what a node has left that is not in the flows, says so once, and goes on when the node is back", async () => {
    await leave(2);
    const nodeRed = new FakeNodeRed(userDir);
    await nodeRed.node("other", forEver).close();
    await nodeRed.started();
    await nodeRed.started();
    assert.equal(entries("up").length, 2);
    assert.equal(nodeRed.warnings.length, 1);
    const node = nodeRed.node("up", passOn);
    await nodeRed.started();
    assert.equal(node.sent.length, 2);
    await node.close();
  });

  it("names every job that it keeps, however many there are", async () => {
    const before = new FakeNodeRed(userDir).node("up", forEver);
    const jobs = Array.from({ length: 100 }, (_, index) => `00000000-0000-0000-0000-${index + 1e11}`);
    for (const jobId of jobs) {
      const msg = clip(jobId);
      msg.roboflow.jobId = jobId;
      before.receive(msg);
    }
    await before.runner.takenIn();
    await whenIdle();
    const nodeRed = new FakeNodeRed(userDir);
    await nodeRed.node("other", forEver).close();
    await nodeRed.started();
    await until(
      () => jobs.every((job) => nodeRed.warnings.some((warning) => warning.includes(job))),
      30_000,
      () => nodeRed.warnings.join("\n"),
    );
    assert(nodeRed.warnings.every((warning) => warning.length < 1000 && !warning.includes("…")));
  });

  it("removes the result that a killed download had begun to fetch", async () => {
    const spool = path.join(journal(), ".spool");
    mkdirSync(spool, { recursive: true });
    writeFileSync(path.join(spool, "half.json"), "{");
    const node = new FakeNodeRed(userDir).node("do", passOn);
    assert.equal(existsSync(path.join(spool, "half.json")), false);
    await node.close();
  });

  it("tells of the doubt about a paid request that a kill cut off, and does not make it again", async () => {
    let noted = false;
    const before = new FakeNodeRed(userDir).node("st", async (task) => {
      await task.intend();
      noted = true;
      return forEver(task);
    });
    before.receive(clip("clip"));
    await until(
      () => noted,
      10_000,
      () => "no intention",
    );
    const nodeRed = new FakeNodeRed(userDir);
    let begun = 0;
    const next = nodeRed.node("st", (task) => {
      begun += 1;
      return passOn(task);
    });
    await nodeRed.started();
    assert.deepEqual([next.done, next.sent, begun], [["START_UNCERTAIN"], [], 0]);
    await next.close();
  });

  it("starts nothing twice when what was sent could not be written down", async () => {
    const before = new FakeNodeRed(userDir);
    const up = before.node("up", async ({ msg }) => {
      // From here on the disk refuses to rename over this node's entries.
      makeReadOnly("up");
      return { msg, done: "uploaded" };
    });
    const st = before.node("st", forEver);
    up.receive(clip("clip"));
    await happens(() => up.sent.length === 1);
    st.receive(up.sent[0] as ClipMessage);
    await st.runner.takenIn();
    await whenIdle();

    makeWritable("up");
    const next = new FakeNodeRed(userDir);
    const upAgain = next.node("up", passOn);
    const worked: string[] = [];
    const stAgain = next.node("st", (task) => {
      worked.push(task.msg.roboflow.id);
      return forEver(task);
    });
    await next.started();
    assert.equal(upAgain.sent.length, 1, "the upload was done again");
    stAgain.receive(upAgain.sent[0] as ClipMessage);
    assert.deepEqual(worked, ["clip"], "but start has it already");
    await Promise.all([upAgain.close(), stAgain.close()]);
  });
});
