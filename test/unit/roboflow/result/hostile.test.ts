/** Small results made to hurt: none costs much more than an ordinary one of its size, whatever is in it. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { before, describe, test } from "node:test";
import { setImmediate as nextTick } from "node:timers/promises";
import { VideoError } from "../../../../nodes/roboflow/errors";
import { openResult, type ResultFile } from "../../../../nodes/roboflow/result";
import { hostileResults, hostileSize, times, withEntry, withMembers } from "../../../support/hostile-results";
import { watchLoop } from "../../../support/loop-delay";
import { everything } from "./oracle";
import { scratchPath } from "./reading";

const megabyte = 1_000_000;

function ordinary(): string {
  const box = `{"x":360.5,"y":114.5,"width":36,"height":104,"confidence":0.624,"class":"zebra","class_id":1}`;
  const entry = `{"time":0.07,"predictions":[${times(20, () => box)}]}`;
  const count = Math.round(hostileSize / entry.length);
  const offsets = times(count, (index) => index);
  return `{"frame_offset":[${offsets}],"time_offset":[${offsets}],"m":[${times(count, () => entry)}]}`;
}

const outputs: [name: string, read: (file: ResultFile) => Promise<unknown>][] = [
  [
    "frames",
    async (file) => {
      for await (const _ of file.batches(everything, { skipEmpty: false }));
    },
  ],
  ["results", (file) => file.value()],
];

interface Cost {
  /** Of the processor, ms. */
  cpu: number;
  /** The longest that nothing else ran because of this process, ms. */
  freeze: number;
  /** Over what the process had before, bytes. */
  memory: number;
  error: unknown;
}

/** What reading costs from the first byte to the last value. */
async function costOf(path: string, read: (file: ResultFile) => Promise<unknown>): Promise<Cost> {
  const idle = process.memoryUsage.rss();
  const cost: Cost = { cpu: 0, freeze: 0, memory: 0, error: undefined };
  const reading = new AbortController();
  const watch = async () => {
    while (!reading.signal.aborted) {
      await nextTick();
      cost.memory = Math.max(cost.memory, process.memoryUsage.rss() - idle);
    }
  };
  const watching = watch();
  const endWatchingLoop = watchLoop();
  const began = process.cpuUsage();
  try {
    const file = await openResult(path);
    await read(file).finally(() => file.close());
  } catch (error) {
    cost.error = error;
  }
  const { user, system } = process.cpuUsage(began);
  const { atWork, blocked } = endWatchingLoop();
  cost.freeze = Math.max(atWork, blocked);
  reading.abort();
  await watching;
  return { ...cost, cpu: (user + system) / 1000 };
}

const costOfOrdinary = new Map<string, number>();
before(async () => {
  const path = scratchPath();
  await writeFile(path, ordinary());
  for (const [name, read] of outputs) {
    // The first one is compiled on the way.
    const costs = [await costOf(path, read), await costOf(path, read)];
    costOfOrdinary.set(name, Math.min(...costs.map(({ cpu }) => cpu)));
  }
});

/** How often the processor time of an ordinary result of the same size may be needed. */
const mostTimes = 24;

function costsLittle(what: string, make: () => string, reason?: string): void {
  test(`${what} ${reason ? "is refused" : "is read"}, at little cost`, async () => {
    const path = scratchPath();
    await writeFile(path, make());
    for (const [name, read] of outputs) {
      const { cpu, freeze, memory, error } = await costOf(path, read);
      if (reason === undefined) assert.equal(error, undefined);
      else {
        assert.ok(error instanceof VideoError, String(error));
        assert.deepEqual([error.code, error.reason], ["RESULT", reason]);
      }
      const most = mostTimes * (costOfOrdinary.get(name) as number);
      assert.ok(cpu < most, `${name}: ${cpu} ms, of ${most}`);
      assert.ok(freeze < 1000, `${name}: everything stood for ${freeze} ms`);
      assert.ok(memory < 200 * megabyte, `${name}: ${memory} bytes more`);
    }
  });
}

describe("a small result", () => {
  for (const { what, make, reason } of hostileResults) costsLittle(what, make, reason);
});

describe("what is beyond reason", () => {
  const refusalOf = async (text: string): Promise<unknown> => {
    const path = scratchPath();
    await writeFile(path, text);
    return openResult(path).then(
      (file) => file.close(),
      (error) => error,
    );
  };
  const filled = (bytes: number) => `"${"a".repeat(bytes - 2)}"`;

  test("is an entry, or another value, of more than 64 MB", async () => {
    const most = 64 * megabyte;
    for (const make of [withEntry, (value: string) => withMembers([`"m":[null]`, `"v":${value}`])]) {
      assert.equal(await refusalOf(make(filled(most))), undefined);
      const error = await refusalOf(make(filled(most + 1)));
      assert.ok(error instanceof VideoError && error.reason === "resultEntry", String(error));
    }
  });

  test("is more than 1,000 lists", async () => {
    const lists = (count: number) => withMembers(times(count - 2, (index) => `"m${index}":[null]`));
    assert.equal(await refusalOf(lists(1000)), undefined);
    const error = await refusalOf(lists(1001));
    assert.ok(error instanceof VideoError && error.reason === "resultColumns", String(error));
  });
});
