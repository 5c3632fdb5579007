import assert from "node:assert/strict";
import path from "node:path";
import { before, test } from "node:test";
import fc from "fast-check";
import type { NodeAPI } from "node-red";
import english from "../../../nodes/locales/en-US/account.json";
import { describeValue, VideoError } from "../../../nodes/roboflow";
import type { ErrorReason } from "../../../nodes/roboflow/errors";
import { describeFailure } from "../../../nodes/runtime/failure";
import { text } from "../../../nodes/runtime/text";
import { endlessText, hostileText } from "../../support/hostile-text";

// The very translations that a Node-RED uses, in its own settings.
const { i18n } = require("@node-red/util");
const namespace = "@camera-flows/node-red-roboflow-video/roboflow-video-account";
const RED = { _: i18n._ } as unknown as NodeAPI;

before(async () => {
  i18n.init({ lang: "de" });
  const locales = path.join(__dirname, "..", "..", "..", "nodes", "locales");
  await i18n.registerMessageCatalog(namespace, locales, "account.json");
});

const reasons = Object.keys(english.errors) as ErrorReason[];
const anyReason = fc.constantFrom(...reasons);
const placeholders = (reason: ErrorReason) =>
  [...english.errors[reason].matchAll(/__(\w+?)__/g)].map(([, name]) => name as string);

/** Milliseconds that any text may take, on a busy machine too; those that this is about took minutes. */
const generous = 30_000;

function timed<T>(work: () => T): T {
  const begun = performance.now();
  const result = work();
  assert.ok(performance.now() - begun < generous, `${performance.now() - begun} ms`);
  return result;
}

const describe = (error: VideoError, more: { secrets?: string[]; jobId?: string; fileName?: string } = {}) =>
  timed(() => describeFailure(RED, "upload", error, { secrets: [], ...more }));

test("the words are in the server's language", () => {
  const { message } = describe(new VideoError("INPUT", "noSuchFile", { values: { path: "/a.mp4" } }));
  assert.match(message, /^Video hochladen: .*„\/a\.mp4“.*Node-RED/);
});

test("whatever stands in a value of an error comes out as it is, and nothing else is changed by it", () => {
  fc.assert(
    fc.property(anyReason, hostileText(), (reason, value) => {
      const names = placeholders(reason);
      const values = Object.fromEntries(names.map((name) => [name, value]));
      const { message } = describe(new VideoError("INPUT", reason, { values }));
      // What a sentence says around its values is what it says around others.
      const plain = describe(
        new VideoError("INPUT", reason, { values: Object.fromEntries(names.map((name) => [name, "•"])) }),
      ).message;
      assert.equal(message, plain.split("•").join(value));
    }),
  );
});

test("a job's ID, a clip's name, a server's words and a cause come out as they are", () => {
  fc.assert(
    fc.property(hostileText(), hostileText(), hostileText(), (jobId, fileName, words) => {
      const told = describe(new VideoError("SERVER", "serverTrouble", { serverWords: words }), {
        jobId,
        fileName,
      }).message;
      assert.ok(told.includes(jobId) && told.includes(fileName), told);
      assert.ok(told.includes(words.replace(/\s+/g, " ").trim()), told);
      const { message, cause } = describe(
        new VideoError("NETWORK", "network", { cause: { code: words, message: fileName } }),
      );
      assert.equal(cause?.message, fileName);
      assert.ok(message.includes(fileName), message);
    }),
  );
});

test("endless texts everywhere make an error of 1,000 characters at most, with its ID and what to do", () => {
  fc.assert(
    fc.property(anyReason, endlessText(), endlessText(), fc.uuid(), (reason, one, other, jobId) => {
      const values = Object.fromEntries(placeholders(reason).map((name) => [name, one]));
      const error = new VideoError("SERVER", reason, {
        values,
        statusCode: 500,
        serverWords: other,
        cause: { code: one, message: other },
      });
      const { message, cause } = describe(error, { jobId, fileName: one });
      assert.ok(message.length <= 1000, `${message.length}`);
      assert.ok(message.includes(jobId), message);
      assert.match(message, /HTTP 500/);
      const sentence = text(RED, `errors.${reason}`).split(/__\w+?__/);
      for (const part of sentence) assert.ok(message.includes(part), `${part} in ${message}`);
      assert.ok((cause?.message.length ?? 0) <= 200 && (cause?.code?.length ?? 0) <= 50);
    }),
    { numRuns: 40 },
  );
});

test("an endless job ID leaves room for all the rest", () => {
  const endless = "a-".repeat(25_000);
  const { message } = describe(new VideoError("JOB_TIMEOUT", "jobTimeout", { jobId: endless }));
  assert.ok(message.length < 1000 && message.includes("a-a-a-"));
});

test("no secret is shown, wherever it stands in however long a text, whole or in half", () => {
  const secret = 'rf_9Kd"0x&7Q\\mZ3';
  const halves = [secret.slice(0, 8), secret.slice(-8)];
  const spellings = [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)];
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 20_000 }),
      fc.constantFrom(...spellings),
      fc.constantFrom("a-", "x ", "=", "http://h/?q ", "?api_key=1 ", "https://u:p@h/ "),
      (before, spelled, filler) => {
        const hidden = filler.repeat(before).slice(0, before) + spelled + filler.repeat(50);
        const { message, cause } = describe(
          new VideoError("SERVER", "noSuchFile", {
            values: { path: hidden },
            serverWords: hidden,
            cause: { message: hidden },
          }),
          { secrets: [secret], jobId: hidden, fileName: hidden },
        );
        for (const half of halves) assert.ok(!`${message}${cause?.message}`.includes(half), message);
      },
    ),
    { numRuns: 60 },
  );
});

test("warnings take foreign texts as they are, too", () => {
  fc.assert(
    fc.property(hostileText(), (jobs) => {
      const warning = timed(() => text(RED, "logs.stoppedWaiting", { count: 3, jobs }));
      assert.ok(warning.includes("3 ") && warning.endsWith(jobs), warning);
    }),
  );
  fc.assert(
    fc.property(endlessText(), (jobs) => {
      const warning = timed(() => text(RED, "logs.stoppedWaiting", { count: 3, jobs }));
      assert.ok(warning.length <= 1000 && warning.includes(" 3 "), warning);
    }),
    { numRuns: 20 },
  );
});

const described: [name: string, value: unknown, words: RegExp][] = [
  [
    "a clip read as a text",
    `\0\0\0 ftypisom${"\ufffd".repeat(224_181)}`,
    /Text mit 224\.193 Zeichen aus Binärdaten/,
  ],
  [
    "a clip in base64",
    "AAAAIGZ0eXBpc29t".repeat(65_536),
    /Text mit 1\.048\.576 Zeichen, der mit „AAAAIGZ0eXBpc29t/,
  ],
  ["a Buffer", Buffer.alloc(1234), /Buffer mit 1\.234 Bytes/],
  ["a short text", "$t(yard", /„\$t\(yard“/],
  ["a list", [1, 2], /\[…\]/],
  ["an object", { a: 1 }, /\{…\}/],
  ["nothing", undefined, /undefined/],
  ["a number", 7, /7/],
];
for (const [name, value, words] of described)
  test(`an error says what was found: ${name}`, () => {
    const { message } = describe(
      new VideoError("INPUT", "noJobId", { values: { value: describeValue(value) } }),
    );
    assert.match(message, words);
    assert.ok(message.length <= 600, `${message.length}`);
  });
