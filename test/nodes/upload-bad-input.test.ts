import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { assertFailure } from "../support/helper";
import { recording, temporaryFolder, writeTo } from "../support/recordings";
import { uploader } from "../support/uploader";

test("a msg cannot lead a path template out of its folder", async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(path.join(folder, "public"));
  writeTo(folder, "private.mp4", recording());
  const { emulator, node } = await uploader(t, { video: `${folder}/public/{{name}}.mp4`, videoType: "str" });
  assertFailure(
    await node.send({ name: "../private" }),
    "INPUT",
    /The file ".*___private\.mp4" was not found/,
  );
  assert.deepEqual(emulator.ledger.requests, []);
});

test("an expression that cannot be read is INPUT, and says what is wrong with it", async (t) => {
  const { node } = await uploader(t, { video: "$uppercase(payload)", videoType: "jsonata" });
  const delivery = await node.send({ payload: 42 });
  assertFailure(delivery, "INPUT", /\$uppercase\(payload\).*could not be evaluated.*Argument 1 .*match/);
  assert.equal(delivery.caught?.error.cause.code, "T0410");
});

const badVideos: [name: string, payload: (folder: string) => unknown, words: RegExp, status: string][] = [
  [
    "no such file",
    (folder) => `${folder}/gone.mp4`,
    /The file ".*gone\.mp4" was not found on the machine that runs Node-RED/,
    "file not found",
  ],
  ["a folder", (folder) => folder, /is a folder, not a video file\. Enter the path of a file/, "not a file"],
  [
    "an empty file",
    (folder) => writeTo(folder, "empty.mp4", ""),
    /is empty\. Send the message again when the recording is finished/,
    "empty file",
  ],
  [
    "a clip that is cut off",
    (folder) => writeTo(folder, "a.mp4", readFileSync("demo/clip/yard.mp4").subarray(0, 90_000)),
    /a\.mp4" is not finished or damaged\. Wait until the recording is finished/,
    "not finished",
  ],
  [
    "a login page named .mp4",
    (folder) => writeTo(folder, "a.mp4", "<!DOCTYPE html><html><title>Log in</title></html>"),
    /is not a video that Roboflow accepts .*: it seems to be a web page, such as a login page/,
    "not a video",
  ],
  [
    "a text named .mp4",
    (folder) => writeTo(folder, "a.mp4", "just a text, no video"),
    /is not a video that Roboflow accepts .*: it seems to be a text/,
    "not a video",
  ],
  [
    "a NUL in a path",
    (folder) => `${folder}/a\0.mp4`,
    /The message contains no video: .*found "/,
    "no video in message",
  ],
  [
    "a clip read as UTF-8",
    () => Buffer.concat([recording(), Buffer.alloc(200_000, 0xe9)]).toString("utf8"),
    /found text of \d{3},\d{3} characters that is binary data: .*http request.* to return a binary buffer/,
    "no video in message",
  ],
  [
    "a clip as base64",
    () => recording("mp4", 168_144).toString("base64"),
    /found text of 224,192 characters that begins with "AAAAGGZ0.*not a path.*http request.*return a binary buffer/,
    "no video in message",
  ],
  [
    "a camera's live stream, whose password stays where it is",
    () => "rtsp://admin:geheim77@10.0.0.7/stream1",
    /found "rtsp:\/\/…@10\.0\.0\.7\/stream1"\. Check(?!.*geheim77)/,
    "no video in message",
  ],
  [
    "a URL whose password has a slash in it and stays where it is",
    () => "http://admin:ge/heim77@10.0.0.7/clip.mp4",
    /found "http:\/\/…@10\.0\.0\.7\/clip\.mp4"\. Check(?!.*heim77)/,
    "no video in message",
  ],
  [
    "a URL that is none, whose password stays where it is",
    () => "http://admin:geheim77@10.0.0.7:99999/clip.mp4",
    /found "http:\/\/…@10\.0\.0\.7:99999\/clip\.mp4"\. Check(?!.*geheim77)/,
    "no video in message",
  ],
  ["a number", () => 42, /The message contains no video: .*found 42/, "no video in message"],
  ["null", () => null, /The message contains no video: .*found null/, "no video in message"],
  ["nothing", () => undefined, /The message contains no video: .*found undefined/, "no video in message"],
  ["an empty text", () => "", /The message contains no video: .*found ""/, "no video in message"],
  [
    "an object",
    () => ({ file: "a.mp4" }),
    /The message contains no video: .*found \{…\}/,
    "no video in message",
  ],
  ["an empty Buffer", () => Buffer.alloc(0), /The video "video" is empty/, "empty file"],
  [
    "a Buffer that is no video",
    () => Buffer.from("a picture, perhaps"),
    /"video" is not a video that Roboflow accepts/,
    "not a video",
  ],
];

for (const [name, payload, words, status] of badVideos) {
  test(`bad input: ${name} is INPUT, before any request`, async (t) => {
    const { emulator, node } = await uploader(t);
    const delivery = await node.send({ payload: payload(temporaryFolder(t)), statusCode: 200 });
    assertFailure(delivery, "INPUT", words);
    assert.match(delivery.caught?.error.message, /^Upload video: /);
    assert.equal(delivery.caught?.error.source.id, node.id);
    assert.deepEqual(emulator.ledger.requests, []);
    assert.deepEqual(node.statuses().at(-1), { fill: "red", shape: "ring", text: status });
  });
}
