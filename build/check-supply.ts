// What only the world outside knows of the runtime dependencies: whether they have known vulnerabilities, and whether they
// are on their newest line. Where nobody answers that is said, and no failure: a gateway between may answer neither.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { isNewestLine, vulnerabilities } from "./supply";

const root = path.join(__dirname, "..");
const { dependencies = {} } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));

const found = vulnerabilities(npm("audit", "--omit=dev", "--json"));
if (found === undefined) console.log("npm audit: not checked, the registry does not answer audits.");
else if (found.length > 0) fail(`npm audit: ${found.join(", ")}`);
else console.log("npm audit: no known vulnerability in the runtime dependencies.");

for (const [name, range] of Object.entries(dependencies as Record<string, string>)) {
  const newest = npm("view", name, "version").trim();
  if (!newest) console.log(`${name}: not checked, the registry does not answer.`);
  else if (!isNewestLine(range, newest)) fail(`${name} ${range}: there is ${newest}`);
  else console.log(`${name} ${range}: newest line, ${newest}.`);
}

function npm(...words: string[]): string {
  const { stdout } = spawnSync("npm", [...words, "--fetch-retries=1", "--fetch-timeout=20000"], {
    cwd: root,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  return stdout ?? "";
}

function fail(problem: string): void {
  console.error(problem);
  process.exitCode = 1;
}
