import type { FileHandle } from "node:fs/promises";
import { damaged } from "../damage";

/**
 * Bytes `start` to `end` of the file.
 * @param into where to, when it is large enough
 * @throws VideoError RESULT when the file has become shorter
 */
export async function readAt(file: FileHandle, start: number, end: number, into?: Buffer): Promise<Buffer> {
  const length = end - start;
  const bytes = into && into.length >= length ? into : Buffer.allocUnsafeSlow(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(bytes, done, length - done, start + done);
    if (bytesRead === 0) throw damaged("the file has become shorter", start + done);
    done += bytesRead;
  }
  return bytes.subarray(0, length);
}
