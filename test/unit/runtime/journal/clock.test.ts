import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, it, type TestContext } from "node:test";
import { JournalClock, notedEvery } from "../../../../nodes/runtime/journal/clock";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "roboflow-clock-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const hour = 3_600_000;

/** A computer with a monotonic clock that runs and a wall clock that anybody may set. */
function computer(t: TestContext, wallClock = Date.UTC(2026, 10, 27)) {
  const time = { monotonic: 5000, wall: wallClock };
  t.mock.method(performance, "now", () => time.monotonic);
  t.mock.timers.enable({ apis: ["Date"], now: wallClock });
  return {
    runs: (ms: number) => {
      time.monotonic += ms;
      t.mock.timers.tick(ms);
    },
    isOffFor: (ms: number) => t.mock.timers.tick(ms),
    isSetTo: (date: string) => t.mock.timers.setTime(Date.parse(date)),
  };
}

describe("the journal's clock", () => {
  it("counts while it runs, whatever becomes of the wall clock", (t) => {
    const { runs, isSetTo } = computer(t);
    const clock = new JournalClock(folder);
    const began = clock.now();
    runs(hour);
    isSetTo("1970-01-01");
    runs(hour);
    isSetTo("2045-01-01");
    runs(hour);
    assert.equal(clock.now() - began, 3 * hour);
  });

  for (const [how, date] of [
    ["to the right time after a start in the past", "2082-11-27"],
    ["back to the past", "1970-01-01T00:00:10"],
  ] as const)
    it(`goes on after a restart at which the wall clock jumped ${how}`, (t) => {
      const { runs, isSetTo } = computer(t);
      const clock = new JournalClock(folder);
      runs(5 * hour);
      clock.note();
      runs(60_000);
      isSetTo(date);
      const next = new JournalClock(folder).now();
      assert(next >= 5 * hour && next <= 5 * hour + notedEvery, `${next}`);
    });

  it("counts what was not noted before a kill, so that one every few minutes does not stop it", (t) => {
    const { runs } = computer(t);
    new JournalClock(folder).note();
    for (let kill = 0; kill < 12; kill += 1) {
      runs(5 * 60_000);
      new JournalClock(folder).note();
    }
    assert.equal(new JournalClock(folder).now(), hour);
  });

  it("counts little of the time in which the computer was off", (t) => {
    const { isOffFor } = computer(t);
    new JournalClock(folder).note();
    isOffFor(30 * 24 * hour);
    assert.equal(new JournalClock(folder).now(), notedEvery);
  });

  for (const note of [
    "",
    "{",
    "null",
    "5",
    '{"running":-1,"at":"2026-11-27"}',
    '{"running":"1","at":"2026-11-27"}',
    '{"running":5,"at":"?"}',
  ])
    it(`begins anew where its note reads ${note || "nothing"}`, (t) => {
      computer(t);
      writeFileSync(path.join(folder, ".clock.json"), note);
      assert.equal(new JournalClock(folder).now(), 0);
    });

  it("leaves one private file behind while there is something to measure, and harms nobody where it cannot", () => {
    const clock = new JournalClock(folder);
    assert.deepEqual(readdirSync(folder), []);
    clock.note();
    assert.equal(statSync(path.join(folder, ".clock.json")).mode & 0o777, 0o600);
    clock.forget();
    assert.deepEqual(readdirSync(folder), []);
    clock.note();
    new JournalClock(folder).forget();
    assert.deepEqual(readdirSync(folder), [], "nor does what an earlier process has noted stay");
    const nowhere = new JournalClock(path.join(folder, "missing"));
    nowhere.note();
    nowhere.forget();
    assert.equal(existsSync(path.join(folder, "missing")), false);
  });
});
