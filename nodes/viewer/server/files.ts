import { closeSync, constants, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";

/** What a JSON file holds; undefined where there is none, or half of one. */
export function readJson<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

/** Writes text at a place in a file. Bytes behind it stay: how many count is noted elsewhere. */
export function writeAt(file: string, position: number, bytes: Buffer): void {
  const handle = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    for (let written = 0; written < bytes.length; )
      written += writeSync(handle, bytes, written, bytes.length - written, position + written);
  } finally {
    closeSync(handle);
  }
}

/** Makes a private folder, and those above it. */
export const makePrivateFolder = (folder: string): void => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
};
