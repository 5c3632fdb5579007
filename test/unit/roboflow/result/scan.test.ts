import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseJson } from "../../../../nodes/roboflow/result/read/json-text";
import { Column, type Range, type Ranges } from "../../../../nodes/roboflow/result/scan/columns";
import { Scan } from "../../../../nodes/roboflow/result/scan/scan";

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
function told(chunks: Buffer[], tokenBytes = 16) {
  const all = Buffer.concat(chunks);
  const scan = new Scan({ batchBytes: 40, batchElements: 2, tokenBytes, entryBytes: 1e6 });
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
  scan.finish(held.length, base + held.length);
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

describe("the scan over the bytes", () => {
  const bytes = Buffer.from(TEXT);
  const whole = told([bytes]);

  test("a long string may be cut anywhere, also behind a backslash", () => {
    const long = Buffer.from(`{"m":[{"predictions":[],"note":"${'\\":['.repeat(12)}"}],"frame_offset":[0]}`);
    const expected = told([long], 1000);
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
    assert.deepEqual(told([...bytes].map((byte) => Buffer.from([byte]))), whole);
  });

  test("is the same when no token is held that can be passed over", () => {
    assert.deepEqual(
      told(
        [...bytes].map((byte) => Buffer.from([byte])),
        9,
      ),
      whole,
    );
  });

  test("goes as deep as the nesting", () => {
    const deep = 100_000;
    const nested = `{"frame_offset": [${"[".repeat(deep)}${"]".repeat(deep)}]}`;
    assert.equal(told([Buffer.from(nested)]).columns[0]?.length, 1);
    assert.throws(() => told([Buffer.from(nested.replace("]]]", "]}]"))]));
  });
});
