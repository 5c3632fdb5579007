import { decodePart, VideoError } from "../../roboflow";
import type { UploadSettings } from "../settings";
import { isLocalAddress } from "./address";
import { withoutLogin } from "./fetch-clip";
import type { Login } from "./login";

/**
 * Whether a clip at a URL is fetched here and uploaded; otherwise its URL is passed on, for Roboflow to fetch it.
 * Roboflow can neither reach what only this network reaches, nor log in.
 */
export function isFetched(
  url: string,
  { urlMode, authType }: Pick<UploadSettings, "urlMode" | "authType">,
): boolean {
  if (urlMode !== "auto") return urlMode === "fetch";
  const parsed = new URL(url);
  return authType !== "" || parsed.username !== "" || parsed.password !== "" || isLocalAddress(parsed);
}

/**
 * The login for a clip at a URL: the one entered in the node, else the one in the URL, which the chosen authentication
 * holds for as well.
 *
 * @returns undefined where nothing but the URL's own login is known: its server says how to log in.
 * @throws VideoError CONFIG when an authentication is chosen and there is no login for it.
 */
export function loginFor(
  url: string,
  { authType, login }: Pick<UploadSettings, "authType" | "login">,
): Login | undefined {
  if (authType === "" || login) return login;
  const inUrl = withoutLogin({ url }).login;
  if (!inUrl || authType === "bearer") throw new VideoError("CONFIG", "noLogin");
  return { ...inUrl, type: authType };
}

/** The clip's name as its URL gives it: the last part of the path; empty where there is none. */
export const nameInUrl = (url: string): string => decodePart(new URL(url).pathname);
