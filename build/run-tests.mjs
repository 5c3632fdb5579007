// Runs the test files (*.test.ts) of the folders and files named on the command line with Node's test runner; without
// any, those that need nothing but Node.js. Node.js 20 does not look for files by pattern itself.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const named = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const wanted = named.length > 0 ? named : ["test/unit", "test/nodes"];
const flags = process.argv.slice(2).filter((argument) => argument.startsWith("--"));

const files = wanted.flatMap((name) => {
  if (!existsSync(join(root, name))) return [];
  if (statSync(join(root, name)).isFile()) return [name];
  return readdirSync(join(root, name), { recursive: true })
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => join(name, file))
    .sort();
});
if (files.length === 0) {
  console.error(`No tests in ${wanted.join(", ")}.`);
  process.exit(1);
}
// Of itself Node.js leaves one processor free, and so half of a small machine.
const concurrency = `--test-concurrency=${availableParallelism()}`;
const { status } = spawnSync(
  process.execPath,
  ["--import", "tsx", "--test", "--test-reporter=spec", concurrency, ...flags, ...files],
  { cwd: root, stdio: "inherit" },
);
process.exit(status ?? 1);
