import { VideoError } from "../roboflow";
import { flagSetting, numberSetting, textOr, variableIn } from "../runtime/settings";
import type { TypedValue } from "../runtime/typed-input";
import type { Login } from "./fetch/login";
import {
  type AuthType,
  authTypeOf,
  type UploadCredentials,
  type UploadOptions,
  type UrlMode,
  uploadDefaults,
  urlModeOf,
} from "./options";

/** What an upload node works with. */
export interface UploadSettings {
  account: string;
  /** A path, a Buffer or an http(s) URL. */
  video: TypedValue;
  /** The clip's own name, a template; empty: as the message or the path calls it. */
  fileName: string;
  urlMode: UrlMode;
  authType: AuthType;
  /** The login entered in the node, if one is. */
  login?: Login;
  waitMs: number;
  keepSound: boolean;
  keepMs: number;
}

const hourMs = 3_600_000;

/** @throws VideoError CONFIG */
export function readSettings(options: UploadOptions, credentials: UploadCredentials): UploadSettings {
  const authType = authTypeOf(options);
  const [user, password] = [textOr(credentials.user, ""), textOr(credentials.password, "")];
  const number = (name: "wait" | "keepHours") =>
    numberSetting(options[name], uploadDefaults[name], { reason: name, min: 0 });
  const settings: UploadSettings = {
    account: options.account,
    video: { value: options.video, type: options.videoType },
    fileName: textOr(options.fileName, ""),
    urlMode: urlModeOf(options),
    authType,
    waitMs: 1000 * number("wait"),
    keepSound: flagSetting(options.audio, uploadDefaults.audio),
    keepMs: hourMs * number("keepHours"),
  };
  const isEntered = authType === "bearer" ? password !== "" : user !== "" || password !== "";
  if (authType === "" || settings.urlMode === "pass" || !isEntered) return settings;
  const unset = variableIn(user) ?? variableIn(password);
  if (unset) throw new VideoError("CONFIG", "unsetVariable", { values: { variable: unset } });
  return { ...settings, login: { type: authType, user, password } };
}
