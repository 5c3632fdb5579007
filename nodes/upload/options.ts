// Imported by the dialog as well: nothing of Node.js or Node-RED here.

/** What becomes of a URL: passed on, fetched here and uploaded, or decided by where it leads (`auto`). */
export type UrlMode = "auto" | "pass" | "fetch";

/** How to log in where a clip is fetched; empty: without, or with the login in the URL. */
export type AuthType = "" | "basic" | "digest" | "bearer";

/** What an upload node holds as saved in a flow. */
export interface UploadOptions {
  name: string;
  account: string;
  /** Where the video is: a path, a Buffer or an http(s) URL, found through a typedInput. */
  video: string;
  videoType: string;
  /** Name sent to Roboflow (Mustache template); empty: taken from the message or the path. */
  fileName: string;
  /** Do accepted work again after a restart. */
  resume: boolean;
  urlMode: UrlMode;
  authType: AuthType;
  /** Id of a core `tls-config` node for fetching, or empty. */
  tls: string;
  /** Seconds for which a clip that is not there yet is asked for again. */
  wait: number;
  /** Whether the sound of a clip is sent. */
  audio: boolean;
  /** Hours for which a clip that was fetched or rewritten stays on this machine. */
  keepHours: number;
}

export const uploadDefaults: UploadOptions = {
  name: "",
  account: "",
  video: "payload",
  videoType: "msg",
  fileName: "",
  resume: true,
  urlMode: "auto",
  authType: "",
  tls: "",
  wait: 60,
  audio: true,
  keepHours: 24,
};

/** The login of an upload node; `password` is the token for bearer. */
export interface UploadCredentials {
  user?: string;
  password?: string;
}

/** The chosen mode; what a flow should not hold counts as the default. */
export const urlModeOf = ({ urlMode }: { urlMode?: unknown }): UrlMode =>
  urlMode === "pass" || urlMode === "fetch" ? urlMode : "auto";

/** The chosen authentication; what a flow should not hold counts as none. */
export const authTypeOf = ({ authType }: { authType?: unknown }): AuthType =>
  authType === "basic" || authType === "digest" || authType === "bearer" ? authType : "";

/** What of a dialog decides which of its fields apply. */
export interface UrlSettings {
  video?: unknown;
  videoType?: unknown;
  urlMode?: unknown;
  authType?: unknown;
}

/** A setting that acts on some videos only. */
export type SpecialSetting = "urlMode" | "authType" | "user" | "password" | "tls" | "wait";

/** Whether a setting acts on the video that is chosen. */
export function applies(setting: SpecialSetting, chosen: UrlSettings): boolean {
  if (!canBeUrl(chosen)) return false;
  if (setting === "urlMode") return true;
  if (urlModeOf(chosen) === "pass") return false;
  const authType = authTypeOf(chosen);
  if (setting === "user") return authType === "basic" || authType === "digest";
  return setting !== "password" || authType !== "";
}

/** Whether the video may be a URL: a path that is typed in is none, whatever its tags hold. */
const canBeUrl = ({ video, videoType }: UrlSettings): boolean =>
  videoType !== "str" || /^\s*(?:$|https?:|\{\{|\$[{(])/i.test(String(video ?? ""));

/** Whether the server of a clip asks for a login, as the machine that runs Node-RED sees it. */
export type ServerState = "open" | "needsLogin" | "unreachable";
