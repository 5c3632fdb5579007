import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { VideoError } from "../../../../nodes/roboflow";
import { times } from "../../../../nodes/runtime/journal/times";
import type { ClipMessage } from "../../../../nodes/runtime/message";
import type { Deploy } from "../../../../nodes/runtime/runner/deploy";
import { intake } from "../../../../nodes/runtime/runner/intake";
import type { Step, Task } from "../../../../nodes/runtime/runner/step";
import { until } from "../../../support/node-red";
import { clip, type FakeNode, FakeNodeRed, forEver, happens, passOn, whenIdle } from "./fake-node-red";

let userDir: string;
beforeEach(() => {
  userDir = mkdtempSync(path.join(tmpdir(), "roboflow-runner-"));
});
afterEach(() => rmSync(userDir, { recursive: true, force: true }));

const journal = () => path.join(userDir, "roboflow-video");
const entries = (node: string) =>
  existsSync(path.join(journal(), node)) ? readdirSync(path.join(journal(), node)) : [];

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

/** Uses this turn of the event loop up: what comes in now is taken in later. */
function useTurnUp(): void {
  intake.add(() => {
    for (const end = performance.now() + 10; performance.now() < end; );
  });
}

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

  it("is a reset that still stops what is in hand when the node closes", async () => {
    const nodeRed = new FakeNodeRed(userDir);
    const node = withReset(nodeRed);
    await nodeRed.started();
    node.receive(clip("one"));
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
  useTurnUp();
  node.runner.drop(() => "all");
  finish();
  await node.runner.takenIn();
  await delay(0);
  assert.deepEqual(node.sent, []);
  assert.deepEqual(node.done, [undefined]);
  assert.equal(entries("po").length, 0);
  await node.close();
});

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
