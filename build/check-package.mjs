// Compares what `npm pack` would put into the tarball with what belongs there: the built nodes, the examples and the
// papers. No sources, tests or maps; and nothing missing that Node-RED or the flow library look for.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

const nodes = Object.keys(manifest["node-red"].nodes).map((type) => type.replace("roboflow-video-", ""));
const folders = [...nodes, "roboflow", "media", "runtime"];

const allowed = [
  /^(package\.json|README(\.ja)?\.md|CHANGELOG\.md|LICENSE)$/,
  /^index\.d\.ts$/,
  /^dist\/[\w.-]+\.(js|html)$/,
  new RegExp(`^dist/(${folders.join("|")})/[\\w./-]+\\.js$`),
  /^dist\/viewer\/page\/page\.(js|css|html)$/,
  /^dist\/icons\/[\w-]+\.svg$/,
  /^dist\/locales\/[\w-]+\/[\w-]+\.(json|html)$/,
  /^examples\/[\w-]+\.json$/,
];
const forbidden = /\.(test|editor)\.js$|\.map$|^dist\/.*\.ts$|(^|\/)tests?\//;
/** Bytes of the tarball. */
const mostBytes = 400_000;
const kilobytes = (bytes) => `${Math.round(bytes / 1000)} kB`;

if (!existsSync(join(root, "dist"))) fail(["dist/ is missing: run npm run build first"]);
const { size, files: packed } = pack();
const required = [
  "package.json",
  "README.md",
  "CHANGELOG.md",
  "LICENSE",
  manifest.types,
  ...Object.values(manifest["node-red"].nodes).flatMap((js) => [js, js.replace(/\.js$/, ".html")]),
  ...readdirSync(join(root, "icons")).map((icon) => `dist/icons/${icon}`),
  ...readdirSync(join(root, "examples"))
    .filter((file) => file.endsWith(".json"))
    .map((example) => `examples/${example}`),
  ...nodes.flatMap((node) => ["json", "html"].map((ending) => `dist/locales/en-US/${node}.${ending}`)),
];
const problems = [
  ...packed
    .filter((file) => forbidden.test(file) || !allowed.some((pattern) => pattern.test(file)))
    .map((file) => `does not belong into the package: ${file}`),
  ...required.filter((file) => !packed.includes(file)).map((file) => `is missing in the package: ${file}`),
  ...(size > mostBytes ? [`is too large: ${kilobytes(size)}, of at most ${kilobytes(mostBytes)}`] : []),
];
if (problems.length > 0) fail(problems);
console.log(
  `Package: ${packed.length} files, all of them allowed, none missing; ${kilobytes(size)} to download.`,
);

function pack() {
  const { stdout, stderr, status } = spawnSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: root,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  if (status !== 0) fail([`npm pack failed: ${stderr}`]);
  // Newer npm answers an object by package name, older an array.
  const answer = JSON.parse(stdout);
  const [{ files, size }] = Array.isArray(answer) ? answer : Object.values(answer);
  return { size, files: files.map(({ path }) => path) };
}

function fail(problems) {
  for (const problem of problems) console.error(problem);
  process.exit(1);
}
