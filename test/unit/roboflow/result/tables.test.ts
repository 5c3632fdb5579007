import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  csvOf,
  type Frame,
  jsonLinesOf,
  openResult,
  type ResultFile,
} from "../../../../nodes/roboflow/result";
import { everything } from "./oracle";
import { isResultError, scratchPath } from "./reading";

async function withFile<T>(result: object | string, use: (file: ResultFile) => Promise<T>): Promise<T> {
  const file = scratchPath();
  await writeFile(file, typeof result === "string" ? result : JSON.stringify(result));
  const opened = await openResult(file);
  return use(opened).finally(() => opened.close());
}

async function joined(chunks: AsyncIterable<string>): Promise<string> {
  let text = "";
  for await (const chunk of chunks) text += chunk;
  return text;
}

const names = { clip: "yard.mp4", job: "j-1" };
const csv = (result: object, filter = everything, about = names) =>
  withFile(result, (file) => joined(csvOf(file, filter, about)));

const person = {
  x: 10.5,
  y: -2,
  width: 3,
  height: 4,
  confidence: 0.5,
  class: "person",
  class_id: 0,
  points: [{ x: 1, y: 1 }],
};
const header = "clip,job,model,frame,time,class,confidence,x,y,width,height\r\n";

/** The cells of a table by RFC 4180. */
function cellsOf(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    row.push(quoted === undefined ? (plain as string) : quoted.replaceAll('""', '"'));
    if (end === ",") continue;
    rows.push(row);
    row = [];
  }
  return rows;
}

describe("a result as a table", () => {
  test("has a line for each prediction of each model, with empty cells where nothing is known", async () => {
    const text = await csv({
      frame_offset: [0, 6, 12],
      time_offset: [0, null, 0.4],
      yard: [{ predictions: [person, { class: "car" }] }, null, { predictions: [] }],
      gate: [null, { predictions: [{ ...person, confidence: 1e-7 }] }, null],
    });
    assert.equal(
      text,
      `${header}yard.mp4,j-1,yard,0,0,person,0.5,10.5,-2,3,4\r\n` +
        "yard.mp4,j-1,yard,0,0,car,,,,,\r\n" +
        "yard.mp4,j-1,gate,6,,person,1e-7,10.5,-2,3,4\r\n",
    );
  });

  test("has what a classification decided for, the faces of gaze detection, and nothing of CLIP", async () => {
    const labels = { sunny: { confidence: 0.9 }, rainy: { confidence: 0.1 }, dry: { confidence: 0.6 } };
    const cells = cellsOf(
      await csv({
        frame_offset: [0],
        time_offset: [0],
        one: [
          { predictions: [{ class: "cat", confidence: 0.7 }, { class: "dog" }], top: "cat", confidence: 0.7 },
        ],
        none: [{ predictions: [], top: "", confidence: 0 }],
        many: [{ predictions: labels, predicted_classes: ["sunny", "dry"] }],
        clip: [[0.1, 0.2]],
        gaze: [{ predictions: [{ face: { x: 1, y: 2, width: 3, height: 4, confidence: 0.8 }, yaw: 1 }] }],
      }),
    );
    assert.deepEqual(
      cells.slice(1).map(([, , model, , , ...rest]) => [model, ...rest]),
      [
        ["one", "cat", "0.7", "", "", "", ""],
        ["many", "sunny", "0.9", "", "", "", ""],
        ["many", "dry", "0.6", "", "", "", ""],
        ["gaze", "", "0.8", "1", "2", "3", "4"],
      ],
    );
  });

  test("has labels of which none was decided for, and no name that is no text", async () => {
    const cells = cellsOf(
      await csv({
        frame_offset: [0],
        time_offset: [0],
        many: [{ predictions: { sunny: { confidence: 0.9 }, dry: "yes" } }],
        boxes: [{ predictions: [{ class: 5, confidence: 0.5 }] }],
      }),
    );
    assert.deepEqual(
      cells.slice(1).map((row) => row.slice(5, 7)),
      [
        ["sunny", "0.9"],
        ["dry", ""],
        ["", "0.5"],
      ],
    );
  });

  test("leaves out what does not pass the filter", async () => {
    const entry = { predictions: [person, { ...person, confidence: 0.4 }, { ...person, class: "car" }] };
    const filter = { minConfidence: 0.5, classes: ["person"] };
    const text = await csv({ frame_offset: [0], time_offset: [0], m: [entry] }, filter);
    assert.equal(cellsOf(text).length, 2);
  });

  test("is only a header when nothing was seen", async () => {
    assert.equal(await csv({ frame_offset: [], time_offset: [], m: [] }), header);
  });

  test("has no formula in it, whatever a class, a model or a clip is called", async () => {
    for (const name of ["=1+1", "+1", "-cmd", "@SUM(A1)", "\t=1", "\r=1", "＝1", '=HYPERLINK("a,b")']) {
      const result = { frame_offset: [0], time_offset: [0], [name]: [{ predictions: [{ class: name }] }] };
      const [clip, job, model, , , className] =
        cellsOf(await csv(result, everything, { clip: name, job: name }))[1] ?? [];
      for (const cell of [clip, job, model, className]) assert.equal(cell, `'${name}`);
    }
  });

  test("gives back any name, with quotes, commas and line breaks", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: fc.constantFrom("a", '"', ",", "\n", "\r", "人", " ", "=") }),
        async (name) => {
          const result = { frame_offset: [0], time_offset: [0], m: [{ predictions: [{ class: name }] }] };
          const rows = cellsOf(await csv(result, everything, { clip: name, job: "" }));
          assert.equal(rows.length, 2);
          assert.equal(rows[1]?.length, 11);
          for (const cell of [rows[1]?.[0], rows[1]?.[5]])
            assert.equal(cell?.replace(/^'(?=[=\r\n])/, ""), name);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe("a result as JSON lines", () => {
  const result = {
    frame_offset: [0, 6, 12],
    time_offset: [0, 0.2, 0.4],
    yard: [{ predictions: [person] }, null, { predictions: [{ class: "a\nb", confidence: 0.9 }] }],
  };

  for (const skipEmpty of [false, true])
    test(`has the frames, one a line${skipEmpty ? ", but empty ones" : ""}`, async () => {
      const filter = { minConfidence: 0.5, classes: [] };
      await withFile(result, async (file) => {
        const frames: Frame[] = [];
        for await (const some of file.batches(filter, { skipEmpty })) frames.push(...some);
        const text = await joined(jsonLinesOf(file, filter, { skipEmpty }));
        const lines = text.split("\n");
        assert.equal(lines.pop(), "");
        assert.deepEqual(
          lines.map((line) => JSON.parse(line)),
          frames,
        );
        assert.equal(frames.length, skipEmpty ? 2 : 3);
      });
    });

  test("that nests deeper than can be written is RESULT", async () => {
    const deep = "[".repeat(200_000) + "]".repeat(200_000);
    await withFile(`{"frame_offset":[0],"time_offset":[0],"m":[${deep}]}`, async (file) => {
      await assert.rejects(joined(jsonLinesOf(file, everything, { skipEmpty: false })), isResultError);
    });
  });
});
