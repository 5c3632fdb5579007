import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import ts from "typescript";
import { type Emulator, startEmulator } from "../../emulator/emulator";
import { yardClip } from "../support/emulator-calls";
import { isOfOtherNpm, packedTarball } from "../support/installed";
import { NodeRed, type NodeRedOptions, until } from "../support/node-red";
import { credentials, journalFiles, newUserDir, pipeline, storageOf } from "../support/pipeline";
import { hasBinaries, installPairs, type Pair } from "./support/pairs";

const checkout = path.join(__dirname, "..", "..");
const manifest = JSON.parse(readFileSync(path.join(checkout, "package.json"), "utf8"));
const packageName: string = manifest.name;
const types = Object.keys(manifest["node-red"].nodes);

let folder: string;
let tarball: string;
let pairs: Pair[];
let emulator: Emulator;

before(async () => {
  if (!hasBinaries) return;
  for (const name of Object.keys(process.env)) if (isOfOtherNpm(name)) delete process.env[name];
  folder = mkdtempSync(path.join(tmpdir(), "roboflow-matrix-"));
  tarball = await packedTarball();
  pairs = installPairs(folder);
  emulator = await startEmulator({ jobSeconds: 0.5 });
});
after(async () => {
  await emulator?.close();
  if (folder) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
});

describe("the packed package", { skip: !hasBinaries && "there are no binaries of Node.js on npm" }, () => {
  for (const [index, wanted] of [
    /4\.1\.\d+ on Node.js 20\./,
    /5\.\d+\.\d+ on Node.js 22\./,
    /5\..* 24\./,
  ].entries())
    it(`works on Node-RED ${wanted.source}`, async (t) => {
      const pair = pairs[index];
      assert.ok(pair);
      assert.match(pair.name, wanted);
      t.diagnostic(pair.name);
      await onPair(pair, (text) => t.diagnostic(text));
    });
});

/** Installs the package through the palette manager, runs a clip through it, and removes it again. */
async function onPair(pair: Pair, tell: (text: string) => void): Promise<void> {
  const userDir = newUserDir();
  let nodeRed: NodeRed | undefined;
  const start = async (options: Partial<NodeRedOptions> = {}) => {
    // npm, which the palette manager calls, runs on the same Node.js; it runs no scripts.
    const env = {
      PATH: `${path.dirname(pair.node)}${path.delimiter}${process.env.PATH}`,
      npm_config_ignore_scripts: "true",
      NODE_ENV: "production",
    };
    const { node, red } = pair;
    nodeRed = await NodeRed.start({ userDir, installed: true, flows: [], env, node, red, ...options });
    return nodeRed;
  };
  try {
    const alone = await start();
    const filesBefore = filesIn(userDir);
    await installByPalette(alone);
    await alone.stop();
    // No Node-RED runs meanwhile: these two hold this process up, and it would take its connections for broken.
    assert.deepEqual(problemsWithTypes(userDir), []);
    tell(`${loadTime(pair, userDir)} ms to load all nodes`);

    const flows = pipeline(emulator.url, { do: { output: "events" } });
    const running = await start({ flows, credentials });
    await allRegistered(running);
    await running.inject("clip", { payload: yardClip });
    const [first] = await running.recorded("frame", 1, 60_000);
    await running.recorded("done", 4, 60_000);
    const events = running.records("frame");
    assert.equal(events.length, first?.msg.parts.count);
    for (const { msg } of events) {
      assert.equal(msg.payload.class, "motion");
      assert.ok(msg.payload.end > msg.payload.start && msg.payload.best.box.width > 0);
    }
    assert.deepEqual(running.records("caught"), []);
    // What Node-RED says on this Node.js without the package as well is its own affair.
    const own = new Set(warnings(alone.output));
    assert.deepEqual(
      warnings(running.output).filter((line) => !own.has(line)),
      [],
    );
    tell(`${events.length} events came through`);

    // What was sent stays in the journal for a moment.
    await until(
      () => journalFiles(userDir).length === 0,
      30_000,
      () => journalFiles(userDir).join("\n"),
    );
    await running.deploy([]);
    await removeByPalette(running);
    await running.stop();
    tell(`of the journal is left: ${filesIn(storageOf(userDir)).sort().join(", ")}`);
    const left = filesIn(userDir).filter(
      (name) => !filesBefore.includes(name) && !isNodeReds.test(name) && !name.startsWith("roboflow-video/"),
    );
    assert.deepEqual(left, [], "files left behind");
    assert.deepEqual(mentions(userDir), [], "files that still name the package");
  } finally {
    await nodeRed?.stop();
    rmSync(userDir, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** The tarball, as the palette manager's button for it sends it. */
async function installByPalette(nodeRed: NodeRed): Promise<void> {
  const body = new FormData();
  body.append("tarball", new Blob([readFileSync(tarball)]), path.basename(tarball));
  const response = await fetch(`${nodeRed.url}/nodes`, { method: "POST", body });
  const answer = await response.text();
  assert.equal(response.status, 200, `${answer}\n${nodeRed.output}`);
  const sets: { types: string[]; enabled: boolean; err?: string }[] = JSON.parse(answer).nodes;
  assert.deepEqual(sets.flatMap((set) => set.types).sort(), [...types].sort());
  for (const set of sets) assert.deepEqual([set.enabled, set.err], [true, undefined]);
}

async function allRegistered(nodeRed: NodeRed): Promise<void> {
  const response = await fetch(`${nodeRed.url}/nodes`, { headers: { Accept: "application/json" } });
  const sets: { module: string; types: string[]; enabled: boolean; err?: string }[] = await response.json();
  const ours = sets.filter((set) => set.module === packageName);
  assert.deepEqual(ours.flatMap((set) => set.types).sort(), [...types].sort());
  for (const set of ours) assert.deepEqual([set.enabled, set.err], [true, undefined]);
}

async function removeByPalette(nodeRed: NodeRed): Promise<void> {
  const response = await fetch(`${nodeRed.url}/nodes/${packageName}`, { method: "DELETE" });
  assert.equal(response.status, 204, `${await response.text()}\n${nodeRed.output}`);
}

/** Lines of a log that warn or report errors, without what differs from run to run. */
const warnings = (log: string) =>
  log
    .split("\n")
    .filter((line) => /\[(warn|error|fatal)\]|warning/i.test(line))
    .map((line) => line.replace(/^\d+ \w+ [\d:]+ - |^\(node:\d+\) /, ""));

/** Milliseconds that this Node.js takes to load all nodes, the median of five processes. */
function loadTime({ node }: Pair, userDir: string): number {
  const home = path.join(userDir, "node_modules", packageName);
  const script = `const began = performance.now();
    for (const file of ${JSON.stringify(Object.values(manifest["node-red"].nodes))}) require(${JSON.stringify(home)} + "/" + file);
    console.log(performance.now() - began);`;
  const times = Array.from({ length: 5 }, () => {
    const { stdout, stderr } = spawnSync(node, ["-e", script], { encoding: "utf8" });
    assert.ok(Number(stdout) > 0, stderr);
    return Number(stdout);
  });
  return Math.round(times.sort((a, b) => a - b)[2] as number);
}

/** What a compiler says of a flow's code that names the package where it is installed. */
function problemsWithTypes(userDir: string): string[] {
  const file = path.join(userDir, "flow.ts");
  copyFileSync(path.join(checkout, "test", "types", "flow.ts"), file);
  const options = { strict: true, noEmit: true, lib: ["lib.es2023.d.ts"], types: [] };
  const found = ts.getPreEmitDiagnostics(ts.createProgram([file], options));
  rmSync(file);
  return found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}

/** What Node-RED itself writes when a package has been in its palette and flows were deployed, and what a test records. */
const isNodeReds =
  /^(records\.jsonl|\.flows\w*\.json\.backup|\.config\.[\w.-]+|package-lock\.json|node_modules\/\.package-lock\.json|nodes\/[\w.-]+\.tgz)$/;

const filesIn = (userDir: string): string[] =>
  readdirSync(userDir, { recursive: true, withFileTypes: true, encoding: "utf8" })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(userDir, path.join(entry.parentPath ?? entry.path, entry.name)));

/** Files of Node-RED's own that still name the package; a backup is what was there before. */
const mentions = (userDir: string): string[] =>
  filesIn(userDir).filter(
    (name) =>
      name.endsWith(".json") &&
      !name.endsWith(".backup") &&
      readFileSync(path.join(userDir, name), "utf8").includes(packageName),
  );
