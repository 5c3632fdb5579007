import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { Fingerprint } from "../../../../nodes/roboflow/upload/fingerprint";

const mebibyte = 1024 * 1024;

function of(bytes: Buffer, portions: number[] = []): string {
  const fingerprint = new Fingerprint(bytes.length);
  let at = 0;
  for (const portion of portions) {
    fingerprint.update(bytes.subarray(at, at + portion));
    at += portion;
  }
  fingerprint.update(bytes.subarray(at));
  return fingerprint.digest();
}

for (const size of [0, 1, 700_000, 65 * mebibyte]) {
  const bytes = randomBytes(size);

  test(`${size} bytes: the portions in which they come make no difference`, () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: mebibyte }), { maxLength: 12 }), (portions) => {
        assert.equal(of(bytes, portions), of(bytes));
      }),
      { numRuns: 10 },
    );
  });
}

test("any byte of a small video counts, and any half megabyte of a large one", () => {
  const differs = (size: number, from: number, length: number) => {
    const bytes = Buffer.alloc(size, 1);
    const before = of(bytes);
    bytes.fill(2, from, from + length);
    return of(bytes) !== before;
  };
  fc.assert(
    fc.property(fc.nat(6 * mebibyte - 1), (at) => differs(6 * mebibyte, at, 1)),
    { numRuns: 20 },
  );
  fc.assert(
    fc.property(fc.nat(65.5 * mebibyte), (at) => differs(66 * mebibyte, at, mebibyte / 2)),
    { numRuns: 10 },
  );
});
