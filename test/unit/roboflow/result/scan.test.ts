import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Tally } from "../../../../nodes/roboflow/result/entries";
import { Scan } from "../../../../nodes/roboflow/result/scan";

const TEXT = `{ "time_offset":[0.0,
 0.2 , 0.4e0], "note": {"a": [{}, "]"]}, "m\\u0065\\"" : [{"time": 1, "predictions" : [
 {"class": "人", "confidence": 0.5, "points": [[1, 2], []], "deep": {"class": "x"}}, {"class": "a\\\\"}, {}, 7]}, null ,
 {"predictions": {"cat": {"confidence": 1}, "d\\u006fg": {}, "cat": {}}, "image": null}], "labels": "x", "frame_offset" :
 [0 ,6, 12] , "clip": [[0.1, -2.5e-3], NaN, []], "clip": [ null, null, null ], "n": -1 }
`;

/** What may stand behind a piece: the zero, and bytes of the piece before. */
const LEFT_OVER = Buffer.from('\0"}]}"');

/** What the scan tells of bytes that come in the given pieces. */
function told(pieces: Buffer[]): unknown {
  const scan = new Scan({ batchBytes: 40, batchElements: 2 });
  let held: Buffer = Buffer.alloc(0);
  let base = 0;
  for (const piece of pieces) {
    const bytes = Buffer.concat([held, piece, LEFT_OVER]);
    const end = bytes.length - LEFT_OVER.length;
    // In two goes, to stop in the middle as well.
    const half = scan.read(bytes, 0, end >> 1, end, base);
    const used = scan.read(bytes, half, end, end, base);
    held = bytes.subarray(used, end);
    base += used;
  }
  scan.finish(held.length, base + held.length);
  const tally = new Tally();
  scan.classes.addTo(tally);
  return {
    columns: scan.columns.map((column) => ({
      key: column.key,
      length: column.length,
      batches: Array.from({ length: column.batches }, (_, i) => column.batch(i)),
    })),
    suspects: scan.suspects,
    detections: scan.detections,
    classes: tally.classes(),
    answered: scan.answered.count(),
  };
}

describe("the scan over the bytes", () => {
  const bytes = Buffer.from(TEXT);
  const whole = told([bytes]) as ReturnType<typeof JSON.parse>;

  test("finds columns, counts and what has to be parsed", () => {
    const text = (start: number, end: number) => bytes.subarray(start, end).toString();
    assert.deepEqual(
      whole.columns.map(({ key, length }: { key: string; length: number }) => [key, length]),
      [
        ["time_offset", 3],
        ['me"', 3],
        ["frame_offset", 3],
        ["clip", 3],
        ["clip", 3],
      ],
    );
    for (const column of whole.columns)
      for (const { start, end, count } of column.batches)
        assert.equal(JSON.parse(`[${text(start, end).replace("NaN", "null")}]`).length, count);
    assert.deepEqual(
      whole.suspects.map(({ start, end }: { start: number; end: number }) => text(start, end)),
      ['{"a": [{}, "]"]}', '"x"', "-1"],
    );
    assert.equal(whole.detections, 5);
    assert.deepEqual(whole.classes, { 人: 1, "a\\": 1, cat: 1, dog: 1 });
    assert.equal(whole.answered, 2);
  });

  test("is the same wherever a piece ends", () => {
    for (let first = 0; first <= bytes.length; first++) {
      assert.deepEqual(
        told([bytes.subarray(0, first), bytes.subarray(first)]),
        whole,
        `pieces end at ${first}`,
      );
      const second = Math.min(bytes.length, first + 1);
      const three = [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)];
      assert.deepEqual(told(three), whole, `one byte alone at ${first}`);
    }
  });

  test("is the same byte by byte", () => {
    assert.deepEqual(told([...bytes].map((byte) => Buffer.from([byte]))), whole);
  });

  test("goes as deep as the nesting", () => {
    const deep = 100_000;
    const nested = `{"frame_offset": [${"[".repeat(deep)}${"]".repeat(deep)}]}`;
    assert.equal((told([Buffer.from(nested)]) as typeof whole).columns[0].length, 1);
    assert.throws(() => told([Buffer.from(nested.replace("]]]", "]}]"))]));
  });
});
