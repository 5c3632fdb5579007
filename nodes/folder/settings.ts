import path from "node:path";
import type { NodeAPI } from "node-red";
import { VideoError } from "../roboflow";
import { resolvePath } from "../runtime/paths";
import { flagSetting, numberSetting, textOr } from "../runtime/settings";
import { type FolderOptions, folderDefaults } from "./options";
import type { KeepRule } from "./tidy";

/** What a folder node works with. */
export interface FolderSettings {
  folder: string;
  subfolders: boolean;
  extensions: ReadonlySet<string>;
  settleMs: number;
  existing: boolean;
  keep: KeepRule;
}

const dayMs = 24 * 3_600_000;
const gigabyte = 1e9;

/** @throws VideoError CONFIG */
export function readSettings(RED: NodeAPI, options: FolderOptions): FolderSettings {
  const folder = textOr(options.folder, "").trim();
  if (!folder || folder.includes("\0")) throw new VideoError("CONFIG", "noFolder");
  const number = (name: "settle" | "keepDays" | "keepGB") =>
    numberSetting(options[name], folderDefaults[name], { reason: name, min: 0 });
  return {
    folder: path.resolve(resolvePath(RED, folder)),
    subfolders: flagSetting(options.subfolders, folderDefaults.subfolders),
    extensions: new Set(
      textOr(options.extensions, folderDefaults.extensions)
        .toLowerCase()
        .split(",")
        .map((extension) => extension.trim().replace(/^\*?\./, ""))
        .filter(Boolean),
    ),
    settleMs: 1000 * number("settle"),
    existing: flagSetting(options.existing, folderDefaults.existing),
    keep: { ms: dayMs * number("keepDays"), bytes: gigabyte * number("keepGB") },
  };
}
