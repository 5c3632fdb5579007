import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { times } from "../../../../nodes/runtime/journal/times";
import type { ClipMessage } from "../../../../nodes/runtime/message";
import { clip, type FakeNode, FakeNodeRed, forEver, happens, passOn } from "./fake-node-red";
import { entries, userDir, useTurnUp } from "./user-dir";

describe("a message that has come in with thousands of others and is not taken in yet", () => {
  const payloads = (messages: ClipMessage[]) => messages.map(({ payload }) => payload);
  /** A node that waits, and that the message "reset" tells to stop. */
  const withReset = (nodeRed: FakeNodeRed): FakeNode => {
    const node: FakeNode = nodeRed.node("po", forEver, {
      command: (msg) => {
        if ((msg as ClipMessage).payload !== "reset") return undefined;
        node.runner.drop(() => "all");
        return Promise.resolve();
      },
    });
    return node;
  };

  it("is done by the node that comes after a deploy, once and in its place", async () => {
    const nodeRed = new FakeNodeRed(userDir);
    const node = nodeRed.node("up", passOn);
    await nodeRed.started();
    for (let turn = 0; turn < 20; turn += 1) useTurnUp();
    for (const id of ["one", "two", "three"]) node.receive(clip(id));
    assert.equal(entries("up").length, 0);
    await nodeRed.stopped({ type: "full" }, [node]);
    assert.equal(entries("up").length, 3, "on disk before the close is over");
    assert.deepEqual([node.sent, node.done], [[], []]);
    const next = nodeRed.node("up", passOn);
    await nodeRed.started();
    assert.deepEqual(payloads(next.sent), ["one", "two", "three"]);
    await next.close();
  });

  it("ends in ABORTED after a deploy where the node is not to resume", async () => {
    const nodeRed = new FakeNodeRed(userDir);
    const node = nodeRed.node("up", passOn, { resume: false });
    await nodeRed.started();
    for (let turn = 0; turn < 20; turn += 1) useTurnUp();
    for (const id of ["one", "two"]) node.receive(clip(id));
    await nodeRed.stopped({ type: "full" }, [node]);
    const next = nodeRed.node("up", passOn, { resume: false });
    await nodeRed.started();
    assert.deepEqual(next.done, ["ABORTED", "ABORTED"]);
    assert.deepEqual([...node.sent, ...next.sent], []);
    await next.close();
  });

  it("is met by a reset that comes after it, not by one that came before", async () => {
    const nodeRed = new FakeNodeRed(userDir);
    const node = withReset(nodeRed);
    await nodeRed.started();
    useTurnUp();
    for (const id of ["one", "two", "reset", "three"]) node.receive(clip(id));
    await node.runner.takenIn();
    await happens(() => node.done.length === 3);
    assert.deepEqual(payloads(node.runner.inHand()), ["three"]);
    await node.close();
  });

  for (const which of ["is in hand", "has come in just before it"])
    it(`is a reset that still stops what ${which} when the node closes`, async () => {
      const nodeRed = new FakeNodeRed(userDir);
      const node = withReset(nodeRed);
      await nodeRed.started();
      if (which !== "is in hand") useTurnUp();
      node.receive(clip("one"));
      if (which === "is in hand") await node.runner.takenIn();
      useTurnUp();
      node.receive(clip("reset"));
      await nodeRed.stopped({ type: "full" }, [node]);
      assert.equal(entries("po").length, 0);
      assert.deepEqual(node.done, [undefined, undefined]);
    });

  it("is kept by the node that sent it, so that a kill does not lose it", async () => {
    const nodeRed = new FakeNodeRed(userDir);
    const [up, st] = [nodeRed.node("up", passOn), nodeRed.node("st", passOn)];
    await nodeRed.started();
    up.receive(clip("clip"));
    await happens(() => up.sent.length === 1);
    const [sent] = up.sent;
    assert(sent);
    // Longer than an entry stays after it was sent.
    for (let busy = 0; busy < 1.3 * times.linger; busy += 10) useTurnUp();
    st.receive(sent);
    await st.runner.takenIn();
    assert.equal(entries("up").length, 1);
    assert.equal(entries("st").length, 1);
    await Promise.all([up.close(), st.close()]);
  });
});

it("what was stopped on purpose sends nothing more, even before its work has noticed", async () => {
  const nodeRed = new FakeNodeRed(userDir);
  let finish: () => void = () => {};
  const node = nodeRed.node("po", async (task) => {
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    task.send(task.msg);
    return { msg: task.msg, done: "finished" };
  });
  await nodeRed.started();
  node.receive(clip("clip"));
  await node.runner.takenIn();
  useTurnUp();
  node.runner.drop(() => "all");
  finish();
  await happens(() => node.done.length === 1);
  assert.deepEqual(node.sent, []);
  assert.deepEqual(node.done, [undefined]);
  assert.equal(entries("po").length, 0);
  await node.close();
});

it("a node downstream that throws does not end the process, and what was sent is not forgotten", async () => {
  const nodeRed = new FakeNodeRed(userDir);
  const node = nodeRed.node("up", passOn);
  await nodeRed.started();
  node.failOnSend = true;
  const sent = clip("clip");
  sent.roboflow.jobId = "job-7";
  node.receive(sent);
  await happens(() => node.errors.length > 0);
  assert.match(node.errors.join("\n"), /a node downstream broke.*job job-7/);
  node.failOnSend = false;
  await nodeRed.started();
  assert.equal(node.sent.length, 1);
  assert.deepEqual(node.sent[0]?.roboflow.handover?.repeat, true);
  await node.close();
});

it("a command whose end somebody else cannot bear does not end the process either", async () => {
  const nodeRed = new FakeNodeRed(userDir);
  for (const command of [async () => {}, async () => Promise.reject(new Error("no such command"))]) {
    const node = nodeRed.node("po", passOn, { command });
    node.failOnDone = true;
    node.receive(clip("clip"));
    await happens(() => node.errors.length === 1);
    await node.close();
  }
});

it("a message marked as repeated that was taken before is dropped with done()", async () => {
  const nodeRed = new FakeNodeRed(userDir);
  const node = nodeRed.node("st", passOn);
  await nodeRed.started();
  const receive = async (handover: { token: string; repeat?: boolean }) => {
    const before = node.done.length;
    node.receive(clip("clip", handover));
    await happens(() => node.done.length > before);
    return node.sent.length;
  };
  assert.equal(await receive({ token: "t" }), 1);
  assert.equal(await receive({ token: "t" }), 2, "without the mark it counts");
  assert.equal(await receive({ token: "t", repeat: true }), 2);
  assert.equal(await receive({ token: "t", repeat: true }), 2, "as often as it was taken");
  assert.deepEqual(node.done, [undefined, undefined, undefined, undefined]);
  assert.equal(await receive({ token: "t", repeat: true }), 3, "who sends it still later means it");
  await node.close();
});
