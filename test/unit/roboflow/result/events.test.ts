import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import fc from "fast-check";
import {
  type EventOptions,
  type FrameFilter,
  openResult,
  type ResultFile,
  readEvents,
  readSummary,
} from "../../../../nodes/roboflow/result";
import { Filter } from "../../../../nodes/roboflow/result/outputs/filter";
import { SightingCollector } from "../../../../nodes/roboflow/result/outputs/sighting-collector";
import { type PlainResult, plainEvents, plainSummary } from "./events-oracle";
import { everything } from "./oracle";
import { scratchPath } from "./reading";

const options: EventOptions = { gap: 2, minDuration: 0 };

async function withFile<T>(result: object, use: (file: ResultFile) => Promise<T>): Promise<T> {
  const file = scratchPath();
  await writeFile(file, JSON.stringify(result));
  const opened = await openResult(file);
  return use(opened).finally(() => opened.close());
}

const eventsOf = (result: object, filter: FrameFilter, options: EventOptions) =>
  withFile(result, async (file) => {
    const events = await readEvents(file, filter, options);
    assert.equal(events.length, [...events].length);
    return [...events];
  });
const summaryOf = (result: object, filter: FrameFilter, options: EventOptions) =>
  withFile(result, (file) => readSummary(file, filter, options));

const box = (name: string, confidence?: number, x = 1) => ({
  x,
  y: 2,
  width: 3,
  height: 4,
  class: name,
  ...(confidence === undefined ? {} : { confidence }),
});
const seen = (...predictions: object[]) => ({ predictions });

/** A result of one model, a frame every 0.2 s. */
function result(
  entries: unknown[],
  times = entries.map((_, index) => Math.round(index * 2) / 10),
): PlainResult {
  return { frame_offset: entries.map((_, index) => 6 * index), time_offset: times, yard: entries };
}

describe("events", () => {
  test("are spans of time in which a class was seen, with the best of its predictions", async () => {
    const nothing = seen();
    const entries = [
      seen(box("person", 0.5)),
      seen(box("person", 0.9, 7), box("person", 0.9, 8)),
      nothing,
      seen(box("person", 0.6), box("car")),
      nothing,
      nothing,
      nothing,
      seen(box("person", 0.7)),
    ];
    const [person, car, again, ...rest] = await eventsOf(result(entries), everything, {
      gap: 0.4,
      minDuration: 0,
    });
    assert.deepEqual(rest, []);
    assert.deepEqual(person, {
      class: "person",
      model: "yard",
      start: 0,
      end: 0.6,
      duration: 0.6,
      frames: 3,
      detections: 4,
      most: 2,
      confidence: 0.9,
      best: { frame: 6, time: 0.2, confidence: 0.9, box: { x: 7, y: 2, width: 3, height: 4 } },
    });
    assert.deepEqual(
      [car?.class, car?.start, car?.confidence, car?.best.confidence],
      ["car", 0.6, null, null],
    );
    assert.deepEqual([again?.start, again?.end, again?.duration], [1.4, 1.4, 0]);
  });

  test("go on over frames that were not inferred, and not over more than the gap", async () => {
    const here = seen(box("a", 1));
    const entries = [here, null, null, here, seen(), seen(), here];
    const starts = async (gap: number) =>
      (await eventsOf(result(entries), everything, { gap, minDuration: 0 })).map(({ start, end }) => [
        start,
        end,
      ]);
    assert.deepEqual(await starts(0.6), [[0, 1.2]]);
    assert.deepEqual(await starts(0.59), [
      [0, 0],
      [0.6, 0.6],
      [1.2, 1.2],
    ]);
  });

  test("that are shorter than asked for are left out, rounded times or not", async () => {
    const here = seen(box("a", 1));
    const entries = [seen(), here, seen(), here, ...Array(20).fill(seen()), here];
    // 0.6 - 0.2 is 0.39999999999999997.
    const lasting = (minDuration: number) => eventsOf(result(entries), everything, { gap: 1, minDuration });
    assert.equal((await lasting(0.4)).length, 1);
    assert.equal((await lasting(0.41)).length, 0);
    assert.equal((await lasting(0)).length, 2);
  });

  test("whose times jump have as their best the first in time, then in the result", async () => {
    const at = (time: number, confidence: number) => [time, seen(box("a", confidence, time))] as const;
    const bestOf = async (...frames: (readonly [number, object])[]) => {
      const jumping = result(
        frames.map(([, entry]) => entry),
        frames.map(([time]) => time),
      );
      const events = await eventsOf(jumping, everything, options);
      assert.deepEqual(events, plainEvents(jumping, everything, options));
      assert.deepEqual(
        events.map(({ start, end }) => [start, end]),
        [[0, 4]],
      );
      return events[0]?.best.frame;
    };
    // The first frame is found in a part of its own, and put together with the others in the end.
    assert.equal(await bestOf(at(4, 0.9), at(0, 0.5), at(2, 0.5), at(4, 0.9)), 0);
    assert.equal(await bestOf(at(4, 0.8), at(0, 0.5), at(2, 0.5), at(4, 0.9)), 18);
    assert.equal(await bestOf(at(4, 0.9), at(0, 0.5), at(2, 0.9), at(4, 0.9)), 12);
  });

  test("of a result without a frame, or with nothing in it, are none", async () => {
    assert.deepEqual(await eventsOf(result([]), everything, options), []);
    assert.deepEqual(await eventsOf(result([null, seen()]), everything, options), []);
    assert.deepEqual(await summaryOf(result([null, seen()]), everything, options), {
      frames: 2,
      duration: 0.2,
      detections: 0,
      classes: {},
      events: [],
    });
  });
});

test("memory grows with the events, not with the frames in which they were seen", () => {
  const collector = new SightingCollector(["yard"], new Filter(everything), 2);
  for (let index = 0; index < 1000; index++)
    collector.add({ index, frame: index, time: index + (index < 500 ? 0 : 10), entries: [seen(box("a"))] });
  assert.equal(collector.store.length, 2);
});

test("other work goes on while parts are put together to events, also when few events come of many", async (t) => {
  /** How often other work has its turn when every look at the clock finds that it is time for it. */
  const turnsWith = async (gap: number) => {
    const collector = new SightingCollector(["yard"], new Filter(everything), gap);
    for (let index = 0; index < 4096; index++)
      collector.add({
        index,
        frame: index,
        time: (index % 2) * 1e6 + index,
        entries: [seen(box("a"))],
      });
    let now = 0;
    const clock = t.mock.method(performance, "now", () => (now += 1000));
    let turns = 0;
    let isOver = false;
    const others = (async () => {
      for (; !isOver; turns++) await nextTurn();
    })();
    const events = await collector.finish(0);
    isOver = true;
    await others;
    clock.mock.restore();
    return { turns, events: events.length };
  };
  const [many, few] = [await turnsWith(1), await turnsWith(2)];
  assert.deepEqual([many.events, few.events], [4096, 2]);
  assert.ok(few.turns >= 8 && Math.abs(many.turns - few.turns) <= 1, `${few.turns} of ${many.turns} turns`);
});

test("other work goes on while very many events are summed up", async (t) => {
  const names = Array.from({ length: 4000 }, (_, index) => ({ class: `class ${index}` }));
  const turnsOf = (read: (file: ResultFile) => Promise<unknown>) =>
    withFile(result([seen(...names)]), async (file) => {
      let now = 0;
      const clock = t.mock.method(performance, "now", () => (now += 1000));
      let [turns, isOver] = [0, false];
      const others = (async () => {
        for (; !isOver; turns++) await nextTurn();
      })();
      const { length } = Object.keys((await read(file)) as object);
      isOver = true;
      await others;
      clock.mock.restore();
      return { turns, length };
    });
  const justEvents = (file: ResultFile) =>
    readEvents(file, everything, options).then((events) => [...events]);
  let plain = await turnsOf(justEvents);
  // While a file is read there are as many turns as the disk takes time, so that a busy machine has more of them.
  for (let more = 0; more < 9; more += 1) {
    const again = await turnsOf(justEvents);
    if (again.turns < plain.turns) plain = again;
  }
  const summed = await turnsOf((file) =>
    readSummary(file, everything, options).then(({ classes }) => classes),
  );
  assert.deepEqual([plain.length, summed.length], [4000, 4000]);
  // One for each 256 events, give or take what reading takes.
  assert.ok(summed.turns >= plain.turns + 10, `${summed.turns} of ${plain.turns} turns`);
});

test("very many classes that a classification decided for take hardly longer than as many predictions", async () => {
  const names = Array.from({ length: 30_000 }, (_, index) => `class ${index}`);
  const predictions = names.map((name) => ({ class: name, confidence: 0.5 }));
  const costOf = async (entry: object) => {
    const began = process.cpuUsage();
    const events = await eventsOf(result([entry]), everything, options);
    const { user, system } = process.cpuUsage(began);
    assert.equal(events.length, names.length);
    assert.ok(events.every((event) => event.confidence === 0.5));
    return user + system;
  };
  const plain = await costOf({ predictions });
  const decided = await costOf({ predictions, predicted_classes: names });
  assert.ok(decided < 5 * plain, `${decided} µs instead of ${plain}`);
});

// Results of every kind.

const className = fc.constantFrom("person", "person", "car", "__proto__", "人");
const confidence = fc.constantFrom(0, 0.2, 0.4, 0.4, 0.9, null, undefined);
const side = fc.constantFrom(1, 2.5, 300, undefined);
const prediction = fc.record({ class: className, confidence, x: side, y: side, width: side, height: side });
const keypoints = fc.constant([{ x: 1, y: 2, confidence: 0.99, class_id: 0, class: "nose" }]);
const entryOf: Record<string, fc.Arbitrary<unknown>> = {
  boxes: fc.record({ predictions: fc.array(prediction, { maxLength: 4 }) }),
  points: fc.record({
    predictions: fc.array(
      fc.tuple(prediction, keypoints).map(([one, points]) => ({ ...one, keypoints: points })),
      { maxLength: 3 },
    ),
  }),
  one: fc.record({
    predictions: fc.uniqueArray(fc.record({ class: className, confidence }), {
      selector: (one) => one.class,
    }),
    top: className,
    confidence,
  }),
  many: fc
    .dictionary(className, fc.record({ confidence, class_id: fc.nat() }), { noNullPrototype: true })
    .chain((predictions) =>
      fc.record({
        predictions: fc.constant(predictions),
        predicted_classes: fc.subarray(Object.keys(predictions)),
      }),
    ),
  gaze: fc.record({
    predictions: fc.array(fc.record({ face: fc.record({ x: side, y: side, confidence }), yaw: fc.double() })),
  }),
  clip: fc.oneof(fc.array(fc.integer()), fc.record({ embeddings: fc.array(fc.array(fc.integer())) })),
};
const time = fc.oneof(
  { weight: 12, arbitrary: fc.nat({ max: 30 }).map((n) => Math.round(2000 * n) / 10000) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(null, "0.2", 1e9, -3) },
);

const anyResult = fc
  .tuple(fc.nat({ max: 25 }), fc.uniqueArray(fc.constantFrom(...Object.keys(entryOf)), { maxLength: 4 }))
  .chain(([frames, kinds]) => {
    const column = (element: fc.Arbitrary<unknown>) =>
      fc.array(element, { minLength: frames, maxLength: frames, size: "max" });
    const models = kinds
      .map((kind) => fc.option(entryOf[kind] as fc.Arbitrary<unknown>, { freq: 4 }))
      .map(column);
    const rising = (times: unknown[]) => times.filter((one) => typeof one === "number").sort((a, b) => a - b);
    const times = fc.oneof(
      { weight: 2, arbitrary: column(time) },
      {
        weight: 3,
        arbitrary: column(time).map((all) => {
          const sorted = rising(all);
          return all.map((one) => (typeof one === "number" ? sorted.shift() : one));
        }),
      },
    );
    return fc.tuple(times, ...models).map(([time_offset, ...columns]) => ({
      frame_offset: Array.from({ length: frames }, (_, index) => 5 * index),
      time_offset,
      ...Object.fromEntries(kinds.map((kind, index) => [kind, columns[index]])),
    }));
  })
  // As the file has it: without what is undefined.
  .map((made) => JSON.parse(JSON.stringify(made)) as PlainResult);

const anyOptions = fc.record({
  gap: fc.constantFrom(0, 0.1999999, 0.2, 0.4, 0.6, 2),
  minDuration: fc.constantFrom(0, 0, 0.2, 0.4, 1),
});
const anyFilter = fc.record({
  minConfidence: fc.constantFrom(0, 0, 0.4, 0.41),
  classes: fc.constantFrom<string[][]>([], [], ["person"], ["car", "__proto__"]),
});

test("the events and the summary of any result are those of a plain parse of the whole", async () => {
  const met = { events: 0, merged: 0 };
  await fc.assert(
    fc.asyncProperty(anyResult, anyFilter, anyOptions, async (result, filter, options) => {
      const events = plainEvents(result, filter, options);
      assert.deepStrictEqual(await eventsOf(result, filter, options), events);
      const summary = await summaryOf(result, filter, options);
      assert.deepStrictEqual(summary, plainSummary(result, filter, options));
      met.events += events.length;
      met.merged += events.filter(({ frames }) => frames > 1).length;
    }),
    { numRuns: 1000 },
  );
  assert.ok(met.events > 1000 && met.merged > 300, JSON.stringify(met));
});

describe("a real result", () => {
  const real = path.join(__dirname, "../../../data/forklift-pallets-5fps.json");

  for (const filter of [everything, { minConfidence: 0.8, classes: [] }])
    test(`has the events and the summary of a plain parse, confidence ${filter.minConfidence} or more`, async () => {
      const result = JSON.parse(await readFile(real, "utf8")) as PlainResult;
      const file = await openResult(real);
      try {
        const events = [...(await readEvents(file, filter, options))];
        assert.deepStrictEqual(events, plainEvents(result, filter, options));
        assert.deepStrictEqual(
          await readSummary(file, filter, options),
          plainSummary(result, filter, options),
        );
        assert.ok(events.length > 0);
      } finally {
        await file.close();
      }
    });
});
