import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { type FlowPart, flowProblems } from "../support/flow-check";
import { nodeNames } from "../support/node-names";
import { readPage } from "../support/page";

const checkout = path.join(__dirname, "..", "..");
const manifest = JSON.parse(readFileSync(path.join(checkout, "package.json"), "utf8"));
const read = (file: string) => readFileSync(path.join(checkout, file), "utf8");
const filesIn = (folder: string, ending: string) =>
  readdirSync(path.join(checkout, folder)).filter((file) => file.endsWith(ending));

const pages = [
  ...filesIn(".", ".md"),
  ...filesIn("docs", ".md").map((file) => `docs/${file}`),
  "emulator/README.md",
  "nodes/runtime/journal/README.md",
  "test/data/README.md",
].filter((file) => file.endsWith(".md"));

describe("the pages of the documentation", () => {
  for (const page of pages) {
    const { links, blocks } = readPage(read(page));

    it(`lead only where there is something: ${page}`, () => {
      for (const link of links) {
        if (/^https?:/.test(link)) {
          assert.ok(URL.canParse(link) && link.startsWith("https:"), link);
          continue;
        }
        const [file = "", anchor] = link.split("#");
        const target = file === "" ? page : path.join(path.dirname(page), decodeURI(file));
        assert.ok(existsSync(path.join(checkout, target)), `${link}: there is no ${target}`);
        if (anchor === undefined) continue;
        assert.ok(statSync(path.join(checkout, target)).isFile(), link);
        assert.ok(readPage(read(target)).anchors.has(anchor), `${link}: ${target} has no such heading`);
      }
    });

    it(`show only what can be read: ${page}`, () => {
      for (const { language, text } of blocks) {
        // A block of values says that it is one, and is then parsed.
        if (language !== "json") assert.doesNotMatch(text, /^\s*[[{]/, `not marked as JSON: ${text}`);
        if (language === "json") {
          const value: unknown = JSON.parse(text);
          if (isFlow(value)) assert.deepEqual(flowProblems(value, manifest), [], text);
        }
        if (language === "sh") checkCommands(text);
      }
    });
  }

  it("show no command that names an address which may not exist", () => {
    for (const page of pages)
      for (const { text } of readPage(read(page)).blocks)
        assert.doesNotMatch(text, /git clone|npm install @/);
  });
});

describe("the pages for whoever changes the code", () => {
  const sources = readdirSync(checkout, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !["node_modules", "dist", ".git", ".ci"].includes(entry.name))
    .flatMap(({ name }) =>
      readdirSync(path.join(checkout, name), { recursive: true, encoding: "utf8" }).map(
        (file) => `/${name}/${file.split(path.sep).join("/")}`,
      ),
    );
  const code = sources
    .filter((file) => /^\/nodes\/.*\.ts$/.test(file))
    .map(read)
    .join("\n");

  for (const page of ["CONTRIBUTING.md", "docs/architecture.md", "nodes/runtime/journal/README.md"])
    it(`name files and classes that there are: ${page}`, () => {
      const names = [...read(page).matchAll(/`([^`\n]+)`/g)].map(([, name]) => name as string);
      const files = names.filter(
        (name) => /^[\w./-]+\.(?:ts|mjs|json)$/.test(name) && !/^(?:NAME|\.)/.test(name),
      );
      assert.ok(files.length > 3);
      for (const file of files)
        assert.ok(
          existsSync(path.join(checkout, file)) || sources.some((name) => name.endsWith(`/${file}`)),
          file,
        );
      for (const name of names.filter((name) => /^[A-Z]?[a-z]+[A-Z]\w*(?:\.\w+)?$/.test(name)))
        for (const part of name.split(".")) assert.match(code, new RegExp(`\\b${part}\\b`), name);
    });
});

/** A shell reads every line, and the scripts that npm is told to run are there. */
function checkCommands(text: string): void {
  execFileSync("bash", ["-n"], { input: text });
  for (const [, script] of text.matchAll(/\bnpm run ([\w:-]+)/g))
    assert.ok(manifest.scripts[script as string], `npm run ${script}`);
  for (const [, script] of text.matchAll(/\bnpm (start|test)\b/g))
    assert.ok(manifest.scripts[script as string]);
}

const isFlow = (value: unknown): value is FlowPart[] =>
  Array.isArray(value) &&
  value.some((node) => typeof node?.id === "string" && typeof node?.type === "string");

describe("a flow that is shown", () => {
  const node = { id: "a", type: "debug", wires: [] };
  for (const [name, flow, problem] of [
    ["a type that nobody has", [{ ...node, type: "roboflow-video-wait" }], /roboflow-video-wait/],
    ["a wire to nowhere", [{ ...node, type: "inject", wires: [["b"]] }], /b/],
    ["an ID twice", [node, node], /a/],
    ["more wires than outputs", [{ ...node, type: "switch", outputs: 1, wires: [[], ["a"]] }], /outputs/],
  ] as [string, FlowPart[], RegExp][])
    it(`with ${name} is found out`, () => assert.match(flowProblems(flow, manifest).join(), problem));
});

describe("the README", () => {
  for (const file of ["README.md", "README.ja.md"]) {
    it(`is short enough to be read: ${file}`, () => {
      assert.ok(read(file).split("\n").length <= 150);
    });

    it(`says its limits on the first screen: ${file}`, () => {
      const first = read(file).split("\n").slice(0, 25).join("\n");
      assert.match(first, /docs\/limits\.md/);
      assert.match(first, /legacy/);
    });

    it(`lists every node: ${file}`, () => {
      for (const type of Object.keys(manifest["node-red"].nodes)) {
        const page = `docs/${type.replace("roboflow-video-", "")}.md`;
        assert.ok(read(file).includes(`(${page})`), page);
      }
    });
  }

  for (const page of ["README.md", "README.ja.md", "docs/examples.md"])
    it(`names each example, and none that is not there: ${page}`, () => {
      const [, table = ""] = /\| (?:example|サンプル) \|.*\n\|.*\n([\s\S]*?)\n\n/.exec(read(page)) ?? [];
      const cells = table.split("\n").map((row) => (row.split("|")[1] ?? "").replace(/\(.*?\)/g, ""));
      const named = cells.flatMap((cell) => cell.match(/[a-z]+(?:-[a-z]+)*/g) ?? []);
      const examples = filesIn("examples", ".json").map((file) => path.basename(file, ".json"));
      assert.deepEqual(named.sort(), examples.sort());
    });

  it("has the same parts, pictures and links in Japanese as in English", () => {
    const shape = (file: string) => {
      const { headings, links } = readPage(read(file));
      return [headings.length, links.filter((link) => !/^README/.test(link)).sort()];
    };
    assert.deepEqual(shape("README.ja.md"), shape("README.md"));
  });
});

describe("the page of each node", () => {
  const wanted = ["What it does", "Settings", "Input", "Output", "Errors"];
  for (const node of nodeNames)
    it(`has the headings of all: ${node}`, () => {
      const { headings } = readPage(read(`docs/${node}.md`));
      assert.deepEqual(
        headings.filter((heading) => wanted.includes(heading)),
        wanted,
      );
    });
});
