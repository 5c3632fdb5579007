import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { nodeNames } from "../support/node-names";

const nodes = path.join(__dirname, "..", "..", "nodes");

interface Import {
  /** Paths below nodes/, without an ending. */
  from: string;
  to: string;
  isType: boolean;
}

const files = readdirSync(nodes, { recursive: true, encoding: "utf8" })
  .map((file) => file.split(path.sep).join("/"))
  .filter((file) => file.endsWith(".ts"));
const source = (file: string) => readFileSync(path.join(nodes, file), "utf8");

/** Every import of a file of ours by another one, those that load on first use included. */
const imports = files.flatMap((file): Import[] => {
  const text = source(file);
  const found = [
    ...text.matchAll(/^(?:import|export)( type)?\s[^;]*?from "(\.{1,2}\/[^"]+)"/gm),
    ...text.matchAll(/\bimport(\()"(\.{1,2}\/[^"]+)"/g),
  ];
  return found.map(([, type, target]) => ({
    from: file,
    to: path.posix.join(path.posix.dirname(file), target as string),
    isType: type === " type",
  }));
});
const layerOf = (file: string) => file.split("/")[0] as string;
const runsInBrowser = (file: string) =>
  file.endsWith(".editor.ts") || /^(?:editor|viewer\/page)\//.test(file);

/** The layers that each may use beside itself. */
const mayUse: Record<string, string[]> = {
  ...Object.fromEntries(nodeNames.map((node) => [node, ["runtime", "roboflow", "media", "editor"]])),
  runtime: ["roboflow"],
  editor: ["runtime", "roboflow"],
  roboflow: [],
  media: [],
};

describe("the layers", () => {
  it("point one way: nodes use what is below them, and nothing below uses a node", () => {
    assert.ok(imports.length > 500, `${imports.length} imports found`);
    const wrong = imports.filter(({ from, to }) => {
      const [own, used] = [layerOf(from), layerOf(to)];
      const isForAll = ["event-loop", "locales", ".."].includes(used);
      return own !== used && !isForAll && !(mayUse[own] ?? []).includes(used);
    });
    assert.deepEqual(wrong, []);
  });

  it("of the service and of clips know nothing of Node-RED", () => {
    for (const file of files.filter((name) => /^(?:roboflow|media)\//.test(name)))
      assert.doesNotMatch(source(file), /"node-red"/, file);
  });

  it("take of the service and of clips what these export", () => {
    const inside = imports.filter(({ from, to }) => {
      const layer = layerOf(to);
      return ["roboflow", "media"].includes(layer) && layerOf(from) !== layer && to !== layer;
    });
    for (const { from, to } of inside) {
      // A browser cannot load the rest of the layer.
      const isShared = source(`${to}.ts`).startsWith("// Imported by ");
      assert.ok(isShared, `${from} uses ${to}, which is not exported by ${layerOf(to)}/index.ts`);
    }
  });

  it("share with the browser only what says so", () => {
    for (const { from, to, isType } of imports) {
      if (isType || to.endsWith(".json") || !runsInBrowser(from) || runsInBrowser(`${to}.ts`)) continue;
      assert.ok(source(`${to}.ts`).startsWith("// Imported by "), `${from} uses ${to}`);
    }
  });
});
