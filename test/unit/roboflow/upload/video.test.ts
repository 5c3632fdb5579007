import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { EventEmitter, once } from "node:events";
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { PassThrough, Writable } from "node:stream";
import { test } from "node:test";
import { type Video, videoBuffer, videoFile } from "../../../../nodes/roboflow";
import { sha256 } from "../../../support/emulator-calls";
import { recording, temporaryFolder, writeTo } from "../../../support/recordings";

/** A chunk's memory is used again, so each is copied. */
async function bytesOf(video: Video): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of video.chunks()) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

test("a video is read as it is, as often as it is sent", async (t) => {
  const bytes = recording("mp4", 1_300_000);
  const file = await videoFile(writeTo(temporaryFolder(t), "yard.mp4", bytes));
  for (const video of [file, videoBuffer(bytes, "yard.mp4")]) {
    assert.equal(video.size, bytes.length);
    for (const _ of [1, 2]) assert.deepEqual(await bytesOf(video), bytes);
    await video.verify();
  }
});

test("a chunk stays as it is until the next one is asked for, however long that takes and whatever it passes", async (t) => {
  const bytes = Buffer.concat([recording("mp4", 100), randomBytes(7_000_000)]);
  const video = await videoFile(writeTo(temporaryFolder(t), "yard.mp4", bytes));
  const arrived: Buffer[] = [];
  const taken = new EventEmitter();
  const slowReader = new Writable({
    highWaterMark: 1,
    write(chunk: Buffer, _, done) {
      setTimeout(() => {
        arrived.push(Buffer.from(chunk));
        done();
        taken.emit("chunk");
      }, 20);
    },
  });
  const first = new PassThrough();
  first.pipe(new PassThrough()).pipe(slowReader);
  for await (const chunk of video.chunks()) {
    const passed = once(taken, "chunk");
    first.write(chunk);
    await passed;
  }
  assert.equal(sha256(Buffer.concat(arrived)), sha256(bytes));
});

test("what is no file that can be read is refused with its reason", async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(path.join(folder, "folder.mp4"));
  const cases: [file: string, reason: string][] = [
    [path.join(folder, "missing.mp4"), "noSuchFile"],
    [path.join(writeTo(folder, "a-file", "x"), "below.mp4"), "noSuchFile"],
    [path.join(folder, "folder.mp4"), "isFolder"],
    [folder, "isFolder"],
    [writeTo(folder, "empty.mp4", ""), "videoEmpty"],
    [path.join(folder, `${"x".repeat(300)}.mp4`), "noSuchFile"],
  ];
  for (const [file, reason] of cases) await assert.rejects(videoFile(file), { code: "INPUT", reason }, file);
  assert.throws(() => videoBuffer(Buffer.alloc(0), "a.mp4"), { code: "INPUT", reason: "videoEmpty" });
});

test("a pipe is refused, not waited for", async (t) => {
  const pipe = path.join(temporaryFolder(t), "pipe.mp4");
  if (spawnSync("mkfifo", [pipe]).status !== 0) return t.skip("no pipes here");
  await assert.rejects(videoFile(pipe), { code: "INPUT", reason: "notRegularFile" });
});

test("a file that may not be read says so", {
  skip: process.getuid?.() === 0 && "root reads everything",
}, async (t) => {
  const file = writeTo(temporaryFolder(t), "locked.mp4", recording());
  chmodSync(file, 0);
  await assert.rejects(bytesOf(await videoFile(file)), { code: "INPUT", reason: "fileNotReadable" });
});

test("too many open files are this computer's trouble, not the video's", {
  skip: process.platform === "win32" && "no ulimit",
}, async (t) => {
  const file = writeTo(temporaryFolder(t), "yard.mp4", recording());
  // A process of its own, since everything else in this one would fail as well.
  const script = `
    const { openSync } = require("node:fs");
    const { videoFile } = require(${JSON.stringify(require.resolve("../../../../nodes/roboflow"))});
    const file = ${JSON.stringify(file)};
    (async () => {
      const video = await videoFile(file);
      const read = async () => { for await (const _ of video.chunks()); };
      try { for (;;) openSync("/dev/null"); } catch {}
      await read().catch(({ code, reason, cause }) => console.log(code, reason, cause.code));
    })();`;
  const node = `exec ${JSON.stringify(process.execPath)} --import tsx -e "$SCRIPT"`;
  const child = spawn("bash", ["-c", `ulimit -n 64; ${node}`], { env: { ...process.env, SCRIPT: script } });
  let said = "";
  child.stdout.on("data", (text) => {
    said += text;
  });
  child.stderr.pipe(process.stderr);
  await once(child, "close");
  assert.equal(said, "STORAGE tooManyOpenFiles EMFILE\n");
});

test("a file that becomes shorter while it is read is another one, at once", async (t) => {
  const file = writeTo(temporaryFolder(t), "yard.mp4", recording("mp4", 3_000_000));
  const video = await videoFile(file);
  await assert.rejects(async () => {
    for await (const _ of video.chunks()) truncateSync(file, 100);
  }, changed);
});

/** Reads a video of some size, as an upload does, while `meanwhile` happens to its file. */
async function sent(
  t: Parameters<typeof temporaryFolder>[0],
  size: number,
  meanwhile: (file: string) => void,
) {
  const file = writeTo(temporaryFolder(t), "yard.mp4", recording("mp4", size));
  const video = await videoFile(file);
  let done = 0;
  for await (const chunk of video.chunks()) {
    if (done === 0) meanwhile(file);
    done += chunk.length;
  }
  return video.verify();
}

/** Another time of change than the file has. */
const touch = (file: string) => utimesSync(file, new Date(), new Date(Date.now() + 5000));
const changed = { code: "INPUT", reason: "videoChanged" };

for (const size of [900_000, 70_000_000]) {
  test(`a file of ${size} bytes of which only the time of change differs is the same`, async (t) => {
    await sent(t, size, touch);
    await sent(t, size, (file) => utimesSync(file, 1000, 1000));
    // In place: what is read ahead meanwhile must not find the file empty.
    await sent(t, size, (file) => writeFileSync(file, recording("mp4", size), { flag: "r+" }));
  });

  test(`a file of ${size} bytes with other content is another one`, async (t) => {
    const rewrite = (from: number, to: number) => (file: string) => {
      const bytes = recording("mp4", size);
      bytes.fill(0xaa, from, to);
      writeFileSync(file, bytes);
      touch(file);
    };
    await assert.rejects(sent(t, size, rewrite(100, 3000)), changed);
    await assert.rejects(
      sent(t, size, (file) => appendFileSync(file, "x")),
      changed,
    );
    for (const rest of [size - 1, 0])
      await assert.rejects(
        sent(t, size, (file) => truncateSync(file, rest)),
        changed,
      );
    await assert.rejects(
      sent(t, size, (file) => rmSync(file)),
      { code: "INPUT", reason: "noSuchFile" },
    );
  });
}

test("a file that changed before anything of it was sent is another one", async (t) => {
  const file = writeTo(temporaryFolder(t), "yard.mp4", recording());
  const video = await videoFile(file);
  touch(file);
  await assert.rejects(video.verify(), changed);
});
