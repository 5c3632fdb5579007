import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFraction, parseNumber } from "../../../nodes/runtime/numbers";

test("a number is read as people write it", () => {
  for (const [value, number] of [
    [0, 0],
    ["5", 5],
    [" 29.97 ", 29.97],
    ["-1", -1],
    [".5", 0.5],
    ["5.", 5],
    ["1e3", 1000],
  ] as const)
    assert.equal(parseNumber(value), number, String(value));
});

test("what is no number is none, and not the number that a program might make of it", () => {
  for (const value of [
    "",
    " ",
    "abc",
    "5 fps",
    "85%",
    "0,85",
    "0x10",
    "1_000",
    "Infinity",
    Number.NaN,
    Infinity,
  ])
    assert.equal(parseNumber(value), undefined, String(value));
  for (const value of [undefined, null, true, [5], {}, 5n]) assert.equal(parseNumber(value), undefined);
});

test("a number from 0 to 1 may have a decimal comma", () => {
  for (const [value, number] of [
    [0, 0],
    [1, 1],
    ["0.85", 0.85],
    ["0,85", 0.85],
    [" ,5 ", 0.5],
    ["1,0", 1],
  ] as const)
    assert.equal(parseFraction(value), number, String(value));
  for (const value of [85, "85", "85%", "0,8,5", "-0.1", 1.01, "1,5", "high", "", undefined, null])
    assert.equal(parseFraction(value), undefined, String(value));
});
