// Writes the examples that have sources of their own: examples/src/NAME/flow.mjs becomes examples/NAME.json.
// Run it after a change in examples/src; with --check it only says whether the written ones are up to date.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { buildSync } from "esbuild";

const examples = join(dirname(fileURLToPath(import.meta.url)), "..", "examples");
const sources = join(examples, "src");
let stale = false;

for (const name of readdirSync(sources)) {
  const file = (...path) => join(sources, name, ...path);
  if (!existsSync(file("flow.mjs"))) continue;
  const { default: flow } = await import(pathToFileURL(file("flow.mjs")).href);
  const nodes = flow({
    text: (path) => readFileSync(file(path), "utf8").trimEnd(),
    script: (path) => bundle(file(path)),
  });
  const json = `${JSON.stringify(nodes, null, 2)}\n`;
  const target = join(examples, `${name}.json`);
  const isSame = existsSync(target) && readFileSync(target, "utf8") === json;
  if (isSame) continue;
  if (process.argv.includes("--check")) {
    console.error(`examples/${name}.json is not what its sources make: run node build/build-examples.mjs`);
    stale = true;
  } else writeFileSync(target, json);
}
if (stale) process.exit(1);

/** One script of several modules, as readable as they are. */
function bundle(entry) {
  const { outputFiles } = buildSync({
    entryPoints: [entry],
    absWorkingDir: dirname(entry),
    bundle: true,
    format: "iife",
    target: "es2020",
    charset: "utf8",
    write: false,
  });
  return outputFiles[0].text.trimEnd();
}
