import assert from "node:assert/strict";
import { test } from "node:test";
import { shorten } from "../../../nodes/roboflow/shorten";

test("a text that fits stays, one that does not ends in an ellipsis within the length", () => {
  assert.equal(shorten("abcde", 5), "abcde");
  assert.equal(shorten("abcdef", 5), "abcd…");
  assert.equal(shorten("abcdef", 0), "…");
});

test("no character is cut in half", () => {
  assert.equal(shorten("ab🎥cd", 4), "ab…");
  assert.equal(shorten("ab🎥cd", 5), "ab🎥…");
});
