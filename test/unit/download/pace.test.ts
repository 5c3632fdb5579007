import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Pace } from "../../../nodes/download/pace";

/** Counts the turns of the event loop until something has ended. */
async function turnsUntil(end: Promise<unknown>): Promise<number> {
  let turns = 0;
  let ended = false;
  const count = () => {
    turns += 1;
    if (!ended) setImmediate(count);
  };
  setImmediate(count);
  await end;
  ended = true;
  return turns;
}

async function send(pace: Pace, messages: number, sent: () => void = () => {}): Promise<void> {
  for (let message = 0; message < messages; message += 1) {
    await pace.next();
    sent();
  }
}

const limits = { messages: 16, milliseconds: Number.POSITIVE_INFINITY, turnsPerMessage: 2 };

describe("the pace of messages that are sent", () => {
  it("gives other nodes two turns of the event loop for each, whatever else is pending", async () => {
    const [others] = [setInterval(() => {}, 1_000_000)];
    assert.equal(await turnsUntil(send(new Pace(limits), 16)), 0, "the first few go at once");
    for (const messages of [17, 32]) {
      const turns = await turnsUntil(send(new Pace(limits), messages));
      assert.ok(turns >= 31 && turns <= 34, `${turns} turns for ${messages} messages`);
    }
    const turns = await turnsUntil(send(new Pace(limits), 1600));
    assert.ok(turns > 3000 && turns < 3400, `${turns} turns`);
    clearInterval(others);
  });

  it("is one for all who send: more senders get no more messages through, nor more turns each", async () => {
    const pace = new Pace(limits);
    let inOneTurn = 0;
    let most = 0;
    const sent = () => {
      if (inOneTurn === 0) setImmediate(() => (inOneTurn = 0));
      most = Math.max(most, ++inOneTurn);
    };
    const turns = await turnsUntil(Promise.all(Array.from({ length: 5 }, () => send(pace, 320, sent))));
    assert.equal(most, 16);
    assert.ok(turns > 3000 && turns < 3400, `${turns} turns`);
  });

  it("pauses sooner when a few messages take long to make", async () => {
    const pace = new Pace({ ...limits, milliseconds: 4 });
    assert.equal(await pace.next(), false);
    const until = performance.now() + 5;
    while (performance.now() < until);
    assert.equal(await pace.next(), true);
  });
});
