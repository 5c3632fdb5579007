import { arch, cpus, platform, release, totalmem } from "node:os";
import { version as nodeRed } from "node-red/package.json";

/** What the figures were measured on; no names of hosts or users. */
export interface Machine {
  processor: string;
  cores: number;
  /** GB. */
  memory: number;
  system: string;
  node: string;
  nodeRed: string;
}

export const describeMachine = (): Machine => ({
  processor: cpus()[0]?.model.trim() ?? arch(),
  cores: cpus().length,
  memory: Math.round(totalmem() / 1e9),
  system: `${platform()} ${release().split("-")[0]} ${arch()}`,
  node: process.version,
  nodeRed,
});
