import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";

/** The first bytes of each container that the API takes. */
const heads = {
  mp4: Buffer.from("\0\0\0\x18ftypmp42\0\0\0\0", "latin1"),
  avi: Buffer.from("RIFF\0\x10\0\0AVI LIST", "latin1"),
  mkv: Buffer.from("\x1a\x45\xdf\xa3\xa3\x42\x86\x81\x01\x42\xf7\x81", "latin1"),
  webm: Buffer.from("\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81", "latin1"),
};

/** Bytes that begin as a recording of this kind does; what follows differs from one `seed` to the next. */
export function recording(kind: keyof typeof heads = "mp4", size = 5000, seed = 1): Buffer {
  const bytes = Buffer.alloc(size);
  for (let i = 0; i < size; i += 1) bytes[i] = (i * 31 + seed * 17 + (i >> 8)) & 0xff;
  heads[kind].copy(bytes);
  return bytes;
}

/** A folder of its own for one test; gone when the test ends. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), "roboflow-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}

/** Writes a file into a folder. @returns its path */
export function writeTo(folder: string, name: string, content: Buffer | string): string {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return file;
}
