import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { VideoError, withoutSecrets } from "../../../nodes/roboflow";
import { secretsOfUrl } from "../../../nodes/roboflow/redact";
import { knownKey } from "../../support/client-of";

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
  [
    "a password with a slash in it, which makes the URL none",
    "http://admin:ge/he@im@10.0.0.7/a.mp4 and rtsp://u:p//@h/x, but https://cdn.example:8080/@me and http://[::1]:80/a@b stay",
    "http://…@10.0.0.7/a.mp4 and rtsp://…@h/x, but https://cdn.example:8080/@me and http://[::1]:80/a@b stay",
  ],
  [
    "a login in a URL that was taken for a path",
    "'/data/rtsp:/admin:se@cret@10.0.0.7/live' and http:///u:p@x, but C:/a@b/c.mp4 and at:/x stay",
    "'/data/rtsp:/…@10.0.0.7/live' and http:///…@x, but C:/a@b/c.mp4 and at:/x stay",
  ],
  [
    "a password with an @ in it, in full",
    "via http://user:se@cret@proxy.example:3128",
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

test("a key is cut however it is spelled", () => {
  const key = `rf_<Odd> "Key"&/+%'\\ä7`;
  const inForm = new URLSearchParams({ key }).toString().slice("key=".length);
  const asciiJson = JSON.stringify(key)
    .slice(1, -1)
    .replace(/[^ -~]|[<>&'+]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const inHtml = key
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
  for (const spelling of [
    key,
    encodeURIComponent(key),
    encodeURIComponent(key).replace(/%../g, (byte) => byte.toLowerCase()),
    encodeURIComponent(encodeURIComponent(key)),
    inForm,
    JSON.stringify(key).slice(1, -1),
    JSON.stringify(JSON.stringify(key)).slice(3, -3),
    asciiJson,
    asciiJson.replaceAll("/", "\\/"),
    inHtml,
    inHtml.replaceAll("&#39;", "&#x27;"),
  ])
    assert.equal(withoutSecrets(`before ${spelling} after`, [key]), "before … after", spelling);
});

test("a key as short as a word is cut as a word, without garbling others", () => {
  assert.equal(
    withoutSecrets('the demo ("demo", ?key%3Ddemo, api_key=demo ) was demonstrated in demo2', ["demo"]),
    'the … ("…", ?key%3D…, api_key=… ) was demonstrated in demo2',
  );
});

test("a camera's login is cut from its address, as user and password and as parameters", () => {
  assert.equal(
    withoutSecrets("rtsp://admin:pa%23ss@10.0.0.7/live?user=admin&password=hunter2 broke"),
    "rtsp://…@10.0.0.7/live?… broke",
  );
  assert.equal(withoutSecrets("GET /snap?user=admin&pwd=hunter2&ch=1"), "GET /snap?user=admin&pwd=…&ch=1");
});

test("a URL that is packed into something else is cut like any other", () => {
  const url = "https://s.example/a.mp4?X-Goog-Signature=0f3a77";
  assert.equal(withoutSecrets(`${encodeURIComponent(url)} x`), "https%3A%2F%2Fs.example%2Fa.mp4%3F… x");
  assert.equal(withoutSecrets(JSON.stringify({ url: url.replaceAll("/", "\\/") })).includes("0f3a77"), false);
});

test("a key that is packed several times over is found, and the text around it stays", () => {
  const key = 'rf_9Kd"0x&7Q\\mZ3';
  let packed = key;
  for (let depth = 0; depth < 4; depth += 1) {
    packed = depth % 2 === 0 ? encodeURIComponent(packed) : JSON.stringify(packed).slice(1, -1);
    assert.equal(withoutSecrets(`50% of ${packed} & more`, [key]), "50% of … & more");
  }
});

test("of a text that is too long, nothing near the cut is shown: half a secret may stand there", () => {
  const key = "rf_0123456789abcdef";
  for (let before = 0; before < 40_000; before += 97) {
    // What is cut out in front brings the end of what is searched into what is shown.
    const text = `https://s.example/?${"q".repeat(before)} ${key.repeat(1000)}`;
    const shown = withoutSecrets(text, [key]);
    assert.ok(!shown.includes(key.slice(0, 4)), shown);
  }
});

test("however long a text and many secrets, it takes a moment", () => {
  const secrets = Array.from({ length: 40 }, (_, at) => `${"a".repeat(255)}${at}`);
  for (const piece of [
    "a-",
    "a",
    "x-goog-",
    "http://a?",
    "://",
    "=",
    "token=",
    "%25",
    "\\",
    "&#",
    "&amp;",
    "@",
  ]) {
    const begun = performance.now();
    assert.ok(withoutSecrets(piece.repeat(200_000), secrets).length <= 1000);
    assert.ok(performance.now() - begun < 30_000, `${piece}: ${performance.now() - begun} ms`);
  }
});

test("no secret is no reason to change a text", () => {
  assert.equal(withoutSecrets("as it was", [""]), "as it was");
});

test("what a signed URL must not give away are its values, not what everybody knows of it", () => {
  assert.deepEqual(
    secretsOfUrl("https://storage.example/a.mp4?Expires=3600&ticket=71c4e7badc0de5&X-Goog-Signature=0f3a77"),
    ["71c4e7badc0de5", "0f3a77"],
  );
  assert.deepEqual(secretsOfUrl("no URL"), []);
});

test("of the error below ours only code and message are kept: an axios error holds the key", () => {
  const below = Object.assign(new Error("read ECONNRESET"), {
    code: "ECONNRESET",
    config: { url: knownKey },
  });
  const { cause } = new VideoError("NETWORK", "network", { cause: below });
  assert.deepEqual(cause, { code: "ECONNRESET", message: "read ECONNRESET" });
  assert.ok(!inspect(cause, { showHidden: true }).includes(knownKey));
});
