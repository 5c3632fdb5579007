import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { Deduplicator } from "../../../../nodes/runtime/journal/deduplicator";

/** One message on its way from a sender to a node: which delivery it belongs to (0 = the original) and its way. */
interface OnItsWay {
  delivery: number;
  way: number;
}

/** Deliveries of one message by some ways, with losses in all but the last, arriving in any order. */
const arrivals = fc
  .record({ ways: fc.integer({ min: 1, max: 3 }), deliveries: fc.integer({ min: 1, max: 4 }) })
  .chain(({ ways, deliveries }) => {
    const all: OnItsWay[] = Array.from({ length: ways * deliveries }, (_, index) => ({
      delivery: Math.floor(index / ways),
      way: index % ways,
    }));
    const last = all.filter(({ delivery }) => delivery === deliveries - 1);
    const others = all.filter(({ delivery }) => delivery < deliveries - 1);
    return fc
      .subarray(others)
      .chain((some) => fc.shuffledSubarray([...some, ...last], { minLength: some.length + last.length }))
      .map((arriving) => ({ ways, arriving }));
  });

it("a node takes a message once for each way to it, whatever was lost, repeated and overtaken", () => {
  fc.assert(
    fc.property(arrivals, ({ ways, arriving }) => {
      const deduplicator = new Deduplicator();
      const taken = arriving.filter(
        ({ delivery }) =>
          !deduplicator.isDuplicate(
            "st",
            delivery === 0 ? { token: "t" } : { token: "t", repeat: true, delivery: String(delivery) },
            () => true,
          ),
      );
      assert.equal(taken.length, ways);
    }),
    { numRuns: 2000 },
  );
});

it("remembers 10,000 tokens a node", () => {
  const deduplicator = new Deduplicator();
  const isKnown = (token: number) =>
    deduplicator.isDuplicate("st", { token: String(token), repeat: true }, () => false);
  for (let token = 0; token <= 10_000; token += 1) deduplicator.note("st", String(token));
  assert.deepEqual([isKnown(1), isKnown(10_000)], [true, true]);
  assert.equal(isKnown(0), false);
});

it("drops the original that its repeat has overtaken once: sent again after that, it is meant", () => {
  const taken = new Deduplicator();
  const mayRepeat = () => true;
  assert.equal(taken.isDuplicate("node", { token: "t", repeat: true, delivery: "1" }, mayRepeat), false);
  assert.equal(taken.isDuplicate("node", { token: "t" }, mayRepeat), true);
  assert.equal(taken.isDuplicate("node", { token: "t" }, mayRepeat), false);
});

it("takes a message whose repeat it has had when its sender cannot repeat it any more: it is sent on purpose", () => {
  const taken = new Deduplicator();
  assert.equal(
    taken.isDuplicate("node", { token: "t", repeat: true, delivery: "1" }, () => true),
    false,
  );
  assert.equal(
    taken.isDuplicate("node", { token: "t" }, () => false),
    false,
  );
});

it("counts a message that an earlier process has taken once", () => {
  const taken = new Deduplicator();
  taken.note("node", "t");
  const repeat = (delivery: string) =>
    taken.isDuplicate("node", { token: "t", repeat: true, delivery }, () => true);
  assert.equal(repeat("1"), true);
  assert.equal(repeat("1"), false, "the second copy of one delivery came by another way");
});
