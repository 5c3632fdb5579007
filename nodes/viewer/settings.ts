import { VideoError } from "../roboflow";
import { numberSetting, textOr } from "../runtime/settings";
import { normalPath, type ViewerOptions, viewerDefaults } from "./options";

/** What a viewer node works with. */
export interface ViewerSettings {
  /** In one spelling, see `normalPath`. */
  path: string;
  keepClips: number;
}

/** @throws VideoError CONFIG */
export function readSettings(options: ViewerOptions): ViewerSettings {
  const entered = textOr(options.path, viewerDefaults.path);
  const own = normalPath(entered);
  if (own === undefined) throw new VideoError("CONFIG", "viewerPath", { values: { path: entered } });
  const keepClips = numberSetting(options.keepClips, viewerDefaults.keepClips, {
    reason: "keepClips",
    min: 1,
    whole: true,
  });
  return { path: own, keepClips };
}
