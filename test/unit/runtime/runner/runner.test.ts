import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
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
import type { Node, NodeAPI } from "node-red";
import { VideoError } from "../../../../nodes/roboflow";
import type { ClipMessage } from "../../../../nodes/runtime/message";
import { Runner } from "../../../../nodes/runtime/runner/runner";
import type { Outcome, Step, Task } from "../../../../nodes/runtime/runner/step";
import { until } from "../../../support/node-red";

let userDir: string;
beforeEach(() => {
  userDir = mkdtempSync(path.join(tmpdir(), "roboflow-runner-"));
});
afterEach(() => rmSync(userDir, { recursive: true, force: true }));

const journal = () => path.join(userDir, "roboflow-video");
const entries = (node: string) =>
  existsSync(path.join(journal(), node)) ? readdirSync(path.join(journal(), node)) : [];

/** As much of a Node-RED as a runner sees, alive until it is left to itself like a killed process. */
class FakeNodeRed {
  readonly events = new EventEmitter();
  readonly warnings: string[] = [];
  configured: string[] = [];
  readonly RED = {
    events: this.events,
    settings: { userDir },
    log: { warn: (text: string) => this.warnings.push(text), error: () => {} },
    nodes: {
      eachNode: (visit: (node: { id: string }) => void) => {
        for (const id of this.configured) visit({ id });
      },
      getNode: () => null,
    },
    _: (key: string) => key,
  } as unknown as NodeAPI;

  node(id: string, work: Step["work"], more: Partial<Step> = {}): FakeNode {
    if (!this.configured.includes(id)) this.configured.push(id);
    return new FakeNode(this.RED, id, { name: "upload", account: "", resume: true, work, ...more });
  }

  async started(): Promise<void> {
    this.events.emit("flows:started");
    await delay(30);
  }
}

class FakeNode {
  readonly sent: ClipMessage[] = [];
  readonly done: (string | undefined)[] = [];
  readonly errors: string[] = [];
  readonly runner: Runner;
  /** Lets other nodes' hooks have their say before a message is delivered. */
  hooksTake: number | undefined;
  failOnSend = false;
  failOnDone = false;
  #input: (...args: unknown[]) => void = () => {};
  #close: (done: () => void) => void = () => {};

  constructor(RED: NodeAPI, id: string, step: Step) {
    const node = {
      id,
      on: (event: "input" | "close", listener: never) => {
        if (event === "input") this.#input = listener;
        else this.#close = listener;
      },
      receive: (msg: ClipMessage) =>
        this.hooksTake === undefined
          ? this.receive(msg)
          : setTimeout(() => this.receive(msg), this.hooksTake),
      warn: () => {},
      error: (text: string) => this.errors.push(text),
      status: () => {},
    };
    this.runner = new Runner(RED, node as unknown as Node, step);
  }

  receive(msg: ClipMessage): void {
    const send = (sent: ClipMessage) => {
      if (this.failOnSend) throw new Error("a node downstream broke");
      this.sent.push(structuredClone(sent));
    };
    this.#input(msg, send, (error?: { code: string }) => {
      if (this.failOnDone) throw new Error("a Catch node broke");
      this.done.push(error?.code);
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#close(resolve));
  }
}

const clip = (id: string, handover?: { token: string; repeat?: boolean }) =>
  ({ _msgid: id, payload: id, roboflow: { id, ...(handover ? { handover } : {}) } }) as ClipMessage;
const passOn = async ({ msg }: Task): Promise<Outcome> => ({ msg, done: "done" });
const forEver = ({ signal }: Task) =>
  new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

describe("taking up what a kill has left", () => {
  const leave = async (count: number) => {
    const before = new FakeNodeRed().node("up", forEver);
    for (let index = 0; index < count; index += 1) before.receive(clip(`clip-${index}`));
  };

  for (const hooksTake of [undefined, 5])
    it(`does each piece of work once, however often flows start${hooksTake ? " and however slow hooks are" : ""}`, async () => {
      await leave(120);
      const nodeRed = new FakeNodeRed();
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

  it("goes on with the node that comes after one closed in the middle of it", async () => {
    await leave(120);
    const nodeRed = new FakeNodeRed();
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
    const nodeRed = new FakeNodeRed();
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
    const nodeRed = new FakeNodeRed();
    await nodeRed.node("other", forEver).close();
    nodeRed.configured = [];
    await nodeRed.started();
    assert.equal(entries("up").length, 2);
    nodeRed.configured = ["other"];
    await nodeRed.started();
    assert.deepEqual(entries("up"), []);
    assert.equal(nodeRed.warnings.length, 1);
  });

  it("removes the result that a killed download had begun to fetch", async () => {
    const spool = path.join(journal(), ".spool");
    mkdirSync(spool, { recursive: true });
    writeFileSync(path.join(spool, "half.json"), "{");
    const node = new FakeNodeRed().node("do", passOn);
    assert.equal(existsSync(path.join(spool, "half.json")), false);
    await node.close();
  });

  it("tells of the doubt about a paid request that a kill cut off, and does not make it again", async () => {
    let noted = false;
    const before = new FakeNodeRed().node("st", async (task) => {
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
    const nodeRed = new FakeNodeRed();
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
    const before = new FakeNodeRed();
    const up = before.node("up", async ({ msg }) => {
      // From here on the disk refuses to rename over this node's entries.
      makeReadOnly("up");
      return { msg, done: "uploaded" };
    });
    const st = before.node("st", forEver);
    up.receive(clip("clip"));
    await delay(10);
    st.receive(up.sent[0] as ClipMessage);

    makeWritable("up");
    const next = new FakeNodeRed();
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

describe("a deploy", () => {
  it("leaves a message that arrives while a node closes to the one that comes after it", async () => {
    const nodeRed = new FakeNodeRed();
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
    const nodeRed = new FakeNodeRed();
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
    const nodeRed = new FakeNodeRed();
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
    assert.deepEqual(entries("up"), [], "the last node that closes leaves nothing that was handed over");
  });

  for (const end of ["well", "in an error"])
    it(`does not let work that ends ${end} long after its node closed touch what the next node has in hand`, async () => {
      const nodeRed = new FakeNodeRed();
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
      const killed = new FakeNodeRed().node("up", passOn);
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(entries("up").length, 1);
      await Promise.all([next.close(), killed.close()]);
    });

  it("lets a start that waits for its turn begin nothing once its node has closed", async () => {
    const nodeRed = new FakeNodeRed();
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
    await slow.close();
    begin();
    await delay(10);
    assert.equal(asked, 0);
  });
});

it("a node downstream that throws does not end the process, and what was sent is not forgotten", async () => {
  const nodeRed = new FakeNodeRed();
  const node = nodeRed.node("up", passOn);
  await nodeRed.started();
  node.failOnSend = true;
  const sent = clip("clip");
  sent.roboflow.jobId = "job-7";
  node.receive(sent);
  await delay(10);
  assert.match(node.errors.join("\n"), /a node downstream broke.*job job-7/);
  node.failOnSend = false;
  await nodeRed.started();
  assert.equal(node.sent.length, 1);
  assert.deepEqual(node.sent[0]?.roboflow.handover?.repeat, true);
  await node.close();
});

it("a command whose end somebody else cannot bear does not end the process either", async () => {
  const nodeRed = new FakeNodeRed();
  for (const command of [async () => {}, async () => Promise.reject(new Error("no such command"))]) {
    const node = nodeRed.node("po", passOn, { command });
    node.failOnDone = true;
    node.receive(clip("clip"));
    await delay(10);
    assert.equal(node.errors.length, 1);
    await node.close();
  }
});

it("a message marked as repeated that was taken before is dropped with done()", async () => {
  const nodeRed = new FakeNodeRed();
  const node = nodeRed.node("st", passOn);
  await nodeRed.started();
  const receive = async (handover: { token: string; repeat?: boolean }) => {
    node.receive(clip("clip", handover));
    await delay(5);
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
