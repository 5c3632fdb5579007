// Builds dist/: what Node-RED loads. For each node X it puts X.js, X.html, icons/ and locales/ side by side,
// because Node-RED looks for a node's page, icons and catalogues beside its .js file.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const require = createRequire(import.meta.url);
const { "node-red": nodeRed } = require("../package.json");
const source = (...path) => join(root, "nodes", ...path);
const dist = (...path) => join(root, "dist", ...path);

rmSync(dist(), { recursive: true, force: true });
mkdirSync(dist(), { recursive: true });

const compiled = spawnSync(
  process.execPath,
  [require.resolve("typescript/bin/tsc"), "-p", source("tsconfig.build.json")],
  { stdio: "inherit" },
);
if (compiled.status !== 0) process.exit(compiled.status ?? 1);

for (const type of Object.keys(nodeRed.nodes)) {
  const node = type.replace("roboflow-video-", "");
  writeFileSync(dist(`${node}.js`), `module.exports = require("./${node}/${node}.js").default;\n`);
  writeFileSync(dist(`${node}.html`), editorPage(type, node));
}
viewerPage();
cpSync(source("locales"), dist("locales"), { recursive: true });
if (existsSync(join(root, "icons"))) cpSync(join(root, "icons"), dist("icons"), { recursive: true });

/** The form and the editor script of one node in the one html file that Node-RED serves; the script stands
 *  inline, since a script loaded by address registers the node too late. The style stands in the form, and so
 *  in the page only while the dialog is open. */
function editorPage(type, node) {
  const bundle = buildSync({
    entryPoints: [source(node, `${node}.editor.ts`)],
    bundle: true,
    format: "iife",
    target: "es2020",
    charset: "utf8",
    write: false,
  }).outputFiles[0].text;
  const form = readFileSync(source(node, `${node}.form.html`), "utf8");
  const style = readFileSync(source("editor", "dialog.css"), "utf8");
  return [
    `<script type="text/html" data-template-name="${type}">\n<style>\n${style}</style>\n${form}</script>`,
    `<script type="text/javascript">\n${bundle.replaceAll("</script", "<\\/script")}</script>\n`,
  ].join("\n");
}

/** The page of the viewer: its script and its style in one file each, beside its HTML. */
function viewerPage() {
  const page = (name) => source("viewer", "page", name);
  const target = (name) => dist("viewer", "page", name);
  const options = { outdir: target(""), bundle: true, minify: true, target: "es2022", charset: "utf8" };
  buildSync({ ...options, entryPoints: [page("page.ts")], format: "iife" });
  buildSync({ ...options, entryPoints: [page("page.css")] });
  cpSync(page("page.html"), target("page.html"));
}
