// Runs `npm ci` when the dependencies are missing or older than the lock file, so that every
// command works as the first one typed in a fresh clone. Needs nothing but Node.js itself.
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const modified = (file) => statSync(join(root, file), { throwIfNoEntry: false })?.mtimeMs;

const installed = modified("node_modules/.package-lock.json");
if (installed === undefined || installed < modified("package-lock.json")) {
  console.error("Installing dependencies (npm ci) …");
  const { status } = spawnSync("npm", ["ci", "--no-audit", "--no-fund"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  if (status !== 0) process.exit(status ?? 1);
}
