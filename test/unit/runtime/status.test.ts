import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { type TestContext, test } from "node:test";
import type { Node, NodeAPI, NodeStatus } from "node-red";
import { StatusLine } from "../../../nodes/runtime/status";
import { fakeClock } from "../../support/fake-clock";
import { shownStatus } from "../../support/locales";

/** A moment of today, by the clock on the wall. */
const at = (hours: number, minutes: number) => new Date(new Date().setHours(hours, minutes));

function line(t: TestContext) {
  const clock = fakeClock(t);
  const shown: NodeStatus[] = [];
  const node = { status: (status: NodeStatus) => shown.push(shownStatus(status)) } as unknown as Node;
  const status = new StatusLine({ _: (key: string) => key } as unknown as NodeAPI, node);
  t.after(() => status.close());
  return { clock, shown, status };
}

test("a message shows what it is doing, then how it ended", async (t) => {
  const { clock, shown, status } = line(t);
  status.working("m", { key: "uploading", values: { percent: 0 } });
  await clock.pass(600);
  status.working("m", { key: "uploading", values: { percent: 42 } });
  status.ended("m", { done: "uploaded" });
  assert.deepEqual(shown, [
    { fill: "blue", shape: "dot", text: "uploading 0%" },
    { fill: "blue", shape: "dot", text: "uploading 42%" },
    { fill: "green", shape: "dot", text: "uploaded" },
  ]);
});

test("several messages show as a count, trouble as a yellow ring, failure as a red one", async (t) => {
  const { clock, shown, status } = line(t);
  status.working("a", { key: "jobRunningFor", values: { minutes: 1, next: at(14, 5) } });
  status.working("b", { key: "SERVER", trouble: true });
  await clock.pass(1000);
  assert.deepEqual(shown.at(-1), { fill: "yellow", shape: "ring", text: "2 running" });
  status.ended("a", { failed: "JOB_FAILED" });
  await clock.pass(1000);
  assert.deepEqual(shown.at(-1), { fill: "yellow", shape: "ring", text: "server error" });
  status.ended("b", { failed: "JOB_FAILED" });
  assert.deepEqual(shown.at(-1), { fill: "red", shape: "ring", text: "job failed" });
});

test("those that wait their turn are counted by themselves", async (t) => {
  const { clock, shown, status } = line(t);
  for (const id of ["a", "b"]) status.working(id, { key: "uploading", values: { percent: 1 } });
  for (const id of ["c", "d", "e"]) status.working(id, { key: "waitingTurn" });
  await clock.pass(1000);
  assert.equal(shown.at(-1)?.text, "2 of 5 running");
  for (const id of ["c", "d", "e"]) status.working(id, { key: "uploading", values: { percent: 1 } });
  await clock.pass(1000);
  assert.equal(shown.at(-1)?.text, "5 running");
});

test("nothing is cleared while something is in hand, all is after the last was dropped", async (t) => {
  const { clock, shown, status } = line(t);
  status.working("a", { key: "jobRunningFor", values: { minutes: 1, next: at(14, 5) } });
  status.working("b", { key: "jobRunningFor", values: { minutes: 2, next: at(9, 7) } });
  status.ended("a");
  await clock.pass(1000);
  assert.equal(shown.at(-1)?.text, "2 min, next 09:07");
  status.ended("b");
  assert.deepEqual(shown.at(-1), {});
});

test("progress is shown twice a second at most, and its last word is not lost", async (t) => {
  const { clock, shown, status } = line(t);
  for (let percent = 0; percent <= 100; percent += 1) {
    status.working("m", { key: "uploading", values: { percent } });
    await clock.pass(20);
  }
  await clock.pass(1000);
  assert.ok(shown.length >= 3 && shown.length <= 7, `${shown.length} updates in two seconds`);
  assert.equal(shown.at(-1)?.text, "uploading 100%");
});

const locales = path.join(__dirname, "..", "..", "..", "nodes", "locales");
const widest: Record<string, string | number> = {
  percent: 100,
  minutes: 1440,
  megabytes: 9999,
  number: 999_999,
  count: 99_999,
  running: 999,
  all: 9999,
  frames: 99_999,
  next: "14:05",
};

for (const language of readdirSync(locales)) {
  const catalogue = path.join(locales, language, "account.json");
  let statuses: Record<string, string>;
  try {
    statuses = JSON.parse(readFileSync(catalogue, "utf8")).status;
  } catch {
    continue;
  }
  test(`every status in ${language} has under 24 characters, large numbers included`, () => {
    for (const [key, template] of Object.entries(statuses)) {
      const text = template.replace(/__(\w+?)__/g, (_, name: string) =>
        String(widest[name] ?? assert.fail(name)),
      );
      assert.ok(text.length < 24, `${key}: "${text}" has ${text.length}`);
    }
  });
}

test("a text that is too long all the same is cut, not passed on", (t) => {
  const { shown, status } = line(t);
  status.working("m", { key: "frame", values: { number: 1.234567890123456e-300 } });
  assert.equal(shown[0]?.text?.length, 23);
});

test("fixed words are a key, which the editor puts into the browser's language; words with numbers are filled here", (t) => {
  const shown: NodeStatus[] = [];
  const node = { status: (status: NodeStatus) => shown.push(status) } as unknown as Node;
  const status = new StatusLine({ _: (key: string) => key } as unknown as NodeAPI, node);
  t.after(() => status.close());
  status.working("m", { key: "uploading", values: { percent: 42 } });
  status.ended("m", { done: "uploaded" });
  assert.deepEqual(
    shown.map(({ text }) => text),
    ["uploading 42%", "@camera-flows/node-red-roboflow-video/roboflow-video-account:status.uploaded"],
  );
});

test("how an earlier message ended turns grey; what is in hand, or wrong with the node, does not", async (t) => {
  const { clock, shown, status } = line(t);
  status.ended("a", { failed: "JOB_FAILED" });
  status.showAsEarlier();
  assert.deepEqual(shown.at(-1), { fill: "grey", shape: "ring", text: "job failed" });
  status.working("b", { key: "uploading", values: { percent: 1 } });
  await clock.pass(1000);
  status.showAsEarlier();
  assert.deepEqual(shown.at(-1), { fill: "blue", shape: "dot", text: "uploading 1%" });
  status.ended("b", { done: "uploaded" });
  assert.deepEqual(shown.at(-1), { fill: "green", shape: "dot", text: "uploaded" });
  status.broken("noAccount");
  status.showAsEarlier();
  assert.deepEqual(shown.at(-1), { fill: "red", shape: "ring", text: "no account" });
});

test("another clip on its way does not hurry the progress of what is in hand", async (t) => {
  const { clock, shown, status } = line(t);
  status.ended("a", { done: "uploaded" });
  status.working("b", { key: "uploading", values: { percent: 1 } });
  status.working("b", { key: "uploading", values: { percent: 2 } });
  status.showAsEarlier();
  assert.equal(shown.at(-1)?.text, "uploading 1%");
  await clock.pass(500);
  assert.equal(shown.at(-1)?.text, "uploading 2%");
});

test("a node that has shown nothing, or dropped its last message, shows nothing when another clip is on its way", async (t) => {
  const { shown, status } = line(t);
  status.showAsEarlier();
  assert.deepEqual(shown, []);
  status.ended("a", { done: "uploaded" });
  status.working("b", { key: "uploading", values: { percent: 1 } });
  status.ended("b");
  assert.deepEqual(shown.at(-1), {}, "what came before is not shown again");
  status.showAsEarlier();
  assert.deepEqual(shown.at(-1), {});
});

test("trouble that does not stop the work is a yellow ring at once, and is of no earlier clip", (t) => {
  const { shown, status } = line(t);
  status.ended("a", { done: "uploaded" });
  status.warning("journalOff");
  const warning = { fill: "yellow", shape: "ring", text: "journal not writable" };
  assert.deepEqual(shown.at(-1), warning);
  status.showAsEarlier();
  assert.deepEqual(shown.at(-1), warning);
});

test("trouble that stands is shown whatever is in hand, until it is over", async (t) => {
  const { clock, shown, status } = line(t);
  status.standing(undefined);
  assert.deepEqual(shown, []);
  status.standing("folderMissing");
  const standing = { fill: "yellow", shape: "ring", text: "folder not found" };
  assert.deepEqual(shown, [standing]);
  status.working("a", { key: "uploading", values: { percent: 1 } });
  await clock.pass(1000);
  status.standing("folderMissing");
  assert.deepEqual(shown, [standing]);
  status.standing(undefined);
  assert.deepEqual(shown.at(-1), { fill: "blue", shape: "dot", text: "uploading 1%" });
});

test("what has not changed is not shown again, and nothing after the node has closed", async (t) => {
  const { clock, shown, status } = line(t);
  for (const id of ["a", "b"]) status.working(id, { key: "uploading", values: { percent: 1 } });
  await clock.pass(1000);
  assert.deepEqual(shown.at(-1), { fill: "blue", shape: "dot", text: "2 running" });
  const before = shown.length;
  status.working("a", { key: "uploading", values: { percent: 2 } });
  await clock.pass(1000);
  assert.equal(shown.length, before);
  status.ended("b");
  assert.equal(shown.at(-1)?.text, "uploading 2%");
  status.working("a", { key: "uploading", values: { percent: 3 } });
  status.close();
  await clock.pass(1000);
  assert.equal(shown.length, before + 1);
});
