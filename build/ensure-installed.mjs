// Runs `npm ci` when the dependencies are missing or older than the lock file, so that every
// command works as the first one typed in a fresh clone. Needs nothing but Node.js itself.
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const modified = (file) => statSync(join(root, file), { throwIfNoEntry: false })?.mtimeMs;

if (Number(process.versions.node.split(".")[0]) < 20) {
  console.error(`This needs Node.js 20 or later; here is ${process.version}.`);
  process.exit(1);
}

const installed = modified("node_modules/.package-lock.json");
if (installed === undefined || installed < modified("package-lock.json")) {
  console.error("Installing dependencies (npm ci) …");
  // Tools are needed whatever NODE_ENV says.
  const { status } = spawnSync("npm", ["ci", "--include=dev", "--no-audit", "--no-fund"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  if (status !== 0) {
    console.error("npm ci failed. It needs the network once, to fetch what package-lock.json lists.");
    process.exit(status ?? 1);
  }
}
