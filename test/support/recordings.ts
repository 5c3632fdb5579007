import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";

/** The first bytes of each container that the API takes. */
const heads = {
  mp4: Buffer.from("\0\0\0\x18ftypmp42\0\0\0\0", "latin1"),
  avi: Buffer.from("RIFF\0\x10\0\0AVI LIST", "latin1"),
  mkv: ebmlHeader("matroska"),
  webm: ebmlHeader("webm"),
};

/** What Matroska and WebM begin with; the two differ in their DocType. */
function ebmlHeader(docType: string): Buffer {
  const element = (id: string, value: Buffer) =>
    Buffer.concat([Buffer.from(id, "hex"), Buffer.from([0x80 | value.length]), value]);
  const number = (id: string, value: number) => element(id, Buffer.from([value]));
  const versions = [number("4286", 1), number("42f7", 1), number("42f2", 4), number("42f3", 8)];
  return element(
    "1a45dfa3",
    Buffer.concat([...versions, element("4282", Buffer.from(docType)), number("4287", 4), number("4285", 2)]),
  );
}

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
