import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { startEmulator } from "../../../emulator/emulator";
import { call, newLink, outcome, put, sha256, start, upload } from "../../support/emulator-calls";

test("storage takes a file only with its length, its type and the right signature", async () => {
  const emulator = await startEmulator();
  const link = await newLink(emulator);
  const body = Buffer.from("some bytes");

  const chunked = await call(link, {
    method: "PUT",
    headers: { "content-type": "application/octet-stream", "transfer-encoding": "chunked" },
    body,
  });
  assert.equal(chunked.status, 411);
  assert.match(chunked.text, /<Code>MissingContentLength<\/Code>/);

  for (const type of ["video/mp4", "application/octet-stream; charset=utf-8"]) {
    const typed = await put(link, body, { "content-type": type });
    assert.equal(typed.status, 403);
    assert.match(typed.text, /^<\?xml.*<Code>SignatureDoesNotMatch<\/Code>/);
    assert.match(typed.headers["content-type"] ?? "", /^application\/xml/);
  }

  const forged = await put(link.replace("X-Goog-Expires=86400", "X-Goog-Expires=9999"), body);
  assert.equal(forged.status, 403);

  assert.equal((await put(link, body)).status, 200);
  assert.equal((await call(link)).status, 403, "an upload cannot be downloaded");
  assert.equal(emulator.ledger.uploads.filter((noted) => noted.complete).length, 1);
  await emulator.close();
});

test("an upload link looks as a real one does", async () => {
  const emulator = await startEmulator();
  const { pathname, searchParams } = new URL(await newLink(emulator, "gate 1-ü.mp4"));
  const [, bucket, account, name, ...more] = pathname.split("/");
  assert.equal(bucket, "roboflow_video_inference_input_prod");
  assert.match(account ?? "", /^\w+$/);
  assert.deepEqual([decodeURIComponent(name ?? ""), ...more], ["gate 1-ü.mp4"]);
  assert.equal(searchParams.get("X-Goog-Expires"), "86400");
  assert.equal(searchParams.get("X-Goog-SignedHeaders"), "content-type;host");
  await emulator.close();
});

test("a video is known by its name: another upload of that name takes its place, once it is complete", async () => {
  const emulator = await startEmulator({ analyse: false, jobSeconds: 0, queueSeconds: 0.3 });
  const [first, second, third] = ["first camera", "second camera", "third camera"].map(
    Buffer.from,
  ) as Buffer[];
  const link = await upload(emulator, first as Buffer, "motion.mp4");
  assert.equal(new URL(await newLink(emulator, "motion.mp4")).pathname, new URL(link).pathname);

  const read = async (startedOn: string, meanwhile: () => Promise<unknown>) => {
    const { json } = await start(emulator, startedOn);
    await meanwhile();
    await outcome(emulator, json.job_id);
    return emulator.ledger.job(json.job_id)?.sha256;
  };
  const otherUpload = (body: Buffer) => upload(emulator, body, "motion.mp4");
  assert.equal(await read(link, () => otherUpload(second as Buffer)), sha256(second as Buffer));
  emulator.fault({ kind: "put", do: "reset-mid-body", afterBytes: 5 });
  assert.equal(
    await read(link, () => otherUpload(third as Buffer).catch(() => {})),
    sha256(second as Buffer),
    "a broken upload replaces nothing",
  );
  await emulator.close();
});

test("an upload link ends, and so does the week in which an upload can be run", async () => {
  const emulator = await startEmulator({ uploadLifetime: 0.05, uploadKept: 0.3 });
  const late = await newLink(emulator);
  const used = await upload(emulator, Buffer.from("video"));
  assert.match(late, /X-Goog-Expires=1&/);
  await delay(80);
  const refused = await put(late, Buffer.from("video"));
  assert.equal(refused.status, 400);
  assert.match(refused.text, /<Code>ExpiredToken<\/Code>/);
  assert.equal((await start(emulator, used)).status, 200, "the link is over, the upload is not");
  await delay(300);
  assert.equal((await start(emulator, used)).status, 400);
  await emulator.close();
});

test("a body that breaks off is no upload, and the next one counts", async () => {
  const emulator = await startEmulator();
  const link = new URL(await newLink(emulator, "cut.mp4"));
  const socket = connect(Number(link.port), link.hostname);
  socket.write(`${headOf(link)}only this`);
  await delay(100);
  socket.destroy();
  await delay(100);
  assert.equal((await start(emulator, link.href)).status, 400);
  const body = Buffer.from("all of it");
  assert.equal((await put(link.href, body)).status, 200);
  const seen = emulator.ledger.uploads.map(({ complete, size, sha256: sum }) => [complete, size, sum]);
  assert.deepEqual(seen, [
    [false, 9, ""],
    [true, 9, sha256(body)],
  ]);
  await emulator.close();
});

test("a large upload goes to disk, not into memory", async () => {
  const emulator = await startEmulator();
  const link = new URL(await newLink(emulator));
  const piece = Buffer.alloc(1024 * 1024, 7);
  const pieces = 256;
  const before = process.memoryUsage().rss;
  let most = 0;
  const status = await new Promise((resolve, reject) => {
    const outgoing = request(link, {
      method: "PUT",
      agent: false,
      headers: { "content-type": "application/octet-stream", "content-length": piece.length * pieces },
    });
    outgoing.on("error", reject);
    outgoing.on("response", (response) => resolve(response.statusCode));
    let sent = 0;
    const more = () => {
      while (sent < pieces) {
        sent += 1;
        most = Math.max(most, process.memoryUsage().rss);
        if (!outgoing.write(piece)) return void outgoing.once("drain", more);
      }
      outgoing.end();
    };
    more();
  });
  assert.equal(status, 200);
  assert.equal(emulator.ledger.uploads[0]?.size, piece.length * pieces);
  assert.ok(most - before < 120 * 1024 * 1024, `grew by ${(most - before) >> 20} MiB`);
  await emulator.close();
});

test("bytes can be counted and thrown away, and jobs on them still answer", async () => {
  const emulator = await startEmulator({
    discardUploads: true,
    hash: false,
    jobSeconds: 0,
    builtInFrames: 3,
  });
  const link = await upload(emulator, Buffer.from("not even a video"));
  assert.deepEqual(emulator.ledger.uploads[0]?.size, 16);
  assert.equal(emulator.ledger.uploads[0]?.sha256, "");
  const { json } = await start(emulator, link);
  const done = await outcome(emulator, json.job_id);
  assert.equal((await call(done.output_signed_url)).json.frame_offset.length, 3);
  await emulator.close();
});

test("closing ends every connection and leaves no file behind", async () => {
  const folder = mkdtempSync(join(tmpdir(), "closing-"));
  const before = process.env.TMPDIR;
  process.env.TMPDIR = folder;
  const emulator = await startEmulator();
  if (before === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = before;
  await upload(emulator, Buffer.from("video"));
  const link = new URL(await newLink(emulator));
  const socket = connect(Number(link.port), link.hostname);
  const gone = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.on("error", () => {});
  socket.write(headOf(link));
  socket.write("x");
  await delay(50);
  assert.equal(readdirSync(folder).length, 1);
  await emulator.close();
  await gone;
  assert.deepEqual(readdirSync(folder), []);
  rmSync(folder, { recursive: true });
});

/** The head of a PUT of 1000 bytes, for tests that do not send them all. */
function headOf(link: URL): string {
  const type = "Content-Type: application/octet-stream";
  return `PUT ${link.pathname}${link.search} HTTP/1.1\r\nHost: ${link.host}\r\n${type}\r\nContent-Length: 1000\r\n\r\n`;
}
