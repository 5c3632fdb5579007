import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { challengesIn } from "../../../nodes/upload/fetch/challenge";
import { Authorization } from "../../../nodes/upload/fetch/login";

const url = new URL("http://camera/ISAPI/clip?id=7&part=a%20b");
const login = (type: "" | "basic" | "digest" | "bearer") => ({ type, user: "jörg", password: 'p"ä:ss' });

/** Parameters of a digest that we sent. */
const sent = (header: string | undefined) => challengesIn(header ?? "")[0]?.parameters ?? {};

test("a digest answers the server's challenge with its own hash, for MD5 and SHA-256", () => {
  for (const [algorithm, hashName] of [
    ["MD5", "md5"],
    ["SHA-256", "sha256"],
  ] as const) {
    const authorization = new Authorization({ type: "digest", user: "admin", password: "secret" });
    assert.equal(authorization.header("GET", url), undefined);
    assert.equal(
      authorization.learn(
        `Digest realm="cam", qop="auth,auth-int", algorithm=${algorithm}, nonce="abc", opaque="o"`,
      ),
      true,
    );
    const parameters = sent(authorization.header("GET", url));
    const hash = (text: string) => createHash(hashName).update(text).digest("hex");
    const { nc, cnonce } = parameters;
    assert.deepEqual(
      { ...parameters, cnonce: undefined },
      {
        username: "admin",
        realm: "cam",
        nonce: "abc",
        uri: "/ISAPI/clip?id=7&part=a%20b",
        algorithm,
        qop: "auth",
        nc: "00000001",
        cnonce: undefined,
        response: hash(
          `${hash("admin:cam:secret")}:abc:${nc}:${cnonce}:auth:${hash(`GET:${url.pathname}${url.search}`)}`,
        ),
        opaque: "o",
      },
    );
    assert.equal(sent(authorization.header("GET", url)).nc, "00000002");
  }
});

test("a digest challenge from before RFC 2617, without a quality of protection, is answered as RFC 2069 says", () => {
  const authorization = new Authorization({ type: "digest", user: "Mufasa", password: "CircleOfLife" });
  authorization.learn('Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"');
  const hash = (text: string) => createHash("md5").update(text).digest("hex");
  const { response, qop } = sent(authorization.header("GET", new URL("http://h/dir/index.html")));
  assert.equal(qop, undefined);
  assert.equal(
    response,
    hash(
      `${hash("Mufasa:testrealm@host.com:CircleOfLife")}:dcd98b7102dd2f0e8b11d0f600bfb0c093:${hash("GET:/dir/index.html")}`,
    ),
  );
});

test("a realm that is no plain ASCII goes back byte for byte, and a login counts as UTF-8", () => {
  for (const charset of ["utf8", "latin1"] as const) {
    const realm = Buffer.from("Kamera Küche", charset);
    const authorization = new Authorization(login("digest"));
    // Node.js gives a header's bytes as a character each.
    authorization.learn(`Digest realm="${realm.toString("latin1")}", qop="auth", nonce="n"`);
    const header = authorization.header("GET", url);
    const { nc, cnonce, response, realm: returned } = sent(header);
    assert.deepEqual(Buffer.from(returned ?? "", "latin1"), realm);
    const hash = (...parts: (string | Buffer)[]) =>
      createHash("md5")
        .update(Buffer.concat(parts.map((part) => Buffer.from(part as string))))
        .digest("hex");
    const secret = hash("jörg:", realm, ':p"ä:ss');
    const request = hash(`GET:${url.pathname}${url.search}`);
    assert.equal(response, hash(`${secret}:n:${nc}:${cnonce}:auth:${request}`));
  }
});

test("a login that was refused is not sent again; one whose nonce has become stale is", () => {
  const authorization = new Authorization(login("digest"));
  const challenge = 'Digest realm="r", qop="auth", nonce="1"';
  assert.equal(authorization.learn(challenge), true);
  assert.equal(authorization.learn('Digest realm="r", qop="auth", nonce="2", stale=TRUE'), true);
  assert.equal(sent(authorization.header("GET", url)).nonce, "2");
  assert.equal(authorization.learn('Digest realm="r", qop="auth", nonce="3"'), false);
  assert.equal(new Authorization(login("basic")).learn('Basic realm="r"'), false);
  assert.equal(new Authorization(undefined).learn(challenge), false);
});

test("the strongest challenge is answered, and basic only where no other is chosen", () => {
  const offers =
    'Basic realm="b", Digest realm="d", algorithm=MD5, nonce="1", qop="auth", Digest realm="d", algorithm=SHA-256, nonce="2", qop="auth"';
  const chosen = new Authorization(login(""));
  assert.equal(chosen.learn(offers), true);
  assert.equal(sent(chosen.header("GET", url)).nonce, "2");
  const simple = new Authorization(login(""));
  assert.equal(simple.learn('Basic realm="b"'), true);
  assert.equal(simple.header("GET", url), `Basic ${Buffer.from('jörg:p"ä:ss').toString("base64")}`);
  assert.equal(new Authorization(login("digest")).learn('Basic realm="b"'), false);
  assert.equal(
    new Authorization(login("digest")).learn('Digest realm="d", nonce="1", qop="auth-int"'),
    false,
  );
});

test("basic and bearer are sent at once", () => {
  // Node.js writes a header's characters as Latin-1: these two are the bytes of an ä in UTF-8.
  assert.equal(new Authorization(login("bearer")).header("GET", url), 'Bearer p"\u00c3\u00a4:ss');
  assert.match(new Authorization(login("basic")).header("GET", url) ?? "", /^Basic /);
});

test("whatever a server sends as a challenge is read, in time that grows with its length", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      assert.ok(Array.isArray(challengesIn(text)));
    }),
  );
  for (const piece of ['"', "\\", "a=", 'a="', ",", " ", "Digest "])
    assert.ok(Array.isArray(challengesIn(piece.repeat(1_000_000))));
});
