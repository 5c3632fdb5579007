import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { box, downloader, seen } from "../support/downloads";
import { assertFailure, runNode } from "../support/helper";
import { serve } from "../support/local-server";
import { comparable, type Msg } from "../support/messages";

/** One frame a second: a person at 0, 1, 3 and 8, a car at 3 and 4. */
const street = {
  frame_offset: [0, 5, 10, 15, 20, 40],
  time_offset: [0, 1, 2, 3, 4, 8],
  people: [
    seen(box("person", 0.5)),
    seen(box("person", 0.9), box("person", 0.6)),
    seen(),
    seen(box("person", 0.7), box("car", 0.4)),
    seen(box("car", 0.8)),
    seen(box("person", 0.3)),
  ],
};
const counts = { frames: 6, detections: 7, classes: { person: 5, car: 2 }, nullFrames: 0 };
const size = { x: 1, y: 2, width: 3, height: 4 };

const person = {
  class: "person",
  model: "people",
  start: 0,
  end: 3,
  duration: 3,
  frames: 3,
  detections: 4,
  most: 2,
  confidence: 0.9,
  best: { frame: 5, time: 1, confidence: 0.9, box: size },
};
const car = {
  class: "car",
  model: "people",
  start: 3,
  end: 4,
  duration: 1,
  frames: 2,
  detections: 2,
  most: 1,
  confidence: 0.8,
  best: { frame: 20, time: 4, confidence: 0.8, box: size },
};
const later = {
  ...person,
  start: 8,
  end: 8,
  duration: 0,
  frames: 1,
  detections: 1,
  most: 1,
  confidence: 0.3,
  best: { frame: 40, time: 8, confidence: 0.3, box: size },
};

async function eventsOf(t: TestContext, properties: Record<string, unknown>, result: unknown = street) {
  const { node, payload } = await downloader(t, { output: "events", ...properties }, result);
  const { outputs, completed } = await node.send({
    payload,
    topic: "mine",
    roboflow: { id: "c", jobId: "j" },
  });
  assert.ok(completed);
  return { node, messages: outputs[0] as Msg[] };
}

const payloads = (messages: Msg[]) => messages.map(({ payload }) => payload);

test("events: one msg for each time span in which a class was detected, by start, with parts for a join node", async (t) => {
  const { node, messages } = await eventsOf(t, {});
  assert.deepEqual(payloads(messages), [person, car, later]);
  const id = messages[0]?.parts.id;
  assert.equal(typeof id, "string");
  for (const [index, { parts, topic, roboflow }] of messages.entries()) {
    assert.deepEqual(parts, { id, type: "array", index, count: 3, len: 1 });
    assert.equal(topic, "mine");
    assert.deepEqual(comparable(roboflow), { jobId: "j", ...counts, times: [] });
  }
  assert.deepEqual(node.statuses().at(-1), { fill: "green", shape: "dot", text: "events: 3" });
});

test("events: a gap of 2 seconds is the default; gap and minimum duration are seconds, also as typed", async (t) => {
  for (const [properties, spans] of [
    [
      { gap: 1 },
      [
        [0, 1],
        [3, 4],
        [3, 3],
        [8, 8],
      ],
    ],
    [
      { gap: "1.5", minDuration: "0" },
      [
        [0, 1],
        [3, 4],
        [3, 3],
        [8, 8],
      ],
    ],
    [
      { gap: 5 },
      [
        [0, 8],
        [3, 4],
      ],
    ],
    [
      { minDuration: 1 },
      [
        [0, 3],
        [3, 4],
      ],
    ],
    [
      { gap: 0 },
      [
        [0, 0],
        [1, 1],
        [3, 3],
        [3, 3],
        [4, 4],
        [8, 8],
      ],
    ],
  ] as const)
    await t.test(JSON.stringify(properties), async (t) => {
      const { messages } = await eventsOf(t, properties);
      assert.deepEqual(
        payloads(messages).map(({ start, end }) => [start, end]),
        spans,
      );
    });
});

test("events: confidence and classes choose what counts; the counts in msg.roboflow stay whole", async (t) => {
  const { messages } = await eventsOf(t, { minConfidence: 0.6, classes: "person" });
  assert.deepEqual(
    payloads(messages).map(({ class: name, start, end, detections }) => [name, start, end, detections]),
    [["person", 1, 3, 3]],
  );
  assert.deepEqual(comparable(messages[0]?.roboflow), { jobId: "j", ...counts, times: [] });
});

test("events: none at all sends nothing and is done all the same", async (t) => {
  const { node, messages } = await eventsOf(t, { minConfidence: 0.95 });
  assert.deepEqual(messages, []);
  assert.deepEqual(node.statuses().at(-1), { fill: "green", shape: "dot", text: "events: 0" });
});

test("events: parts that came in are nested", async (t) => {
  const { node, payload } = await downloader(t, { output: "events" }, street);
  const outer = { id: "outer", type: "array", index: 1, count: 2, len: 1 };
  const { outputs } = await node.send({ payload, parts: outer });
  for (const { parts } of outputs[0] ?? []) assert.deepEqual(parts.parts, outer);
});

test("summary: one msg for the clip, with what was detected by class and all events", async (t) => {
  const { node, payload } = await downloader(t, { output: "summary" }, street);
  const { outputs } = await node.send({ payload, topic: "mine", roboflow: { id: "c", jobId: "j" } });
  const [msg, ...more] = outputs[0] as [Msg];
  assert.deepEqual(more, []);
  assert.deepEqual(msg.payload, {
    frames: 6,
    duration: 8,
    detections: 7,
    classes: {
      person: {
        frames: 4,
        detections: 5,
        most: 2,
        seconds: 3,
        first: 0,
        last: 8,
        confidence: 0.9,
        events: 2,
      },
      car: { frames: 2, detections: 2, most: 1, seconds: 1, first: 3, last: 4, confidence: 0.8, events: 1 },
    },
    events: [person, car, later],
  });
  assert.equal(msg.topic, "mine");
  assert.equal(msg.parts, undefined);
  assert.deepEqual(comparable(msg.roboflow), { jobId: "j", ...counts, times: [] });
  assert.deepEqual(node.statuses().at(-1), { fill: "green", shape: "dot", text: "summary sent" });
});

test("summary: a msg comes although nothing passes the filter, or nothing was detected", async (t) => {
  const { node, payload } = await downloader(t, { output: "summary", minConfidence: 0.95 }, street);
  const [msg] = (await node.send({ payload })).outputs[0] as [Msg];
  assert.deepEqual(msg.payload, { frames: 6, duration: 8, detections: 0, classes: {}, events: [] });
  const empty = { frame_offset: [], time_offset: [], people: [] };
  const nothing = await downloader(t, { output: "summary" }, empty);
  const [none] = (await nothing.node.send({ payload: nothing.payload })).outputs[0] as [Msg];
  assert.deepEqual(none.payload, { frames: 0, duration: 0, detections: 0, classes: {}, events: [] });
});

for (const output of ["events", "summary"])
  test(`${output}: a damaged result is RESULT, and nothing goes on`, async (t) => {
    const { node, payload } = await downloader(t, { output }, JSON.stringify(street).slice(0, -30));
    assertFailure(await node.send({ payload, roboflow: { id: "c", jobId: "j-1" } }), "RESULT", /job j-1/);
  });

test("events: a download that a deploy cuts off is made again, with the same parts.id, indexes and payloads", async (t) => {
  const count = 2000;
  const column = <T>(value: (index: number) => T) =>
    Array.from({ length: count }, (_, index) => value(index));
  const many = JSON.stringify({
    frame_offset: column((index) => index),
    time_offset: column((index) => 10 * index),
    people: column((index) => seen(box(`class ${index % 7}`, 0.9))),
  });
  const server = await serve(t, (_, response) => response.end(many));
  const node = await runNode(t, { type: "roboflow-video-download", output: "events" }, { account: false });
  const msgid = node.give({ payload: { output_signed_url: server.url } });
  const got = () => node.outputs[0]?.length ?? 0;
  while (got() < 100) await new Promise((resolve) => setImmediate(resolve));
  await node.redeploy();
  const before = got();
  assert.ok(before < count, "it was done before the deploy");
  assert.ok((await node.outcomeOf(msgid)).completed);
  const all = node.outputs[0] as Msg[];
  const [first, again] = [all.slice(0, before), all.slice(before)];
  assert.equal(again.length, count);
  for (const [index, { parts, payload }] of first.entries()) {
    assert.deepEqual(parts, again[index]?.parts);
    assert.deepEqual(payload, again[index]?.payload);
  }
  assert.deepEqual(
    again.map(({ parts }) => parts.index),
    column((index) => index),
  );
});

for (const [classes, words] of [
  [
    "Person",
    /"Classes" names "Person", but the classes in this result are: "person", "car"\. Names are case-sensitive: write "person"/,
  ],
  [
    "person, cat, $t(dog)",
    /"Classes" names "cat", "\$t\(dog\)", but the classes in this result are: "person", "car"\. Correct/,
  ],
] as const)
  for (const properties of [{ output: "frames" }, { output: "events" }, { output: "summary" }])
    test(`${properties.output}: a class of the filter (${classes}) that a result does not have is a warning, once`, async (t) => {
      const { node, payload } = await downloader(t, { ...properties, classes }, street);
      assert.ok((await node.send({ payload })).completed);
      const warnings = node.logs().filter((line) => line.includes("but the classes in this result are"));
      assert.equal(warnings.length, 1, warnings.join("\n"));
      assert.match(warnings[0] ?? "", words);
    });

test("a filter that fits, a result without detections, and outputs that it does not act on give no warning", async (t) => {
  const empty = { frame_offset: [0], time_offset: [0], people: [seen()] };
  for (const [properties, result] of [
    [{ output: "frames", classes: "person, car" }, street],
    [{ output: "events", classes: "cat" }, empty],
    [{ output: "results", classes: "cat" }, street],
  ] as const) {
    const { node, payload } = await downloader(t, properties, result);
    assert.ok((await node.send({ payload })).completed);
    assert.ok(!node.logs().some((line) => line.includes("classes in this result")));
  }
});

test("the warning of a class that is not there stays short, whatever the result and the filter hold", async (t) => {
  const names = Array.from({ length: 500 }, (_, index) => `${"long ".repeat(100)}${index}`);
  const result = {
    frame_offset: [0],
    time_offset: [0],
    people: [seen(...names.map((name) => box(name, 1)))],
  };
  const classes = names.map((name) => `not ${name}`).join(",");
  const { node, payload } = await downloader(t, { output: "summary", classes }, result);
  assert.ok((await node.send({ payload })).completed);
  const [warning = ""] = node.logs().filter((line) => line.includes("classes in this result"));
  assert.ok(warning.length > 100 && warning.length <= 1000, `${warning.length} characters`);
  assert.match(warning, /"not long .*…", …, but/);
});
