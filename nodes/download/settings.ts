import type { EventOptions, FrameFilter } from "../roboflow";
import { flagSetting, fractionSetting, numberSetting, textOr } from "../runtime/settings";
import type { TypedValue } from "../runtime/typed-input";
import {
  applies,
  type DownloadOptions,
  downloadDefaults,
  type Format,
  formatOf,
  type Output,
  outputOf,
  type SpecialSetting,
} from "./options";

/** What a download node works with; settings that do not act on its output stand at their defaults. */
export interface DownloadSettings {
  account: string;
  url: TypedValue;
  output: Output;
  /** Where to write, a template. */
  filename: string;
  format: Format;
  filter: FrameFilter;
  skipEmpty: boolean;
  events: EventOptions;
}

/** @throws VideoError CONFIG */
export function readSettings(options: DownloadOptions): DownloadSettings {
  const setting = <Name extends SpecialSetting>(name: Name): DownloadOptions[Name] =>
    applies(name, options) ? options[name] : downloadDefaults[name];
  const { gap, minDuration, minConfidence, classes, filename } = downloadDefaults;
  return {
    account: options.account,
    url: { value: options.url, type: options.urlType },
    output: outputOf(options),
    filename: textOr(setting("filename"), filename),
    format: formatOf(options),
    filter: {
      minConfidence: fractionSetting(setting("minConfidence"), minConfidence, { reason: "minConfidence" }),
      classes: namesIn(textOr(setting("classes"), classes)),
    },
    skipEmpty: flagSetting(setting("skipEmpty"), downloadDefaults.skipEmpty),
    events: {
      gap: numberSetting(setting("gap"), gap, { reason: "gap", min: 0 }),
      minDuration: numberSetting(setting("minDuration"), minDuration, { reason: "minDuration", min: 0 }),
    },
  };
}

const namesIn = (list: string): string[] =>
  list
    .split(",")
    .map((name) => name.trim())
    .filter(Boolean);
