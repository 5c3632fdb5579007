import assert from "node:assert/strict";
import { test } from "node:test";
import { flagSetting } from "../../../nodes/runtime/settings";

test("a check box that a variable of the environment sets counts as it is written", () => {
  for (const fallback of [true, false]) {
    for (const on of [true, "true", " TRUE\n"]) assert.equal(flagSetting(on, fallback), true, String(on));
    for (const off of [false, "false", "False "])
      assert.equal(flagSetting(off, fallback), false, String(off));
  }
});

test("a check box that an older flow does not have, or that holds something else, is as in a new node", () => {
  for (const value of [undefined, null, "", "yes", 0, 1, {}])
    for (const fallback of [true, false]) assert.equal(flagSetting(value, fallback), fallback, String(value));
});
