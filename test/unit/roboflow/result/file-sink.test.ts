import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { after, before, type TestContext, test } from "node:test";
import { VideoError } from "../../../../nodes/roboflow";
import { FileSink } from "../../../../nodes/roboflow/result/file-sink";

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

/** Has every file take at most so many bytes with one write. @returns how many bytes each write took */
async function takeAtMost(t: TestContext, most: () => number): Promise<number[]> {
  const some = await open(path.join(folder, "some"), "w");
  const handles = Object.getPrototypeOf(some) as FileHandle;
  await some.close();
  const taken: number[] = [];
  const write = handles.write as (...all: unknown[]) => Promise<{ bytesWritten: number; buffer: Buffer }>;
  t.mock.method(
    handles,
    "write",
    async function (this: FileHandle, piece: Buffer, from: number, length: number, position: number) {
      const result = await write.call(this, piece, from, Math.min(length, most()), position);
      taken.push(result.bytesWritten);
      return result;
    },
  );
  return taken;
}

test("a disk that takes a part of what it is given gets the rest, too", async (t) => {
  const bytes = randomBytes(200_000);
  // Within a piece, up to its end, and nothing at all.
  const parts = [10, 69_990, 0, 1, 69_000];
  const taken = await takeAtMost(t, () => parts.shift() ?? 70_001);
  const file = path.join(folder, "parts.json");
  const sink = new FileSink(file);
  await pipeline(Readable.from(cut(bytes, 70_000)), sink);
  assert.ok(readFileSync(file).equals(bytes));
  assert.ok(taken.length > 4, taken.join());
});

test("who reads along wakes as bytes reach the disk, and when no more will come", async (t) => {
  await takeAtMost(t, () => 100);
  const file = path.join(folder, "along.json");
  const sink = new FileSink(file);
  const woken: string[] = [];
  const wait = (bytes: number) => sink.longerThan(bytes).then(() => woken.push(`${bytes}`));
  const [first, second, never] = [wait(0), wait(149), wait(150)];
  sink.write(Buffer.alloc(50));
  await first;
  assert.deepEqual(woken, ["0"]);
  assert.equal(statSync(file).size, 50);
  sink.write(Buffer.alloc(100));
  await second;
  assert.deepEqual(woken, ["0", "149"]);
  assert.equal(statSync(file).size, 150);
  sink.end();
  await never;
  await sink.longerThan(1000);

  const broken = new FileSink(path.join(folder, "broken.json"));
  const reason = new Error("enough");
  const waiting = broken.longerThan(0);
  broken.on("error", () => {}).destroy(reason);
  await assert.rejects(waiting, (error) => error === reason);
  await assert.rejects(broken.longerThan(0), (error) => error === reason);

  const given = new FileSink(path.join(folder, "given-up.json"));
  given.destroy();
  await assert.rejects(given.longerThan(0), { message: "closed" });
});

test("one that is given up before it could be opened ends no process", async () => {
  const sink = new FileSink(path.join(folder, "gone", "given-up.json"));
  sink.destroy();
  await new Promise((resolve) => sink.once("close", resolve));
});
