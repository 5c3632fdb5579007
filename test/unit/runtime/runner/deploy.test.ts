import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { VideoError } from "../../../../nodes/roboflow";
import type { ClipMessage } from "../../../../nodes/runtime/message";
import type { Deploy } from "../../../../nodes/runtime/runner/deploy";
import type { Step, Task } from "../../../../nodes/runtime/runner/step";
import { clip, type FakeNode, FakeNodeRed, forEver, happens, passOn } from "./fake-node-red";
import { entries, journal, userDir } from "./user-dir";

describe("a deploy", () => {
  it("leaves a message that arrives while a node closes to the one that comes after it", async () => {
    const nodeRed = new FakeNodeRed(userDir);
    let begun = 0;
    const node = nodeRed.node("up", (task) => {
      begun += 1;
      return passOn(task);
    });
    await nodeRed.started();
    nodeRed.events.emit("flows:stopping");
    const closed = node.close();
    node.receive(clip("late"));
    await closed;
    assert.equal(begun, 0, "nobody would end it");
    const next = nodeRed.node("up", passOn);
    await nodeRed.started();
    assert.deepEqual(
      next.sent.map(({ payload }) => payload),
      ["late"],
    );
    await next.close();
  });

  it("holds what a running node would send to one that is being replaced", async () => {
    const nodeRed = new FakeNodeRed(userDir);
    let finish: () => void = () => {};
    const node = nodeRed.node("up", async ({ msg }) => {
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return { msg, done: "done" };
    });
    await nodeRed.started();
    node.receive(clip("clip"));
    await node.runner.takenIn();
    nodeRed.events.emit("flows:stopping");
    finish();
    await delay(20);
    assert.deepEqual(node.sent, []);
    await nodeRed.started();
    assert.equal(node.sent.length, 1);
    assert.deepEqual(node.done, [undefined]);
    await nodeRed.started();
    assert.equal(node.sent.length, 1, "and does not send it again with the next deploy");
    await node.close();
  });

  it("sends what was finished but held by the node that comes after", async () => {
    const nodeRed = new FakeNodeRed(userDir);
    let worked = 0;
    const work: Step["work"] = async ({ msg }) => {
      worked += 1;
      return { msg, done: "done" };
    };
    const node = nodeRed.node("up", work);
    await nodeRed.started();
    nodeRed.events.emit("flows:stopping");
    node.receive(clip("clip"));
    await node.runner.takenIn();
    await delay(5);
    await node.close();
    const next = nodeRed.node("up", work);
    await nodeRed.started();
    assert.equal(worked, 1);
    assert.equal(next.sent.length, 1);
    await next.close();
  });

  for (const end of ["well", "in an error"])
    it(`does not let work that ends ${end} long after its node closed touch what the next node has in hand`, async () => {
      const nodeRed = new FakeNodeRed(userDir);
      let finish: () => void = () => {};
      const stubborn = nodeRed.node("up", async ({ msg }) => {
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        if (end !== "well") throw new VideoError("AUTH", "keyRefused");
        return { msg, done: "done" };
      });
      await nodeRed.started();
      stubborn.receive(clip("clip"));
      await stubborn.runner.takenIn();
      const began = performance.now();
      await stubborn.close();
      assert(performance.now() - began < 1000 + 300);
      const next = nodeRed.node("up", forEver);
      await nodeRed.started();
      finish();
      await delay(20);
      assert.deepEqual(stubborn.sent, []);
      assert.deepEqual(stubborn.done, []);
      const [name = ""] = entries("up");
      assert.equal(JSON.parse(readFileSync(path.join(journal(), "up", name), "utf8")).state, "accepted");
      const killed = new FakeNodeRed(userDir).node("up", passOn);
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(entries("up").length, 1);
      await Promise.all([next.close(), killed.close()]);
    });

  for (const moment of ["has closed", "is closing"])
    it(`lets a start that waits for its turn begin nothing once its node ${moment}`, async () => {
      const nodeRed = new FakeNodeRed(userDir);
      let begin: () => void = () => {};
      let asked = 0;
      const slow = nodeRed.node(
        "st",
        async ({ msg, intend }) => {
          await new Promise<void>((resolve) => {
            begin = resolve;
          });
          await intend();
          asked += 1;
          return { msg, done: "started" };
        },
        { paid: true },
      );
      await nodeRed.started();
      slow.receive(clip("clip"));
      await slow.runner.takenIn();
      const closed = slow.close();
      if (moment === "has closed") await closed;
      begin();
      await closed;
      await delay(10);
      assert.equal(asked, 0);
      const [name = ""] = entries("st");
      assert.equal(JSON.parse(readFileSync(path.join(journal(), "st", name), "utf8")).state, "accepted");
    });
});

describe("what was sent just before a deploy", () => {
  const changed = (...ids: string[]): Deploy => ({ type: "nodes", diff: { changed: ids } });
  const tabs = [
    { id: "tab", type: "tab" },
    { id: "other", type: "tab" },
  ];
  /** A node that has just sent a message, or raised an error. */
  const hasSent = async (nodeRed: FakeNodeRed, work: Step["work"] = passOn) => {
    const node = nodeRed.node("up", work);
    await nodeRed.started();
    node.receive(clip("clip"));
    await happens(() => node.done.length === 1);
    return node;
  };
  const handovers = (node: FakeNode) => node.sent.map(({ roboflow }) => roboflow.handover);

  it("stays on disk, over a clean stop too, and comes again marked as a repeat", async () => {
    const before = new FakeNodeRed(userDir);
    const node = await hasSent(before);
    await before.stopped({ type: "full" }, [node]);
    assert.equal(entries("up").length, 1);
    const nodeRed = new FakeNodeRed(userDir);
    const next = nodeRed.node("up", forEver);
    await nodeRed.started();
    const token = node.sent[0]?.roboflow.handover?.token;
    assert.deepEqual(
      handovers(next).map((handover) => ({ ...handover, delivery: "" })),
      [{ token, repeat: true, delivery: "" }],
    );
    await next.close();
  });

  it("comes again with each deploy, and is done by a node that has it only once", async () => {
    const nodeRed = new FakeNodeRed(userDir);
    const worked: string[] = [];
    const work = (task: Task) => {
      worked.push(task.msg.roboflow.id);
      return forEver(task);
    };
    let [up, st] = [await hasSent(nodeRed), nodeRed.node("st", work)];
    const deliver = () => st.receive(structuredClone(up.sent[0]) as ClipMessage);
    for (let deploy = 0; deploy < 3; deploy += 1) {
      await nodeRed.stopped({ type: "full" }, [up, st]);
      [up, st] = [nodeRed.node("up", forEver), nodeRed.node("st", work)];
      await nodeRed.started();
      assert.equal(up.sent.length, 1);
      worked.length = 0;
      deliver();
      await st.runner.takenIn();
      // The original was lost, the first repeat was not.
      assert.deepEqual(worked, deploy === 0 ? ["clip"] : []);
    }
    await Promise.all([up.close(), st.close()]);
  });

  it("comes again as it was, whatever the next nodes have done with it", async () => {
    const nodeRed = new FakeNodeRed(userDir);
    const node = await hasSent(nodeRed, async ({ msg }) => {
      msg.payload = { answer: 42 };
      return { msg, done: "done" };
    });
    const sent = node.received[0] as ClipMessage & { payload: { answer?: number } };
    delete sent.payload.answer;
    sent.roboflow.id = "somebody else's";
    await nodeRed.stopped({ type: "full" }, [node]);
    const next = nodeRed.node("up", forEver);
    await nodeRed.started();
    assert.deepEqual(next.sent[0]?.payload, { answer: 42 });
    assert.equal(next.sent[0]?.roboflow.id, "clip");
    await next.close();
  });

  it("is made anew from the message that came in, where it is not kept", async () => {
    const nodeRed = new FakeNodeRed(userDir);
    const urls: unknown[] = [];
    const download: Step["work"] = async ({ msg }) => {
      urls.push(msg.payload);
      msg.payload = "the result";
      return { msg, done: "downloaded" };
    };
    const node = nodeRed.node("do", download, { outcomeIsRemade: true });
    await nodeRed.started();
    node.receive(clip("clip"));
    await happens(() => node.done.length === 1);
    await nodeRed.stopped({ type: "full" }, [node]);
    const next = nodeRed.node("do", download, { outcomeIsRemade: true });
    await nodeRed.started();
    assert.deepEqual(urls, ["clip", "clip"]);
    await next.close();
  });

  it("comes again from a node that the deploy left running, since what was in its way may have been stopped", async () => {
    const nodeRed = new FakeNodeRed(userDir);
    nodeRed.others = tabs;
    const node = await hasSent(nodeRed);
    await nodeRed.stopped(changed("function", "tab"));
    await nodeRed.started();
    assert.equal(node.sent.length, 2);
    assert.equal(handovers(node)[1]?.repeat, true);
    await node.close();
  });

  it("does not come again when the deploy was about another tab", async () => {
    const nodeRed = new FakeNodeRed(userDir);
    nodeRed.others = tabs;
    const node = await hasSent(nodeRed);
    await nodeRed.stopped(changed("function", "other"));
    await nodeRed.started();
    assert.equal(node.sent.length, 1);
    await node.close();
  });

  for (const type of ["link out", "link call", "subflow:somewhere"])
    it(`comes again when there is a way to other tabs: ${type}`, async () => {
      const nodeRed = new FakeNodeRed(userDir);
      nodeRed.others = [...tabs, { id: "away", type, z: "tab" }];
      const node = await hasSent(nodeRed);
      await nodeRed.stopped(changed("function", "other"));
      await nodeRed.started();
      assert.equal(node.sent.length, 2);
      await node.close();
    });

  it("comes again as an error, with the same token", async () => {
    const nodeRed = new FakeNodeRed(userDir);
    const fails = async () => {
      throw new VideoError("AUTH", "keyRefused");
    };
    const node = await hasSent(nodeRed, fails);
    const first = { ...node.received[0]?.roboflow.handover };
    await nodeRed.stopped({ type: "full" }, [node]);
    const next = nodeRed.node("up", passOn);
    await nodeRed.started();
    assert.deepEqual([next.done, next.sent], [["AUTH"], []]);
    const second = next.received[0]?.roboflow.handover;
    assert.deepEqual([second?.token, second?.repeat], [first.token, true]);
    assert.deepEqual(Object.keys(first), ["token"]);
    await next.close();
  });
});

describe("a deploy after which flows do not start, because a type is missing", () => {
  const missing = { id: "runtime-state", payload: { state: "stop", error: "missing-types" } };

  it("lets the nodes that it left running go on, and what they send comes again when flows start", async () => {
    const nodeRed = new FakeNodeRed(userDir);
    let finish: () => void = () => {};
    const node = nodeRed.node("up", async ({ msg }) => {
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return { msg, done: "done" };
    });
    await nodeRed.started();
    node.receive(clip("clip"));
    await node.runner.takenIn();
    await nodeRed.stopped({ type: "nodes", diff: { changed: ["st", "tab"] } });
    finish();
    await delay(20);
    assert.equal(node.sent.length, 0, "flows may still start");
    nodeRed.events.emit("runtime-event", missing);
    await happens(() => node.sent.length === 1);
    await nodeRed.stopped({ type: "nodes", diff: { changed: ["other"] } });
    await nodeRed.started();
    assert.equal(node.sent.length, 2, "start was missing when it was sent");
    await node.close();
  });
});
