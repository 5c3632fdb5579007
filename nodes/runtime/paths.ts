import { homedir } from "node:os";
import path from "node:path";
import type { NodeAPI } from "node-red";

/** Relative paths as core's file nodes resolve them. */
export function resolvePath(RED: NodeAPI, file: string): string {
  const { fileWorkingDirectory } = RED.settings as { fileWorkingDirectory?: string };
  return fileWorkingDirectory && !path.isAbsolute(file)
    ? path.resolve(path.join(fileWorkingDirectory, file))
    : file;
}

/**
 * The folder for what this package keeps on disk. Only core's file storage names a user directory; without
 * one, it is the place where that would be by default.
 */
export function storageFolder(RED: NodeAPI): string {
  const { userDir } = RED.settings as { userDir?: string };
  return path.join(
    userDir || process.env.NODE_RED_HOME || path.join(homedir(), ".node-red"),
    "roboflow-video",
  );
}

/**
 * The folder for results on their way: on the same disk as the rest, since a Raspberry Pi's /tmp is memory.
 * Its name is none that the journal gives to a node.
 */
export const spoolFolder = (RED: NodeAPI): string => path.join(storageFolder(RED), ".spool");
