import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { type Emulator, startEmulator } from "../../emulator/emulator";
import { defaultTimings } from "../../nodes/roboflow/http/limits";
import { retries } from "../../nodes/roboflow/http/retry";
import { type Expectation, expectations } from "./expectations";
import { type FaultName, faultList } from "./fault-list";
import { frontOf } from "./front";
import type { Seen } from "./one-node";
import { clipId, type RequestName, type RequestRow, requestRows } from "./requests";
import { asTable } from "./table";

const apiKey = "rf_Matrix+Key/4Hq8wZ";
/** More than any of these takes, also on a busy machine: a hang shows. */
const longest = 10_000;

const faultNames = Object.keys(faultList) as FaultName[];
const cells = new Map<string, string>();
let emulator: Emulator;
let folder: string;

before(async () => {
  emulator = await startEmulator({ apiKey, analyse: false, jobSeconds: 0, builtInFrames: 40 });
  folder = mkdtempSync(path.join(tmpdir(), "roboflow-matrix-"));
  for (const policy of Object.values(retries)) policy.first = 20;
  // The first use of it takes long, where the limits are as short as here.
  await import("axios");
  Object.assign(defaultTimings, { silence: 300, text: 400, idle: 500 });
});
after(async () => {
  await emulator.close();
  rmSync(folder, { recursive: true, force: true });
  console.log(asTable(Object.keys(requestRows), faultNames, cells));
});

for (const [name, row] of Object.entries(requestRows) as [RequestName, RequestRow][]) {
  describe(`${name}:`, () => {
    for (const fault of faultNames) {
      const expected = expectations[name][fault];
      const words = expected.outcome === "sent" ? "goes well all the same" : `ends in ${expected.outcome}`;
      test(`${fault}, for good: ${words}`, { timeout: 2 * longest }, (t) =>
        forGood(t, name, row, fault, expected),
      );
      if (expected.survives > 0)
        test(`${fault}, for a while: the message goes on`, { timeout: 2 * longest }, (t) =>
          forAWhile(t, name, row, fault, expected),
        );
    }
  });
}

async function forGood(
  t: TestContext,
  name: RequestName,
  row: RequestRow,
  fault: FaultName,
  expected: Expectation,
) {
  const namesATime = fault.includes("Retry-After");
  // One wait is enough to see that the server's time is kept.
  if (namesATime && typeof expected.requests === "number") limitTries(t, 2);
  const wanted = namesATime && typeof expected.requests === "number" ? 2 : expected.requests;
  // A date knows whole seconds only, and is rounded up.
  const isSlow = fault.endsWith("date") || fault.endsWith("silent") || fault.startsWith("drop");
  const limit = isSlow ? 2.7 : fault.startsWith("HTTP 429") ? 1.7 : 1.1;
  const { seen, tries, helpers } = await run(t, row, fault, { times: 0, limit });
  const code = expected.outcome === "sent" ? "sent" : codeOf(seen);
  cells.set(`${name} ${fault}`, `${code} ${wanted === "polls" ? "…" : tries}`);

  assertOneOutcome(seen, expected.outcome);
  if (wanted === "polls") assert.ok(tries >= 2 && tries <= 1 + limit / 0.1, `${tries} polls in ${limit} s`);
  else assert.equal(tries, wanted, "requests");
  assert.equal(helpers, helpersOf(row, expected), "requests for a link");
  if (expected.outcome !== "sent") {
    const [msg] = seen.caught;
    // The dialog's answer has it in words only.
    if (row.kind !== "key") assert.equal(msg?.statusCode, expected.statusCode);
    if (expected.statusCode !== undefined)
      assert.match(msg?.error.message, new RegExp(`HTTP ${expected.statusCode}`));
  }
  if (namesATime) assert.ok(seen.took >= 1000, `asked again after ${seen.took} ms`);
  assert.ok(seen.took < longest, `took ${seen.took} ms`);
  if (row.kind === "start") assert.ok(emulator.ledger.jobs.length <= 1, "one job at most");
}

async function forAWhile(
  t: TestContext,
  name: RequestName,
  row: RequestRow,
  fault: FaultName,
  expected: Expectation,
) {
  const times = fault.includes("Retry-After") ? 1 : Math.min(2, expected.survives);
  const { seen, tries, helpers } = await run(t, row, fault, { times, limit: 5 });
  cells.set(`${name} ${fault}`, `${cells.get(`${name} ${fault}`)}, ${times}× → ${codeOf(seen)} ${tries}`);
  assertOneOutcome(seen, "sent");
  assert.equal(tries, times + 1, "requests");
  assert.equal(helpers, helpersOf(row, expected), "requests for a link");
  if (fault.includes("Retry-After")) assert.ok(seen.took >= 1000, `asked again after ${seen.took} ms`);
  if (row.kind === "start") assert.equal(emulator.ledger.jobs.length, 1, "one job");
  if (row.kind === "put") assert.equal(emulator.ledger.uploads.at(-1)?.complete, true);
}

async function run(
  t: TestContext,
  row: RequestRow,
  fault: FaultName,
  { times, limit }: { times: number; limit: number },
) {
  emulator.clearFaults();
  emulator.ledger.clear();
  emulator.set({ storageUrl: "" });
  const front = await frontOf(emulator.url);
  t.after(() => front.close());
  const impose = async () =>
    faultList[fault]({
      kind: row.kind,
      emulator,
      front,
      apiKey,
      // The front counts down, the emulator takes 0 for ever.
      times: times || (isOfTheFront(fault, row) ? Number.POSITIVE_INFINITY : 0),
    });
  const large = fault === "slow, then silent" || fault === "drop by drop";
  const seen = await row.run(t, { emulator, front: front.url, folder, apiKey, limit, large, impose });
  assertNothingShown(seen);
  const helperKind = ({ put: "signed-url", result: "status" } as const)[row.kind as string];
  return {
    seen,
    tries: front.tries(row.kind),
    helpers: helperKind ? emulator.ledger.of(helperKind).length : 0,
  };
}

const isOfTheFront = (fault: FaultName, { kind }: RequestRow) =>
  fault === "refused" ||
  fault === "name not found" ||
  fault === "drop by drop from the head on" ||
  (fault === "reset while it is sent" && kind !== "put");

/** An upload asks for a signed URL anyway; a download polls only when its link has expired. */
const helpersOf = ({ kind }: RequestRow, { helpers = 0 }: Expectation) =>
  kind === "put" ? 1 + helpers : kind === "result" ? helpers : 0;

const codeOf = ({ sent, caught }: Seen): string =>
  sent.length > 0 ? "sent" : (caught[0]?.error.code ?? "none");

function assertOneOutcome(seen: Seen, expected: string): void {
  assert.equal(codeOf(seen), expected, seen.caught[0]?.error.message);
  assert.equal(seen.sent.length + seen.caught.length, 1, "one outcome");
  assert.equal(seen.completed, seen.sent.length, "done() without an error for a message that went on, only");
  assert.equal((seen.sent[0] ?? seen.caught[0])?.roboflow.id, clipId, "it is the message that came in");
  assert.deepEqual(seen.leftovers, [], "nothing is left in the journal");
}

/** Neither key nor signature: in the error, the log, the status. */
function assertNothingShown({ caught, shown }: Seen): void {
  const told = JSON.stringify(caught.map(({ error }) => error)) + shown;
  for (const form of [apiKey, encodeURIComponent(apiKey)])
    assert.ok(!told.includes(form), `the key in ${told}`);
  assert.doesNotMatch(told, /X-Goog-Signature=\w/i);
}

function limitTries(t: TestContext, tries: number): void {
  for (const policy of Object.values(retries)) {
    const before = policy.tries;
    policy.tries = tries;
    t.after(() => {
      policy.tries = before;
    });
  }
}
