import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Seconds that curl takes to upload a file. */
export const curlUpload = (file: string, url: string): Promise<number> =>
  timed("curl", ["--silent", "--show-error", "--fail", "--upload-file", file, url]);

/** Seconds that curl takes to download to a file. */
export const curlDownload = (url: string, file: string): Promise<number> =>
  timed("curl", ["--silent", "--show-error", "--fail", "--output", file, url]);

async function timed(command: string, args: string[]): Promise<number> {
  const began = performance.now();
  await run(command, args);
  return (performance.now() - began) / 1000;
}

/** What a process of its own needs to read a file and make one value of it. */
export interface Parsed {
  /** Reading and parsing; without the start of Node.js. */
  seconds: number;
  /** Parsing the bytes alone. */
  parseSeconds: number;
}

const parseScript = `
const began = performance.now();
const bytes = require("node:fs").readFileSync(process.argv[1]);
const read = performance.now();
JSON.parse(bytes);
const now = performance.now();
console.log(JSON.stringify({ seconds: (now - began) / 1000, parseSeconds: (now - read) / 1000 }));`;

/** `JSON.parse(readFileSync(file))` in a process of its own. */
export async function parseOnce(file: string): Promise<Parsed> {
  const { stdout } = await run(process.execPath, ["-e", parseScript, file]);
  return JSON.parse(stdout) as Parsed;
}
