import type { FrameFilter } from "../roboflow";
import { fractionSetting, type TypedValue, textOr } from "../runtime/values";
import { type DownloadOptions, downloadDefaults, type Output } from "./options";

/** What a download node works with. */
export interface DownloadSettings {
  account: string;
  url: TypedValue;
  output: Output;
  /** Where to write, a template. */
  filename: string;
  filter: FrameFilter;
  skipEmpty: boolean;
}

/** @throws VideoError CONFIG */
export function readSettings(saved: DownloadOptions): DownloadSettings {
  const { minConfidence, classes } = downloadDefaults;
  return {
    account: saved.account,
    url: { value: saved.url, type: saved.urlType },
    output: Object.hasOwn(outputs, saved.output) ? saved.output : downloadDefaults.output,
    filename: textOr(saved.filename, downloadDefaults.filename),
    filter: {
      minConfidence: fractionSetting(saved.minConfidence, minConfidence, { reason: "minConfidence" }),
      classes: namesIn(textOr(saved.classes, classes)),
    },
    skipEmpty: saved.skipEmpty === true,
  };
}

const outputs: Record<Output, true> = { results: true, frames: true, file: true };

const namesIn = (list: string): string[] =>
  list
    .split(",")
    .map((name) => name.trim())
    .filter(Boolean);
