import assert from "node:assert/strict";
import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, it, mock } from "node:test";
import type { JournalEntry } from "../../../../nodes/runtime/journal/entry";
import { Journal } from "../../../../nodes/runtime/journal/journal";
import { times } from "../../../../nodes/runtime/journal/times";
import { afterKill, files, root } from "./own-journal";
import { durable, handed, message } from "./stage";

describe("a message that comes again", () => {
  const original = { token: "t" };
  const repeat = { token: "t", repeat: true };

  it("is known by its token, in this process and after a kill, and once each", async () => {
    const journal = new Journal(root);
    assert.equal(journal.isDuplicate("st", original), false);
    journal.accept("st", handed("clip", original), durable);
    assert.equal(journal.isDuplicate("po", repeat), false, "each node counts for itself");
    assert.equal(journal.isDuplicate("st", repeat), true);
    assert.equal(journal.isDuplicate("st", repeat), false);
    const next = await afterKill();
    assert.equal(next.journal.isDuplicate("st", repeat), true);
    assert.equal(next.journal.isDuplicate("st", repeat), false);
  });

  it("is known when it was a repeat itself, which its sender may send again after the next deploy", async () => {
    const journal = new Journal(root);
    assert.equal(journal.isDuplicate("st", { ...repeat, delivery: "1" }), false);
    journal.accept("st", handed("clip", repeat), durable);
    assert.equal(journal.isDuplicate("st", { ...repeat, delivery: "2" }), true);
    assert.equal((await afterKill()).journal.isDuplicate("st", { ...repeat, delivery: "3" }), true);
  });

  it("counts when it is not marked as a repeat: who sends it again does so on purpose", () => {
    const journal = new Journal(root);
    for (let time = 0; time < 3; time += 1) assert.equal(journal.isDuplicate("st", original), false);
  });

  it("is known when its repeat was faster, as long as its sender may repeat it", () => {
    const journal = new Journal(root);
    const sender = journal.accept("up", message("clip"), durable).entry;
    assert.equal(journal.isDuplicate("st", { token: sender.id, repeat: true, delivery: "1" }), false);
    assert.equal(journal.isDuplicate("st", { token: sender.id }), true);
    assert.equal(journal.isDuplicate("st", { token: sender.id, repeat: true, delivery: "2" }), true);
    assert.equal(journal.isDuplicate("st", { token: sender.id }), false);

    assert.equal(journal.isDuplicate("po", { token: sender.id, repeat: true, delivery: "1" }), false);
    journal.remove(sender);
    assert.equal(journal.isDuplicate("po", { token: sender.id }), false);
  });
});

describe("a token that is none", () => {
  for (const token of [5, {}, [], null])
    it(`counts as nothing: ${JSON.stringify(token)}`, () => {
      const journal = new Journal(root);
      const { entry, trouble } = journal.accept("st", handed("clip", { token } as never), durable);
      assert.equal(trouble, undefined);
      assert.equal(entry.token, undefined);
    });
});

describe("a message whose sender is disabled when Node-RED starts again", () => {
  it("is known for as long as that sender may send it again, over every kill, and then forgotten", async () => {
    const journal = new Journal(root);
    const sender = journal.accept("up", message("clip"), durable).entry;
    journal.settle(sender, { msg: sender.msg });
    const receiver = journal.accept("st", handed("clip", { token: sender.id }), durable).entry;
    journal.settle(receiver, { msg: receiver.msg });
    // A node after it that was told to forget the message.
    const reset = journal.accept("po", handed("clip", { token: receiver.id }), durable).entry;
    journal.remove(reset);
    assert.deepEqual([journal.unsettled("po"), files("po").length], [[], 1]);
    journal.remove(receiver);
    assert.deepEqual([journal.unsettled("st"), files("st").length], [[], 1]);
    assert.deepEqual(readdirSync(root), ["st", "up"], "start will not repeat it any more");

    for (let kill = 0; kill < 2; kill += 1) {
      const { journal: next } = await afterKill();
      assert.deepEqual(next.unsettled("st"), []);
      assert.equal(next.isDuplicate("st", { token: sender.id, repeat: true }), true);
    }
    const { journal: last } = await afterKill();
    const [sent] = last.unsettled("up");
    last.remove(sent as JournalEntry);
    assert.deepEqual(readdirSync(root), []);
  });
});

describe("a settled entry", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setInterval"] }));
  afterEach(() => mock.timers.reset());

  /** An upload that was handed to start, both with an outcome that was sent just now. */
  const bothSent = (journal: Journal) => {
    const sender = journal.accept("up", message("clip"), durable).entry;
    const receiver = journal.accept("st", handed("clip", { token: sender.id }), durable).entry;
    for (const entry of [sender, receiver]) {
      journal.settle(entry, { msg: entry.msg });
      journal.linger(entry);
    }
  };
  const pass = (time: number) => {
    for (let passed = 0; passed < time; passed += times.lingerStep) mock.timers.tick(times.lingerStep);
  };
  const nodesLeft = () => readdirSync(root);

  it("stays a second with the sender, longer with the receiver, and is nothing to take up meanwhile", () => {
    const journal = new Journal(root);
    bothSent(journal);
    assert.deepEqual(journal.unsettled("up"), []);
    pass(times.linger);
    assert.equal(files("up").length, 1);
    pass(times.lingerStep);
    assert.deepEqual(nodesLeft(), ["st"]);
    pass(times.lingerOfReceiver - times.linger);
    assert.deepEqual(nodesLeft(), [], "the folder goes with the last entry");
  });

  it("stays as long as messages have come in that are not accepted yet: it may be the sender of one", () => {
    let isTakingIn = true;
    const journal = new Journal(root, { isTakingIn: () => isTakingIn });
    bothSent(journal);
    pass(10 * times.lingerOfReceiver);
    assert.deepEqual([files("up").length, files("st").length], [1, 1]);
    isTakingIn = false;
    pass(times.lingerOfReceiver + times.lingerStep);
    assert.deepEqual(nodesLeft(), []);
  });

  it("stays as long as flows stand still, and is to be sent again where it may have been lost", () => {
    const journal = new Journal(root);
    bothSent(journal);
    journal.flowsStop();
    pass(10 * times.lingerOfReceiver);
    assert.deepEqual(nodesLeft(), ["st", "up"]);
    journal.flowsRun((node) => node === "up");
    assert.deepEqual([journal.unsettled("up").length, journal.unsettled("st").length], [1, 0]);
    pass(10 * times.lingerOfReceiver);
    assert.equal(files("up").length, 1);
    assert.equal(files("st").length, 1, "its receiver knows it for as long");
  });

  it("stays where it may be lost until flows run, when only some nodes have been left running", () => {
    const journal = new Journal(root);
    bothSent(journal);
    journal.flowsStop();
    journal.flowsRunPartly((node) => node === "up");
    for (const node of ["up", "po"]) journal.linger(journal.accept(node, message("late"), durable).entry);
    pass(10 * times.lingerOfReceiver);
    assert.equal(files("up").length, 2);
    assert.equal(nodesLeft().includes("po"), false);
    journal.flowsRun(() => true);
    assert.equal(journal.unsettled("up").length, 2);
  });

  it("stays when the event loop was blocked for long: what was sent has not gone any further meanwhile", () => {
    const journal = new Journal(root);
    bothSent(journal);
    pass(times.linger - times.lingerStep);
    mock.timers.tick(times.lingerStep);
    assert.equal(files("up").length, 1);
  });

  it("of a message that was not written before its outcome is written, since it can", async () => {
    const journal = new Journal(root);
    const { entry } = journal.accept("up", message("clip"), { durable: true, outcomeOnly: true });
    assert.equal((await afterKill()).journal.unsettled("up").length, 0);
    journal.settle(entry, { msg: message("clip") });
    assert.equal((await afterKill()).journal.unsettled("up")[0]?.state, "sent");
  });

  it("that cannot be removed or written harms nobody", () => {
    const journal = new Journal(root);
    const { entry } = journal.accept("up", message("clip"), durable);
    rmSync(root, { recursive: true });
    mkdirSync(path.join(root, "up", `${entry.id}.json`, "stubborn"), { recursive: true });
    journal.settle(entry, { msg: entry.msg });
    journal.linger(entry);
    pass(times.linger + times.lingerStep);
    assert.deepEqual(journal.nodes(), []);
  });
});

it("keeps what a message holds from other users of the machine", () => {
  new Journal(root).accept("po", message("clip"), durable);
  assert.equal(statSync(path.join(root, "po", files("po")[0] ?? "")).mode & 0o777, 0o600);
});
