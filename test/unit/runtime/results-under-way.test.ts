import assert from "node:assert/strict";
import { test } from "node:test";
import { ResultsUnderWay } from "../../../nodes/runtime/results-under-way";

test("a clip's result is under way until the last download node has passed it on", () => {
  const results = new ResultsUnderWay();
  const ends = [results.begin("clip"), results.begin("clip"), results.begin("clip")];
  results.begin("other")();
  for (const end of ends) {
    assert.equal(results.has("clip"), true);
    end();
  }
  assert.deepEqual([results.has("clip"), results.has("other")], [false, false]);
  results.begin("clip");
  assert.equal(results.has("clip"), true, "and again when it is downloaded again");
});
