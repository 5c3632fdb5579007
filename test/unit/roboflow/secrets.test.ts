import assert from "node:assert/strict";
import { test } from "node:test";
import { withoutSecrets } from "../../../nodes/roboflow";
import { knownKey } from "./client-of";

const cuts: [name: string, text: string, expected: string][] = [
  [
    "the key, wherever it stands",
    `key ${knownKey} and ${encodeURIComponent(knownKey)} refused`,
    "key … and … refused",
  ],
  [
    "the query of a URL",
    "GET https://storage.example/in/yard.mp4?X-Goog-Expires=60&X-Goog-Signature=0f3a failed",
    "GET https://storage.example/in/yard.mp4?… failed",
  ],
  [
    "the query of a URL in quotes",
    '{"url":"http://a.example/?api_key=abc"}',
    '{"url":"http://a.example/?…"}',
  ],
  [
    "a parameter outside a URL",
    "path /videoinfer/?api_key=abc123&job_id=7",
    "path /videoinfer/?api_key=…&job_id=7",
  ],
  [
    "a signature outside a URL",
    "X-Goog-Signature=0f3a&more, x-amz-signature=77",
    "X-Goog-Signature=…&more, x-amz-signature=…",
  ],
  [
    "user and password of a proxy",
    "via http://user:secret@proxy.example:3128",
    "via http://…@proxy.example:3128",
  ],
];

for (const [name, text, expected] of cuts) {
  test(`cut: ${name}`, () => {
    assert.equal(withoutSecrets(text, [knownKey]), expected);
  });
}

test("what is no secret stays: a job id, a plain address, a question", () => {
  const text = "job fec28362-f7d9-4cc0 at https://api.roboflow.com/videoinfer/ (really?)";
  assert.equal(withoutSecrets(text, [knownKey]), text);
});

test("a key as short as a word is cut where it is a parameter, without garbling words", () => {
  assert.equal(
    withoutSecrets("the demo needs ?api_key=demo here", ["demo"]),
    "the demo needs ?api_key=… here",
  );
});
