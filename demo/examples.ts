import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { FlowNode } from "./node-red";

const folder = path.join(__dirname, "..", "examples");

/** The names of all examples. */
export const exampleNames = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .map((name) => path.basename(name, ".json"));

/** The nodes of an example as it is shipped. */
export const readExample = (name: string): FlowNode[] =>
  JSON.parse(readFileSync(path.join(folder, `${name}.json`), "utf8"));
