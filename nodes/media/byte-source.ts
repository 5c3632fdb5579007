import { open } from "node:fs/promises";

/** A clip's bytes, wherever they are. */
export interface ByteSource {
  /** Bytes. */
  readonly size: number;
  /** The descriptor of the open file, where there is one: good for any thread, as long as the source is. */
  readonly fd?: number;
  /** Reads `length` bytes from `position`; fewer at the end. */
  read(position: number, length: number): Promise<Buffer>;
}

/** A clip in memory. */
export const bufferSource = (buffer: Buffer): ByteSource => ({
  size: buffer.length,
  read: async (position, length) => buffer.subarray(position, position + length),
});

/**
 * Reads from a file while `use` runs.
 *
 * @throws the file system's error.
 */
export async function withFileSource<T>(path: string, use: (source: ByteSource) => Promise<T>): Promise<T> {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    return await use({
      size,
      fd: handle.fd,
      read: async (position, length) => {
        const bytes = Buffer.alloc(Math.max(0, Math.min(length, size - position)));
        const { bytesRead } = await handle.read(bytes, 0, bytes.length, position);
        return bytes.subarray(0, bytesRead);
      },
    });
  } finally {
    await handle.close();
  }
}
