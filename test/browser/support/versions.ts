import { rmSync } from "node:fs";
import { installedUserDir } from "../../support/installed";
import { NodeRed, type NodeRedOptions } from "../../support/node-red";

export interface Version {
  name: string;
  /** As a part of a file name. */
  short: string;
  /** Whether it has a dark theme of its own. */
  dark: boolean;
  options: Pick<NodeRedOptions, "red" | "node">;
}

/** The versions of Node-RED to test on: 4.1, and 5 where NODE_RED_5 and NODE_22 say where it and its Node.js are. */
export const versions: Version[] = [{ name: "Node-RED 4.1", short: "4.1", dark: false, options: {} }];
const { NODE_RED_5, NODE_22 } = process.env;
if (NODE_RED_5 && NODE_22)
  versions.push({
    name: "Node-RED 5.0",
    short: "5.0",
    dark: true,
    options: { red: NODE_RED_5, node: NODE_22 },
  });

/** Starts a Node-RED into which the packed package has been installed. */
export async function startInstalled(
  version: Version,
  options: Omit<NodeRedOptions, "userDir" | "installed">,
): Promise<NodeRed> {
  return NodeRed.start({
    ...version.options,
    ...options,
    userDir: await installedUserDir(),
    installed: true,
  });
}

/** Stops one and removes its user directory. */
export async function stopInstalled(nodeRed: NodeRed | undefined): Promise<void> {
  await nodeRed?.stop();
  if (nodeRed) rmSync(nodeRed.options.userDir, { recursive: true, force: true });
}
