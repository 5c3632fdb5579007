import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { npm } from "../../support/installed";

/** A Node-RED and the Node.js that it runs on, both the newest of their line that npm has today. */
export interface Pair {
  /** Such as `Node-RED 5.0.7 on Node.js 24.21.0`. */
  name: string;
  /** Path of the Node.js binary. */
  node: string;
  /** Path of red.js. */
  red: string;
}

/** Binaries of Node.js come from npm as well, for these machines only. */
export const hasBinaries = process.platform === "linux" && ["x64", "arm64"].includes(process.arch);

/**
 * Installs what the package is tested on: Node-RED 4.1 on Node.js 20, and Node-RED 5 on Node.js 22 and 24. NODE_RED_5 and
 * NODE_22, where a run of several suites has set them, are used as they are.
 */
export function installPairs(folder: string): Pair[] {
  const { NODE_RED_5, NODE_22 } = process.env;
  const node = (major: number) => `node${major}@npm:node-linux-${process.arch}@${major}`;
  const four = install(path.join(folder, "4"), node(20), node(24), "node-red@~4.1");
  const hasFive = NODE_RED_5 && NODE_22 && existsSync(NODE_RED_5) && existsSync(NODE_22);
  const five = hasFive ? undefined : install(path.join(folder, "5"), node(22), "node-red@5");
  const red5 = five ? path.join(five, "node-red", "red.js") : String(NODE_RED_5);
  const node22 = five ? path.join(five, "node22", "bin", "node") : String(NODE_22);
  const binary = (name: string) => path.join(four, name, "bin", "node");
  return [
    pair(path.join(four, "node-red", "red.js"), binary("node20")),
    pair(red5, node22),
    pair(red5, binary("node24")),
  ];
}

function install(folder: string, ...packages: string[]): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, "package.json"), JSON.stringify({ name: "pairs", private: true }));
  npm(folder, "install", "--prefix", folder, "--no-audit", "--no-fund", ...packages);
  return path.join(folder, "node_modules");
}

function pair(red: string, node: string): Pair {
  const version = (manifest: string) => JSON.parse(readFileSync(manifest, "utf8")).version;
  const nodeRed = version(path.join(path.dirname(red), "package.json"));
  const nodeJs = version(path.join(path.dirname(node), "..", "package.json"));
  return { name: `Node-RED ${nodeRed} on Node.js ${nodeJs}`, node, red };
}
