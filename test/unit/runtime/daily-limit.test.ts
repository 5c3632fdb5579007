import assert from "node:assert/strict";
import fs, { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, mock, test } from "node:test";
import { DailyLimit, dailyLimit } from "../../../nodes/runtime/daily-limit";

const hour = 3_600_000;
const day = 24 * hour;

let root: string;
let folder: string;
let wall: number;
let running: number;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), "roboflow-limit-"));
  folder = path.join(root, "account.day");
  wall = Date.now();
  // Whole milliseconds, so that sums of them come out exactly.
  running = Math.round(performance.now());
  mock.method(Date, "now", () => wall);
  mock.method(performance, "now", () => running);
});
afterEach(() => {
  mock.restoreAll();
  rmSync(root, { recursive: true, force: true });
});

/** Time in which the process runs. */
const passes = (ms: number) => {
  wall += ms;
  running += ms;
};
/** The count as the next process finds it, so many milliseconds later by the wall clock. */
const restarted = (ms = 0) => {
  wall += ms;
  running = 5000;
  return new DailyLimit(folder);
};
const reached = (hours: number) => ({
  code: "LIMIT",
  reason: "jobsPerDayReached",
  values: { limit: 2, hours },
});
const files = () => readdirSync(folder).sort();
const start = async (jobs: DailyLimit, id: string) => {
  await jobs.take(id, 2);
  await jobs.started(id);
};

test("as many jobs as the limit in any 24 hours, also when they come at once", async () => {
  const jobs = new DailyLimit(folder);
  const outcomes = await Promise.allSettled(["a", "b", "c", "d", "e"].map((id) => jobs.take(id, 2)));
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ["fulfilled", "fulfilled", "rejected", "rejected", "rejected"],
  );
  assert.deepEqual(files(), ["a.json", "b.json"]);
});

test("24 hours after its start a job counts no more, and its file is gone", async () => {
  const jobs = new DailyLimit(folder);
  await start(jobs, "a");
  passes(hour);
  await start(jobs, "b");
  passes(22.5 * hour);
  await assert.rejects(jobs.take("c", 2), reached(1));
  passes(0.5 * hour);
  await start(jobs, "c");
  await assert.rejects(jobs.take("d", 2), reached(1));
  assert.deepEqual(files(), ["b.json", "c.json"]);
});

test("a restart forgets no job, and frees what is over", async () => {
  await start(new DailyLimit(folder), "a");
  await start(restarted(), "b");
  await assert.rejects(restarted(day - hour).take("c", 2), reached(1));
  await restarted(2 * hour).take("c", 2);
});

test("a start that was interrupted keeps its slot, and takes no second one when it is taken up again", async () => {
  await new DailyLimit(folder).take("a", 2);
  const jobs = restarted();
  await start(jobs, "a");
  await start(jobs, "b");
  await assert.rejects(jobs.take("c", 2), { code: "LIMIT" });
});

test("says in how many hours there is a slot again, also when one that came first was taken up again", async () => {
  const jobs = new DailyLimit(folder);
  for (const id of ["a", "b", "a"]) {
    await start(jobs, id);
    passes(hour);
  }
  await assert.rejects(jobs.take("c", 2), reached(22));
});

test("a restart shortly after a start does not make it count for longer", async () => {
  await start(new DailyLimit(folder), "a");
  await assert.rejects(restarted(60_000).take("b", 1), { code: "LIMIT" });
  await restarted(day - 60_000).take("b", 1);
});

test("where the records cannot be read no job may be started: nobody knows how many there were", async () => {
  await start(new DailyLimit(folder), "a");
  const unreadable = mock.method(fs, "readdirSync", () => {
    throw Object.assign(new Error("i/o error"), { code: "EIO" });
  });
  const jobs = restarted();
  await assert.rejects(jobs.take("b", 1), { code: "STORAGE" });
  unreadable.mock.restore();
  await assert.rejects(jobs.take("b", 1), { code: "LIMIT" });
});

test("records are for nobody else to read", async () => {
  await start(new DailyLimit(folder), "a");
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  assert.equal(statSync(path.join(folder, "a.json")).mode & 0o777, 0o600);
});

test("one that is taken up again counts from then", async () => {
  await new DailyLimit(folder).take("a", 1);
  const jobs = restarted(23 * hour);
  await jobs.take("a", 1);
  await jobs.started("a");
  passes(23 * hour);
  await assert.rejects(jobs.take("b", 1), { code: "LIMIT" });
  await assert.rejects(restarted().take("b", 1), { code: "LIMIT" });
});

test("a start that was cut off in its request counts for as long as the request may have taken", async () => {
  await new DailyLimit(folder).take("a", 1);
  await assert.rejects(restarted(day + 60_000).take("b", 1), { code: "LIMIT" });
  await restarted(hour).take("b", 1);
});

test("a job that was certainly not started gives its slot back", async () => {
  const jobs = new DailyLimit(folder);
  await start(jobs, "a");
  await jobs.take("b", 2);
  await jobs.release("b");
  await start(jobs, "c");
  assert.deepEqual(files(), ["a.json", "c.json"]);
});

test("a wall clock that jumps while Node-RED runs frees nothing, and holds nothing for longer", async () => {
  for (const jump of [20 * 365 * day, -20 * 365 * day]) {
    const jobs = new DailyLimit(path.join(folder, String(jump)));
    await start(jobs, "a");
    wall += jump;
    await assert.rejects(jobs.take("b", 1), { code: "LIMIT" });
    passes(day + 1);
    await jobs.take("b", 1);
  }
});

test("a stamp in the future counts 24 hours from now, and only once", async () => {
  await start(new DailyLimit(folder), "a");
  await assert.rejects(restarted(-365 * day).take("b", 1), {
    code: "LIMIT",
    values: { limit: 1, hours: 24 },
  });
  await assert.rejects(restarted(23 * hour).take("b", 1), { code: "LIMIT", values: { limit: 1, hours: 1 } });
  await restarted(2 * hour).take("b", 1);
});

test("a damaged record counts 24 hours from now", async () => {
  mkdirSync(folder);
  const damaged = ["", "{", "null", '{"until":"soon"}'];
  for (const [index, text] of damaged.entries()) writeFileSync(path.join(folder, `${index}.json`), text);
  await assert.rejects(restarted().take("a", damaged.length), { code: "LIMIT" });
  await assert.rejects(restarted(day - hour).take("a", damaged.length), { code: "LIMIT" });
  await restarted(2 * hour).take("a", 1);
});

test("half a write of a killed process counts for nothing", async () => {
  mkdirSync(folder);
  writeFileSync(path.join(folder, "a.json.tmp"), "{");
  await restarted().take("b", 1);
  assert.deepEqual(files(), ["b.json"]);
});

test("without a record on the disk no job may be started", async () => {
  writeFileSync(folder, "not a folder");
  const jobs = new DailyLimit(folder);
  await assert.rejects(jobs.take("a", 2), { code: "STORAGE", values: { path: folder } });
  rmSync(folder);
  await start(jobs, "a");
});

test("accounts are counted by themselves, whatever they are called", async () => {
  const [one, other] = [dailyLimit(root, ".."), dailyLimit(root, "a/b")];
  assert.equal(one, dailyLimit(root, ".."));
  await one.take("a", 1);
  await other.take("a", 1);
  assert.deepEqual(readdirSync(root), [".jobs"]);
  assert.deepEqual(readdirSync(path.join(root, ".jobs")).sort(), ["...day", "a%2Fb.day"]);
});
