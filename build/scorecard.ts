// The flow library's scorecard, offline: what it asks of a package and of its built pages, as rules over plain values, so
// that a test can break each of them. `npm run check:scorecard` runs it over this package.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";

/** What the rules are held against. */
export interface Package {
  manifest: Manifest;
  /** Text of LICENSE. */
  license: string;
  /** Text of the built page of each node, by type. */
  pages: Record<string, string>;
  /** Text of the built English help of each node, by type. */
  help: Record<string, string>;
  /** Names of the files in the palette's icon folder. */
  icons: string[];
  /** Node types that each example uses, by file name. */
  examples: Record<string, string[]>;
  /** The packages of package-lock.json. */
  locked: Record<string, { dev?: boolean; optional?: boolean; hasInstallScript?: boolean }>;
}

interface Manifest {
  name?: string;
  license?: string;
  description?: string;
  keywords?: string[];
  repository?: unknown;
  bugs?: unknown;
  engines?: { node?: string };
  dependencies?: Record<string, string>;
  scripts?: Record<string, string>;
  "node-red"?: { version?: string; nodes?: Record<string, string> };
}

/** Node.js of the Node-RED versions that the package is for: the lowest that 4.1 is used with here, and those of 5.0. */
const nodeVersions = ["20.0.0", "22.9.0", "24.0.0"];
const mostDependencies = 6;
/** Taken by the editor, for every node. */
const reserved = ["id", "type", "z", "x", "y", "wires", "inputs", "outputs"];

/** @returns what a reader of the scorecard would find wrong; empty for full marks. */
export function judge(subject: Package): string[] {
  return [...ofManifest(subject), ...ofDependencies(subject), ...ofNodes(subject), ...ofExamples(subject)];
}

function ofManifest({ manifest, license }: Package): string[] {
  const { name = "", engines, keywords = [], "node-red": nodeRed } = manifest;
  return problems([
    [/^@[a-z0-9-]+\/node-red-[a-z0-9-]+$/.test(name), `the name "${name}" has no scope`],
    [manifest.license === "Apache-2.0", `the licence is "${manifest.license}"`],
    [license.includes("Apache License") && license.includes("Version 2.0"), "LICENSE is another licence's"],
    [Boolean(manifest.description), "there is no description"],
    [keywords.includes("node-red"), 'the keyword "node-red" is missing'],
    [Boolean(manifest.repository || manifest.bugs), "neither repository nor bugs is given"],
    [atLeast(nodeRed?.version) === "4.1.0", `node-red.version is "${nodeRed?.version}"`],
    ...nodeVersions.map(
      (version): Rule => [
        isAtLeast(version, atLeast(engines?.node)),
        `engines.node "${engines?.node}" leaves out Node.js ${version}`,
      ],
    ),
  ]);
}

function ofDependencies({ manifest, locked }: Package): string[] {
  const names = Object.keys(manifest.dependencies ?? {});
  const hooks = ["preinstall", "install", "postinstall"].filter((hook) => manifest.scripts?.[hook]);
  // What an installation of this package fetches; "" is the package itself.
  const fetched = Object.entries(locked).filter(([where, { dev }]) => where !== "" && !dev);
  return problems([
    [names.length <= mostDependencies, `${names.length} dependencies, ${mostDependencies} are allowed`],
    [!names.includes("node-red"), "node-red is a dependency"],
    [hooks.length === 0, `scripts run at installation: ${hooks.join(", ")}`],
    ...names.map(
      (name): Rule => [locked[`node_modules/${name}`] !== undefined, `${name} is not in package-lock.json`],
    ),
    ...fetched.map(
      ([where, { hasInstallScript }]): Rule => [
        !hasInstallScript,
        `${where} runs a script when it is installed, as native modules do`,
      ],
    ),
  ]);
}

function ofNodes({ manifest, pages, help, icons }: Package): string[] {
  const types = Object.keys(manifest["node-red"]?.nodes ?? {});
  return types.flatMap((type) => {
    const definition = readDefinition(pages[type] ?? "", type);
    const words = help[type] ?? "";
    if (!definition) return [`${type}: no registerType with the type and an object as they are in its page`];
    const { category, color, icon, inputs, outputs, defaults } = definition;
    const isConfig = category === "config";
    const names = Object.keys((defaults as Definition | undefined) ?? {});
    return problems([
      [typeof category === "string", "its category is no literal"],
      [isConfig || typeof color === "string", "its color is no literal"],
      [isConfig || icons.includes(String(icon)), `its icon ${String(icon)} is not among the icons`],
      [isConfig || typeof inputs === "number", "its inputs are no literal"],
      [isConfig || typeof outputs === "number", "its outputs are no literal"],
      [defaults !== undefined, "its defaults are not in the object"],
      ...names.map(
        (name): Rule => [
          name.length > 1 && !reserved.includes(name),
          `a property must not be called ${name}`,
        ],
      ),
      [(pages[type] ?? "").includes(`data-template-name="${type}"`), "its page has no dialog"],
      [words.includes(`data-help-name="${type}"`), "it has no help"],
    ]).map((problem) => `${type}: ${problem}`);
  });
}

function ofExamples({ manifest, examples, pages }: Package): string[] {
  const used = new Set(Object.values(examples).flat());
  const types = Object.keys(manifest["node-red"]?.nodes ?? {});
  return types
    .filter((type) => !used.has(type) && readDefinition(pages[type] ?? "", type)?.category !== "config")
    .map((type) => `${type}: in no example`);
}

type Rule = [holds: boolean, problem: string];
const problems = (rules: Rule[]) => rules.filter(([holds]) => !holds).map(([, problem]) => problem);

type Definition = Record<string, unknown>;

/**
 * A node's definition as it can be read without running the page: values that stand there as literals, an empty object
 * for an object, null for anything else.
 */
export function readDefinition(page: string, type: string): Definition | undefined {
  let found: Definition | undefined;
  for (const [, script = ""] of page.matchAll(/<script type="text\/javascript">(.*?)<\/script>/gs)) {
    const source = ts.createSourceFile("page.js", script, ts.ScriptTarget.Latest, true, ts.ScriptKind.JS);
    const visit = (node: ts.Node): void => {
      if (ts.isCallExpression(node) && node.expression.getText() === "RED.nodes.registerType") {
        const [name, definition] = node.arguments;
        if (name && ts.isStringLiteral(name) && name.text === type && definition)
          found = literal(definition) as Definition;
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return found ?? undefined;
}

function literal(node: ts.Node): unknown {
  if (ts.isStringLiteral(node)) return node.text;
  if (ts.isNumericLiteral(node)) return Number(node.text);
  if (!ts.isObjectLiteralExpression(node)) return null;
  const values: Definition = {};
  for (const property of node.properties)
    if (property.name)
      values[property.name.getText()] = ts.isPropertyAssignment(property)
        ? literal(property.initializer)
        : null;
  return values;
}

/** The version of a range `>=VERSION`, in full; undefined for any other. */
function atLeast(range: string | undefined): string | undefined {
  const version = range?.startsWith(">=") ? range.slice(2).split(".").map(Number) : [];
  if (version.length === 0 || version.length > 3 || version.some(Number.isNaN)) return undefined;
  return [0, 1, 2].map((place) => version[place] ?? 0).join(".");
}

const isAtLeast = (version: string, least: string | undefined) =>
  least !== undefined && version.localeCompare(least, "en", { numeric: true }) >= 0;

const typesIn = (flow: string) => (JSON.parse(flow) as { type: string }[]).map((node) => node.type);

/** This package as it is built. */
export function thisPackage(root: string): Package {
  const text = (...file: string[]) => {
    const name = path.join(root, ...file);
    return existsSync(name) ? readFileSync(name, "utf8") : "";
  };
  const manifest: Manifest = JSON.parse(text("package.json"));
  const nodes = Object.entries(manifest["node-red"]?.nodes ?? {});
  const examples = readdirSync(path.join(root, "examples")).filter((name) => name.endsWith(".json"));
  return {
    manifest,
    license: text("LICENSE"),
    pages: Object.fromEntries(nodes.map(([type, file]) => [type, text(file.replace(/\.js$/, ".html"))])),
    help: Object.fromEntries(
      nodes.map(([type, file]) => [
        type,
        text("dist", "locales", "en-US", path.basename(file).replace(/\.js$/, ".html")),
      ]),
    ),
    icons: readdirSync(path.join(root, "dist", "icons")),
    examples: Object.fromEntries(examples.map((name) => [name, typesIn(text("examples", name))])),
    locked: JSON.parse(text("package-lock.json")).packages,
  };
}
