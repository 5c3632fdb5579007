import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { makeResult } from "../../../support/make-result";
import { scratchPath } from "./reading";

const reader = path.join(__dirname, "../../../../nodes/roboflow/result");

/** Reads a result as one value in a process of its own. */
const script = `
const { openResult } = require(${JSON.stringify(reader)});
openResult(process.argv[1]).then(async (file) => {
  const code = await file.value().then(() => "a value", (error) => error.code);
  await file.close();
  console.log(code);
});`;

test("a result that the memory of Node.js does not hold is RESULT_TOO_LARGE, and Node.js goes on", async () => {
  const file = scratchPath();
  const outcomeWith = async (megabytes: number) => {
    const flags = [`--max-old-space-size=${megabytes}`, "--import", "tsx", "-e", script, file];
    const { stdout } = await promisify(execFile)(process.execPath, flags);
    return stdout.trim();
  };
  await makeResult(file, { bytes: 60e6 });
  assert.equal(await outcomeWith(70), "RESULT_TOO_LARGE");
  assert.equal(await outcomeWith(400), "a value");
});
