import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { retryAfter } from "../../../../nodes/roboflow/http/retry-after";

const day = 24 * 3_600_000;
const noon = Date.UTC(2026, 10, 27, 12);
const atNoon = new Date(noon).toUTCString();

test("whole seconds", () => {
  assert.equal(retryAfter("7"), 7000);
  assert.equal(retryAfter("0"), 0);
  assert.equal(retryAfter(" 120 "), 120_000);
});

test("a date in each of HTTP's three forms", () => {
  for (const date of [
    "Fri, 27 Nov 2026 12:01:30 GMT",
    "Friday, 27-Nov-26 12:01:30 GMT",
    "Fri Nov 27 12:01:30 2026",
  ])
    assert.equal(retryAfter(date, atNoon), 90_000, date);
  assert.equal(retryAfter("Tue Dec  1 12:00:00 2026", "Tue, 01 Dec 2026 11:59:59 GMT"), 1000);
  assert.equal(retryAfter("Sunday, 06-Nov-94 08:49:37 GMT", atNoon), 0, "in 1994, not in 2094");
});

test("a year of two digits is at most 50 years ahead", () => {
  assert.equal(retryAfter("Friday, 27-Nov-76 12:01:30 GMT", atNoon), day, "2076");
  assert.equal(retryAfter("Saturday, 27-Nov-77 12:01:30 GMT", atNoon), 0, "1977");
  assert.equal(
    retryAfter("Friday, 27-Nov-26 12:01:30 GMT", "Friday, 27-Nov-26 12:00:00 GMT"),
    90_000,
    "the year of an answer's own date counts from the clock here",
  );
});

test("a minute may have a leap second, and no more", () => {
  assert.equal(retryAfter("Fri, 27 Nov 2026 12:01:60 GMT", atNoon), 120_000);
  assert.equal(retryAfter("Fri, 27 Nov 2026 12:01:61 GMT", atNoon), undefined);
});

test("a date counts from the answer's own, or from the clock where it has none", () => {
  const inAMinute = retryAfter(new Date(Date.now() + 60_000).toUTCString()) as number;
  assert.ok(inAMinute > 58_000 && inAMinute <= 60_000, `${inAMinute}`);
  assert.equal(
    retryAfter(new Date(1_000_060_000).toUTCString(), new Date(1_000_000_000).toUTCString()),
    60_000,
  );
  const unreadable = retryAfter(new Date(Date.now() + 60_000).toUTCString(), "today") as number;
  assert.ok(unreadable > 58_000 && unreadable <= 60_000, `${unreadable}`);
});

test("a date that has passed is now", () => {
  assert.equal(retryAfter("Wed, 21 Oct 2015 07:28:00 GMT", atNoon), 0);
});

test("no wait is longer than a day", () => {
  assert.equal(retryAfter("86401"), day);
  assert.equal(retryAfter("9".repeat(400)), day);
  assert.equal(retryAfter("Fri, 27 Nov 2099 12:00:00 GMT", atNoon), day);
});

test("anything else counts as none", () => {
  for (const header of [
    undefined,
    "",
    "soon",
    "in 5",
    "5 seconds",
    "-5",
    "+5",
    "1.5",
    "1e3",
    "0x10",
    "Infinity",
    "5, 10",
    "2026-11-27T12:01:30Z",
    "27 Nov 2026 12:01:30 GMT",
    "Fri, 27 Nov 2026 12:01:30",
    "Fri, 27 Nov 2026 12:01:30 CET",
    "Fri, 31 Nov 2026 12:01:30 GMT",
    "Fri, 27 Foo 2026 12:01:30 GMT",
    "Fri, 27 Nov 2026 24:01:30 GMT",
    "Fri, 27 Nov 2026 25:01:30 GMT",
    "Fri, 27 Nov 2026 12:60:30 GMT",
    "Fri, 27 Nov 2026 12:61:30 GMT",
    "Xyz, 27 Nov 2026 12:01:30 GMT",
  ])
    assert.equal(retryAfter(header, atNoon), undefined, header);
});

test("whatever a server writes is a wait of at most a day, or none", () => {
  const headerLike = fc.oneof(
    fc.string(),
    fc.stringMatching(/^[A-Z][a-z]{2},? \d\d [A-Z][a-z]{2} \d{2,4} \d\d:\d\d:\d\d GMT$/),
  );
  fc.assert(
    fc.property(headerLike, headerLike, (header, date) => {
      const wait = retryAfter(header, date);
      assert.ok(wait === undefined || (wait >= 0 && wait <= day), `${wait}`);
    }),
  );
});
