// `npm run dev`: builds when a file below nodes/ changes, then restarts the demo's Node-RED on the same port. Reload the
// editor's tab to see a changed dialog. A build that fails leaves the running Node-RED alone.
import { spawn, spawnSync } from "node:child_process";
import { watch } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
/** Milliseconds without a further change: editors write a file in several steps. */
const quietMs = 300;

const build = () =>
  spawnSync(process.execPath, [join(root, "build/build.mjs")], { stdio: "inherit" }).status === 0;
if (!build()) process.exit(1);

const demo = spawn(
  process.execPath,
  ["--import", "tsx", join(root, "demo/demo.ts"), ...process.argv.slice(2)],
  { cwd: root, stdio: ["inherit", "inherit", "inherit", "ipc"] },
);
demo.once("exit", (code) => process.exit(code ?? 0));
// Ctrl-C reaches the demo as well; it ends its own servers, and this process ends with it.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => demo.kill("SIGTERM"));

let timer;
watch(join(root, "nodes"), { recursive: true }, () => {
  clearTimeout(timer);
  timer = setTimeout(() => {
    console.log("\nBuilding …");
    if (build() && demo.connected) demo.send("restart");
  }, quietMs);
});
console.log("Watching nodes/ for changes.");
