/** Small results made to hurt: none costs much more than an ordinary one of its size, whatever is in it. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { before, describe, test } from "node:test";
import { setImmediate as nextTick } from "node:timers/promises";
import { VideoError } from "../../../../nodes/roboflow/errors";
import { openResult, type ResultFile } from "../../../../nodes/roboflow/result";
import { everything } from "./oracle";
import { scratchPath } from "./reading";

const megabyte = 1_000_000;
const size = 10 * megabyte;

const withMembers = (members: string[]) => `{"frame_offset":[0],"time_offset":[0],${members.join(",")}}`;
const withEntry = (entry: string) => withMembers([`"m":[${entry}]`]);
const times = <T>(count: number, make: (index: number) => T) =>
  Array.from({ length: count }, (_, index) => make(index));

function ordinary(): string {
  const box = `{"x":360.5,"y":114.5,"width":36,"height":104,"confidence":0.624,"class":"zebra","class_id":1}`;
  const entry = `{"time":0.07,"predictions":[${times(20, () => box)}]}`;
  const count = Math.round(size / entry.length);
  const offsets = times(count, (index) => index);
  return `{"frame_offset":[${offsets}],"time_offset":[${offsets}],"m":[${times(count, () => entry)}]}`;
}

/** Names of equal length and equal 31-polynomial hash, as Java's String.hashCode has it. */
const collidingNames = (count: number) =>
  times(count, (index) => index.toString(2).padStart(18, "0").replaceAll("0", "Aa").replaceAll("1", "BB"));

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
  /** The longest that nothing else ran, ms. */
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
    for (let last = performance.now(); !reading.signal.aborted; ) {
      await nextTick();
      cost.freeze = Math.max(cost.freeze, performance.now() - last);
      cost.memory = Math.max(cost.memory, process.memoryUsage.rss() - idle);
      last = performance.now();
    }
  };
  const watching = watch();
  const began = process.cpuUsage();
  try {
    const file = await openResult(path);
    await read(file).finally(() => file.close());
  } catch (error) {
    cost.error = error;
  }
  const { user, system } = process.cpuUsage(began);
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
const mostTimes = 12;

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
  costsLittle("with one string of 10 MB", () => withEntry(`{"predictions":[],"s":"${"a".repeat(size)}"}`));
  costsLittle("with one number of 10 MB", () => withEntry(`{"predictions":[],"n":1${"0".repeat(size)}}`));
  costsLittle("with a class of 10 MB", () => withEntry(`{"predictions":[{"class":"${"a".repeat(size)}"}]}`));
  costsLittle("with a label of 10 MB", () => withEntry(`{"predictions":{"${"\\n".repeat(size / 2)}":{}}}`));
  costsLittle("with a key of 10 MB", () => withMembers(['"m":[null]', `"${"k".repeat(size)}":1`]));
  costsLittle("with 150,000 classes of one hash", () =>
    withEntry(`{"predictions":[${collidingNames(150_000).map((name) => `{"class":"${name}"}`)}]}`),
  );
  costsLittle('that repeats \\":[ in a string', () => withEntry(`"${'\\":['.repeat(size / 4)}"`));
  costsLittle("that repeats NaN", () => withMembers([`"m":[[${"NaN,".repeat(size / 4)}0]]`]));
  costsLittle("with 300,000 values beside its columns", () =>
    withMembers(times(300_000, (index) => `"k${index}":${index}`)),
  );
  costsLittle(
    "with 10,000 columns of one name",
    () => withMembers(times(10_000, () => `"m":[{"predictions":[${"{},".repeat(300)}{}]}]`)),
    "resultColumns",
  );
  costsLittle(
    "with 100,000 models",
    () => withMembers(times(100_000, (index) => `"m${index}":[null]`)),
    "resultColumns",
  );
  costsLittle(
    "with five million brackets in each other",
    () => withEntry("[".repeat(size / 2) + "]".repeat(size / 2)),
    "resultNesting",
  );
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
