import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";

/** Built beside the compiled nodes. */
const folder = path.join(__dirname, "..", "page");

export interface PageFile {
  type: string;
  content: Buffer;
}

let files: { page: string; script: PageFile; style: PageFile; version: string } | undefined;

/** The files of the page; read once. @throws the file system's error where the package was not built */
function load() {
  if (files) return files;
  const read = (name: string) => readFileSync(path.join(folder, name));
  const [page, script, style] = [read("page.html"), read("page.js"), read("page.css")];
  const version = createHash("sha256").update(page).update(script).update(style).digest("hex").slice(0, 16);
  files = {
    page: page.toString("utf8"),
    script: { type: "text/javascript; charset=utf-8", content: script },
    style: { type: "text/css; charset=utf-8", content: style },
    version,
  };
  return files;
}

/**
 * The page. Its script and style stand below it, by relative address, so that it works behind a proxy that takes a part
 * of the path away.
 *
 * @param base last part of the page's path
 */
export function pageHtml(base: string): string {
  const { page, version } = load();
  return page.replaceAll("{{base}}", base).replaceAll("{{version}}", version);
}

/** A file that the page loads. */
export function pageFile(name: string): PageFile | undefined {
  if (name === "page.js") return load().script;
  return name === "page.css" ? load().style : undefined;
}
