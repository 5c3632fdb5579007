import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { after, before, test } from "node:test";
import { VideoError } from "../../../nodes/roboflow";
import { FileSink } from "../../../nodes/roboflow/file-sink";

const mib = 1024 * 1024;
let folder: string;
before(() => {
  folder = mkdtempSync(path.join(tmpdir(), "roboflow-sink-"));
});
after(() => rmSync(folder, { recursive: true, force: true }));

function* cut(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

test("a file holds what came, however it was cut into pieces", async () => {
  const bytes = randomBytes(3 * mib + 17);
  for (const size of [65_536, 65_521, mib - 1, mib, mib + 1, bytes.length]) {
    const file = path.join(folder, `${size}.json`);
    const sink = new FileSink(file);
    await pipeline(Readable.from(cut(bytes, size)), sink);
    assert.ok(readFileSync(file).equals(bytes), `pieces of ${size} bytes`);
    assert.equal(sink.length, bytes.length);
    assert.equal(statSync(file).mode & 0o777, 0o600);
  }
});

test("nothing that came is an empty file", async () => {
  const file = path.join(folder, "empty.json");
  await pipeline(Readable.from([]), new FileSink(file));
  assert.equal(statSync(file).size, 0);
});

test("a folder that is not there is STORAGE", async () => {
  const nowhere = path.join(folder, "nowhere", "result.json");
  await assert.rejects(
    pipeline(Readable.from([Buffer.from("{}")]), new FileSink(nowhere)),
    (error) => error instanceof VideoError && error.code === "STORAGE" && error.values.path === nowhere,
  );
});

test("a disk that is full is STORAGE, whether it shows in the middle or at the end", {
  skip: existsSync("/dev/full") ? false : "needs /dev/full",
}, async () => {
  for (const length of [100, 5 * mib])
    await assert.rejects(
      pipeline(Readable.from(cut(Buffer.alloc(length), 65_536)), new FileSink("/dev/full")),
      (error) =>
        error instanceof VideoError && error.code === "STORAGE" && (error.cause?.code ?? "") === "ENOSPC",
    );
});
