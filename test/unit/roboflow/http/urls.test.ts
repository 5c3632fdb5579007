import assert from "node:assert/strict";
import { test } from "node:test";
import { expiryOf, isHttpUrl } from "../../../../nodes/roboflow";

const now = new Date("2026-07-01T12:00:00Z");
const expires = (query: string) => expiryOf(`https://storage.example/yard.mp4${query}`, now).toISOString();

test("an upload link expires X-Goog-Expires seconds after its date", () => {
  assert.equal(expires("?X-Goog-Date=20260630T235959Z&X-Goog-Expires=3600"), "2026-07-01T00:59:59.000Z");
});

test("without a date in the link, the seconds count from now", () => {
  assert.equal(expires("?X-Goog-Expires=900"), "2026-07-01T12:15:00.000Z");
  assert.equal(expires("?x-goog-expires=900"), "2026-07-01T12:15:00.000Z");
});

test("an upload is kept for a week at most, and for a week where nothing is said", () => {
  const inAWeek = "2026-07-08T12:00:00.000Z";
  for (const query of ["", "?X-Goog-Expires=9999999", "?X-Goog-Expires=soon", "?X-Goog-Expires=-5"])
    assert.equal(expires(query), inAWeek);
});

test("http and https URLs are told from everything else", () => {
  for (const url of ["http://cam.local/a.mp4", "HTTPS://x.example/a?b=c", "http://[::1]:8080/"])
    assert.ok(isHttpUrl(url), url);
  for (const value of [
    "ftp://x/a.mp4",
    "/mnt/a.mp4",
    "http:a",
    "http://",
    "https:// x",
    "",
    7,
    null,
    undefined,
    {},
  ])
    assert.ok(!isHttpUrl(value), String(value));
});

test("a text that is far too long for a URL is none, and is told so at once", () => {
  const everyLetter = Array.from({ length: 200_000 }, (_, at) =>
    String.fromCodePoint(0x4e00 + (at % 20_000)),
  );
  for (const [start, length] of [
    ["https://", 16_000],
    ["https:////", 16_000],
    ["https://user@", 16_000],
    ["https://", 200_000],
  ] as const) {
    const begun = performance.now();
    assert.equal(isHttpUrl(start + everyLetter.slice(0, length).join("")), false);
    assert.ok(performance.now() - begun < 10_000, `${performance.now() - begun} ms`);
  }
  assert.equal(isHttpUrl(`https://s.example/a.mp4?X-Goog-Signature=${"0f".repeat(4000)}`), true);
});
