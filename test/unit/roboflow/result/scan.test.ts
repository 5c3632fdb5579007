import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { VideoError } from "../../../../nodes/roboflow/errors";
import { maxColumns, maxNesting } from "../../../../nodes/roboflow/result/damage";
import { parseJson } from "../../../../nodes/roboflow/result/read/json-text";
import { Column, type Range, type Ranges } from "../../../../nodes/roboflow/result/scan/columns";
import { Scan, type ScanOptions } from "../../../../nodes/roboflow/result/scan/scan";

const TEXT = `{ "time_offset":[0.0,
 0.2 , 0.4e0], "note": {"a": [{}, "]"]}, "m\\u0065\\"" : [{"time": 1, "predictions" : [
 {"class": "人", "confidence": 0.5, "points": [[1, 2], []], "deep": {"class": "x"}}, {"class": "a\\\\"}, {}, 7]}, null ,
 {"predictions": {"cat": {"confidence": 1}, "d\\u006fg": {}, "cat": {}}, "image": null}], "labels": "x", "frame_offset" :
 [0 ,6, 12] , "clip": [[0.1, -2.5e-3], NaN, []], "clip": [ null, null, null ], "n": -1 }
`;

/** What may stand behind a chunk: the zero, and bytes of the chunk before. */
const LEFT_OVER = Buffer.from('\0"}]}"');

const listed = (ranges: Ranges): Range[] => Array.from({ length: ranges.length }, (_, i) => ranges.at(i));

/** What the scan tells of bytes that come in the given chunks. */
function told(chunks: Buffer[], options: Partial<ScanOptions> = {}) {
  const all = Buffer.concat(chunks);
  const sizes = { batchBytes: 40, batchElements: 2, tokenBytes: 16, entryBytes: 1e6, ...options };
  const { tokenBytes } = sizes;
  const scan = new Scan(sizes);
  let held: Buffer = Buffer.alloc(0);
  let base = 0;
  for (const chunk of chunks) {
    const bytes = Buffer.concat([held, chunk, LEFT_OVER]);
    const end = bytes.length - LEFT_OVER.length;
    // In two goes, to stop in the middle as well.
    const half = scan.read(bytes, 0, end >> 1, end, base);
    const used = scan.read(bytes, half, end, end, base);
    held = bytes.subarray(used, end);
    assert.ok(held.length <= Math.max(tokenBytes, 0) || used === half, "no more is held than may be");
    base += used;
  }
  scan.finish(base + held.length);
  const { top, counter } = scan;
  for (const { start, end, column } of counter.uncounted)
    counter.addParsed(parseJson(Buffer.from(all.subarray(start, end)), start), column);
  const columns = [...top.superseded, ...top.members.values()].filter((member) => member instanceof Column);
  return {
    columns: columns.map((column) => ({
      key: column.key,
      length: column.length,
      batches: listed(column.batches),
      holdsObject: column.holdsObject,
      detections: column.detections,
      classes: Object.fromEntries([...column.classes].map(([id, count]) => [counter.names.names[id], count])),
      answered: column.answered.count(),
    })),
    keys: [...top.members.keys()],
    others: listed(top.others),
  };
}

const oneByOne = (bytes: Buffer) => [...bytes].map((byte) => Buffer.from([byte]));
/** Cut into two. */
const nearEnd = (text: string) => [Buffer.from(text.slice(0, -4)), Buffer.from(text.slice(-4))];

describe("the scan over the bytes", () => {
  const bytes = Buffer.from(TEXT);
  const whole = told([bytes]);

  test("a long string may be cut anywhere, also behind a backslash", () => {
    const long = Buffer.from(`{"m":[{"predictions":[],"note":"${'\\":['.repeat(12)}"}],"frame_offset":[0]}`);
    const expected = told([long], { tokenBytes: 1000 });
    for (let at = 0; at <= long.length; at++)
      assert.deepEqual(told([long.subarray(0, at), long.subarray(at)]), expected, `cut at ${at}`);
  });

  test("finds columns, counts and other values", () => {
    const text = (start: number, end: number) => bytes.subarray(start, end).toString();
    assert.deepEqual(whole.keys, ["time_offset", "note", 'me"', "labels", "frame_offset", "clip", "n"]);
    for (const column of whole.columns)
      for (const { start, end, count } of column.batches)
        assert.equal(JSON.parse(`[${text(start, end).replace("NaN", "null")}]`).length, count);
    assert.deepEqual(
      whole.others.map(({ start, end }) => text(start, end)),
      ['{"a": [{}, "]"]}', '"x"', "-1"],
    );
    const [replaced, , model] = whole.columns;
    assert.deepEqual([replaced?.key, replaced?.length, replaced?.answered], ["clip", 3, 2]);
    assert.deepEqual(model, {
      key: 'me"',
      length: 3,
      batches: model?.batches,
      holdsObject: true,
      detections: 5,
      classes: { 人: 1, "a\\": 1, cat: 1, dog: 1 },
      answered: 2,
    });
  });

  test("is the same wherever a chunk ends", () => {
    for (let first = 0; first <= bytes.length; first++) {
      assert.deepEqual(
        told([bytes.subarray(0, first), bytes.subarray(first)]),
        whole,
        `chunks end at ${first}`,
      );
      const second = Math.min(bytes.length, first + 1);
      const three = [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)];
      assert.deepEqual(told(three), whole, `one byte alone at ${first}`);
    }
  });

  test("is the same byte by byte", () => {
    assert.deepEqual(told(oneByOne(bytes)), whole);
  });

  test("is the same when no token is held that can be passed over", () => {
    assert.deepEqual(told(oneByOne(bytes), { tokenBytes: 9 }), whole);
  });

  test("goes as deep as the nesting", () => {
    const deep = 100_000;
    const nested = `{"frame_offset": [${"[".repeat(deep)}${"]".repeat(deep)}]}`;
    assert.equal(told([Buffer.from(nested)]).columns[0]?.length, 1);
    assert.throws(() => told([Buffer.from(nested.replace("]]]", "]}]"))]));
  });
});

describe("what the scan counts", () => {
  const long = "x".repeat(40);
  const counted: [what: string, entry: string, detections: number, classes: Record<string, number>][] = [
    ["a class", '{"predictions":[{"class":"a"},{"class":"a"},{"class":"b"}]}', 3, { a: 2, b: 1 }],
    ["a class whose key is escaped", '{"predictions":[{"cl\\u0061ss":"a"}]}', 1, { a: 1 }],
    ["predictions whose key is escaped", '{"pred\\u0069ctions":[{"class":"a"}]}', 1, { a: 1 }],
    ["the last of two classes", '{"predictions":[{"class":"a","class":"b"}]}', 1, { b: 1 }],
    ["the last of two predictions", '{"predictions":[{"class":"a"}],"predictions":[]}', 0, {}],
    ["a key of five letters that is no class", '{"predictions":[{"glass":"a"}]}', 1, {}],
    ["a class with what only begins like it", '{"predictions":[{"classy":"a","clas":"b"}]}', 1, {}],
    ["what is no class", '{"predictions":[{"class":["a"]},{"class":{"class":"b"}},{"class":1}]}', 3, {}],
    ["what is no prediction", '{"predictions":[[{"class":"a"}],"class",null,1]}', 0, {}],
    ["predictions that are none", '{"predictions":"class"}', 0, {}],
    ["points", '{"predictions":[{"points":[{"class":"p"}],"class":"a"}]}', 1, { a: 1 }],
    ["what stands beside predictions", '{"image":{"predictions":[{"class":"a"}]},"class":"b"}', 0, {}],
    ["labels", '{"predictions":{"a":{},"class":{"confidence":1},"b":1}}', 3, { a: 1, class: 1, b: 1 }],
    ["a label that comes twice", '{"predictions":{"a":{},"\\u0061":{}}}', 1, { a: 1 }],
    ["a label with a class", '{"predictions":{"a":{"class":"b"}}}', 1, { b: 1 }],
    ["a label with an escaped class", '{"predictions":{"a":{"cl\\u0061ss":"b"}}}', 1, { b: 1 }],
    ["a label with a list", '{"predictions":{"a":[{"class":"b"}]}}', 1, { a: 1 }],
    ["keys and classes of no letter", '{"":1,"predictions":[{"":2,"class":""}]}', 1, { "": 1 }],
    ["a label with points", '{"predictions":{"a":{"points":[{"class":"p"}]}}}', 1, { a: 1 }],
    ["a long class", `{"predictions":[{"class":"${long}"}]}`, 1, { [long]: 1 }],
    ["a long label", `{"predictions":{"${long}":{}}}`, 1, { [long]: 1 }],
    ["long keys and values", `{"${long}":"${long}","predictions":[{"${long}":1${"0".repeat(40)}}]}`, 1, {}],
  ];
  for (const [what, entry, detections, classes] of counted)
    test(`${what}, wherever a chunk ends`, () => {
      // Again behind it, so that nothing is left of an entry.
      const bytes = Buffer.from(`{"m":[${entry},{"predictions":[{"class":"z"}]},${entry}],"n":[${entry}]}`);
      const [m, n] = told([bytes]).columns;
      const twice = Object.entries(classes).map(([name, count]) => [name, 2 * count] as const);
      assert.deepEqual(
        [m?.detections, m?.classes],
        [2 * detections + 1, { ...Object.fromEntries(twice), z: 1 }],
      );
      assert.deepEqual([n?.detections, n?.classes], [detections, classes]);
      for (const tokenBytes of [9, 16])
        assert.deepEqual(told(oneByOne(bytes), { tokenBytes }), told([bytes]));
    });

  test("ordinary entries without a parse, which takes four times as long", () => {
    const entries = [
      '{"image":{"width":1},"predictions":[{"x":1,"class":"a","confidence":0.5,"points":[{"x":1}]},{"class":"\\u0061"}]}',
      '{"predictions":{"a":{"confidence":0.5,"class_id":1},"\\u0062":{}},"predicted_classes":["a"]}',
      '{"predictions":[{"face":{"x":1},"yaw":0.1}],"time":1}',
      '{"embeddings":[[0.1]]}',
    ];
    const bytes = Buffer.from(`{"m":[${entries}]}\0`);
    const scan = new Scan({ batchBytes: 40, batchElements: 2, tokenBytes: 16, entryBytes: 1e6 });
    scan.read(bytes, 0, bytes.length - 1, bytes.length - 1, 0);
    assert.deepEqual([scan.counter.uncounted, scan.top.column.detections], [[], 5]);
  });

  test("answers, other than null and what Python writes for no number", () => {
    const entries = [
      "null",
      "NaN",
      "Infinity",
      "-Infinity",
      "0",
      '"null"',
      "[]",
      "{}",
      `"${"x".repeat(40)}"`,
      "nul",
      "nulls",
    ];
    const bytes = Buffer.from(
      `{"m":[${entries}],"frame_offset":[[0],1],"time_offset":[{},1],"n":[1,[0]],"o":[null,{}]}`,
    );
    assert.deepEqual(told(oneByOne(bytes), { tokenBytes: 9 }), told([bytes]));
    assert.deepEqual(
      told([bytes]).columns.map(({ answered, holdsObject }) => [answered, holdsObject]),
      [
        [7, true],
        [0, false],
        [0, true],
        [2, false],
        [1, true],
      ],
    );
  });
});

test("white space of any kind may stand between any two tokens", () => {
  const tokens = TEXT.match(/"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g) ?? [];
  const withoutPlaces = (bytes: Buffer) => {
    const { columns, ...rest } = told([bytes], { batchBytes: 1e6 });
    const { others, keys } = rest;
    return {
      keys,
      others: others.length,
      columns: columns.map(({ batches, ...column }) => ({
        ...column,
        counts: batches.map(({ count }) => count),
      })),
    };
  };
  const compact = withoutPlaces(Buffer.from(tokens.join("")));
  assert.equal(compact.columns.length, 5);
  for (const space of [" ", "\t", "\r", "\n", " \t\r\n "])
    assert.deepEqual(withoutPlaces(Buffer.from(`${space}${tokens.join(space)}${space}`)), compact);
});

describe("where a result is broken", () => {
  const says = (error: unknown, detail: string, position: number) => {
    assert.ok(error instanceof VideoError && error.code === "RESULT", `${error}`);
    assert.deepEqual(error.values, { detail, position });
    return true;
  };
  const broken: [text: string, detail: string, position: number][] = [
    ['{"a\u0001":1}', "control character in a string", 3],
    ['{"a":"b\u0001"}', "control character in a string", 7],
    [`{"a":{"${"b".repeat(30)}\u0001":1}}`, "control character in a string", 37],
    [`{"a":"${"b".repeat(30)}\u0001"}`, "control character in a string", 36],
    ["{1:2}", "key expected", 1],
    ['{"a":1,}', "key expected", 7],
    ['{"a" 1}', "colon expected", 5],
    ['{"a":}', "value expected", 5],
    ['{"a":[1,]}', "value expected", 8],
    ['{"a":1 2}', "comma or bracket expected", 7],
    ['{"a":[1}', "bracket of the wrong kind", 7],
    ['{"a":{"b":1]}', "bracket of the wrong kind", 11],
    ['{"a":1} x', "bytes behind the end", 8],
    ['{"a":1}}', "bytes behind the end", 7],
    ['{"a":1', "cut", 6],
    ['{"a":"', "cut", 6],
    ['{"a":1} ', "", 0],
  ];
  for (const [text, detail, position] of broken)
    test(`the error says so: ${JSON.stringify(text)} ${detail}`, () => {
      const bytes = Buffer.from(text);
      for (const chunks of [[bytes], oneByOne(bytes), nearEnd(text)])
        if (detail === "") told(chunks);
        else
          assert.throws(
            () => told(chunks),
            (error) => says(error, detail, position),
          );
    });

  test("what is no object at all is no result", () => {
    for (const text of ["1", "null", '"a"', "[]", `"${"a".repeat(40)}"`, "1".repeat(40)])
      for (const chunks of [[Buffer.from(`${text} `)], oneByOne(Buffer.from(`${text} `))])
        assert.throws(() => told(chunks), { code: "RESULT", reason: "resultNotVideo" }, text);
  });

  test("brackets may be so deep within each other, and no deeper", () => {
    const nested = (depth: number) => [Buffer.from(`{"m":${"[".repeat(depth)}${"]".repeat(depth)}}`)];
    told(nested(maxNesting - 1));
    assert.throws(() => told(nested(maxNesting)), { code: "RESULT", reason: "resultNesting" });
  });

  test("there may be so many lists, and no more", () => {
    const lists = (count: number) => [
      Buffer.from(`{${Array.from({ length: count }, (_, index) => `"m${index % 7}":[]`)}}`),
    ];
    told(lists(maxColumns));
    assert.throws(() => told(lists(maxColumns + 1)), { code: "RESULT", reason: "resultColumns" });
  });

  test("an element, a key or another value may have so many bytes, and no more", () => {
    const long = "x".repeat(18);
    const texts: [text: string, position: number][] = [
      [`{"m":["${long}",1]}`, 6],
      [`{"m":[1,"${long}"]}`, 8],
      [`{"m":[1,2,["${long.slice(2)}"],3]}`, 10],
      [`{"m":[{"a":"${long.slice(6)}"}]}`, 6],
      [`{"frame_offset":[1,"${long}"]}`, 19],
      [`{"a":"${long}"}`, 5],
      [`{"a":1,"b":{"c":"${long.slice(6)}"}}`, 11],
      [`{"a":{"b":"${long.slice(6)}"},"c":1}`, 5],
      [`{"a":1,"b":"${long}"}`, 11],
      [`{"a":${"1".repeat(20)}}`, 5],
    ];
    for (const [text, position] of texts)
      for (const tokenBytes of [9, 1000])
        for (const chunks of [[Buffer.from(text)], oneByOne(Buffer.from(text)), nearEnd(text)]) {
          told(chunks, { entryBytes: 20, tokenBytes });
          assert.throws(
            () => told(chunks, { entryBytes: 19, tokenBytes }),
            (error: any) => error.reason === "resultEntry" && error.values.position === position,
            text,
          );
        }
    const key = `{"a":1,"${long}${long}":1}`;
    for (const chunks of [oneByOne(Buffer.from(key)), nearEnd(key)])
      assert.throws(() => told(chunks, { entryBytes: 19, tokenBytes: 9 }), {
        values: { position: 7, megabytes: 64 },
      });
  });
});

describe("batches", () => {
  const elements = (count: number) => Array.from({ length: count }, () => "1234");
  const batchesOf = (text: string, sizes: Partial<ScanOptions>) =>
    told([Buffer.from(text)], sizes).columns.map(({ batches }) => batches);

  test("have so many elements, or as many as it takes for so many bytes", () => {
    const text = `{"m":[${elements(10)}]}`;
    const byNumber = batchesOf(text, { batchElements: 4, batchBytes: 1e6 })[0] ?? [];
    assert.deepEqual(
      byNumber.map(({ start, end, count }) => [text.slice(start, end), count]),
      [4, 4, 2].map((count) => [elements(count).join(), count]),
    );
    // Two elements have 9 bytes, three have 14.
    for (const [batchBytes, counts] of [
      [9, [2, 2, 2, 2, 2]],
      [10, [3, 3, 3, 1]],
      [14, [3, 3, 3, 1]],
    ] as const)
      assert.deepEqual(
        batchesOf(text, { batchElements: 100, batchBytes })[0]?.map(({ count }) => count),
        counts,
        `${batchBytes} bytes`,
      );
  });

  test("are a sixteenth as long from the seventeenth list on: one of each list is in memory", () => {
    const lists = Array.from({ length: 18 }, (_, index) => `"m${index}":[${elements(40)}]`);
    const first = batchesOf(`{${lists}}`, { batchElements: 1000, batchBytes: 16 * 9 }).map(
      ([batch]) => batch?.count,
    );
    assert.deepEqual(first, [...Array(16).fill(29), 2, 2]);
  });
});
