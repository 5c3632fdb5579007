// `npm run mutation -- NAME…`: makes one small mistake after the other in a module and runs its tests. A mistake that no test
// notices is shown; most such are worth a test, some change nothing that anybody could see. Names stand in plan.ts.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { type Mutant, mutantsOf } from "./mutants";
import { plan } from "./plan";

const root = path.join(__dirname, "..");
const substitute = path.join(__dirname, "substitute.cjs");
/** Milliseconds that tests may take with a mistake, beside some times of what they take without. */
const timeLimit = { leastMs: 10_000, times: 4 };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  // Of a large module, every so-many-th mistake gives an idea of the score.
  options: { parallel: { type: "string", default: "2" }, every: { type: "string", default: "1" } },
});
let numbers = 0;
const folder = mkdtempSync(path.join(tmpdir(), "roboflow-mutation-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});

async function main(): Promise<void> {
  const unknown = positionals.filter((name) => !plan[name]);
  if (unknown.length > 0 || positionals.length === 0)
    throw new Error(`npm run mutation -- NAME…, of ${Object.keys(plan).join(", ")}`);
  for (const name of positionals) {
    const { files, tests } = plan[name] as (typeof plan)[string];
    for (const file of files)
      await judge(
        `nodes/${file}`,
        tests.map((test) => `test/unit/${test}`),
      );
  }
}

/** Judges all mutants of one file, and prints those that no test notices. */
async function judge(file: string, tests: string[]): Promise<void> {
  for (const name of [file, ...tests])
    if (!existsSync(path.join(root, name))) throw new Error(`${name} is gone`);
  const text = readFileSync(path.join(root, file), "utf8");
  const mutants = mutantsOf(file, text).filter((_, index) => index % Number(values.every) === 0);
  const began = performance.now();
  // A comment alone changes nothing: the tests must pass, and take this long.
  const unchanged = { line: 0, change: "", text: `${text}\n// unchanged` };
  if (await isNoticed(file, unchanged, tests, 600_000)) throw new Error(`${tests} fail without a mistake`);
  const limit = Math.max(timeLimit.leastMs, timeLimit.times * (performance.now() - began));
  const survivors: Mutant[] = [];
  const queue = [...mutants];
  const work = async () => {
    for (let mutant = queue.shift(); mutant; mutant = queue.shift())
      if (!(await isNoticed(file, mutant, tests, limit))) survivors.push(mutant);
  };
  await Promise.all(Array.from({ length: Number(values.parallel) }, work));
  const noticed = mutants.length - survivors.length;
  console.log(
    `${file}: ${noticed} of ${mutants.length} noticed, ${Math.round((100 * noticed) / mutants.length)} %`,
  );
  for (const { line, change } of survivors.sort((a, b) => a.line - b.line))
    console.log(`  ${file}:${line} ${change}`);
}

/** Whether one of the tests fails, or does not end in time. */
async function isNoticed(file: string, mutant: Mutant, tests: string[], limit: number): Promise<boolean> {
  numbers += 1;
  const mutated = path.join(folder, `${numbers}.ts`);
  writeFileSync(mutated, mutant.text);
  for (const test of tests)
    if (!(await passes(test, { MUTANT_FILE: path.join(root, file), MUTANT_TEXT: mutated }, limit)))
      return true;
  return false;
}

/** Runs one test file in a process of its own, up to the first test that fails. */
function passes(test: string, env: Record<string, string>, limit: number): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ["--import", "tsx", "--test-reporter=tap", test], {
      cwd: root,
      // What a test leaves behind when it is cut off goes with the folder.
      env: { ...process.env, ...env, TMPDIR: folder, NODE_OPTIONS: `--require=${substitute}` },
      stdio: ["ignore", "pipe", "ignore"],
    });
    const late = setTimeout(() => child.kill("SIGKILL"), limit);
    createInterface(child.stdout).on("line", (line) => {
      if (/^ *not ok /.test(line)) child.kill("SIGKILL");
    });
    child.once("close", (status) => {
      clearTimeout(late);
      resolve(status === 0);
    });
  });
}
