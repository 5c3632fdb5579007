import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseJson } from "../../../../nodes/roboflow/result/read/json-text";

const parsed = (text: string | Buffer) => parseJson(Buffer.from(text), 1000);

describe("the text of a batch", () => {
  test("is read as JSON, with null for what Python writes where there is no number", () => {
    for (const [text, plain] of [
      ["[1]", "[1]"],
      ["[NaN,Infinity,-Infinity]", "[null,null,null]"],
      ["NaN", "null"],
      ["-Infinity", "null"],
      ["[NaN]", "[null]"],
      [`[${"NaN,".repeat(1000)}-1]`, `[${"null,".repeat(1000)}-1]`],
      ['{"NaN":NaN}', '{"NaN":null}'],
      ['["NaN -Infinity",NaN]', '["NaN -Infinity",null]'],
      ['["a\\"NaN",NaN,"\\\\",NaN]', '["a\\"NaN",null,"\\\\",null]'],
      ['["人",Infinity,-1,"N","I"]', '["人",null,-1,"N","I"]'],
    ] as const)
      assert.deepEqual(parsed(text), JSON.parse(plain), text.slice(0, 40));
  });

  test("is RESULT with its place when it is neither", () => {
    for (const text of [
      "[1",
      "[nan]",
      "[NaNN]",
      "[1NaN]",
      "[Na",
      "[-NaN]",
      "[--Infinity]",
      "[Infinit]",
      "[NaN,]",
      '["NaN]',
      "",
    ])
      assert.throws(
        () => parsed(text),
        (error: any) => {
          assert.deepEqual(
            [error.code, error.values],
            ["RESULT", { detail: "not JSON", position: 1000 }],
            text,
          );
          return true;
        },
      );
  });

  test("is RESULT when it is not UTF-8, with or without such numbers", () => {
    for (const text of ['["\xff"]', '["\xff",NaN]'])
      assert.throws(
        () => parsed(Buffer.from(text, "latin1")),
        (error: any) => error.code === "RESULT" && error.values.detail === "not UTF-8",
      );
  });
});
