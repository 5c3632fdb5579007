// Imported by the dialogs and the viewer's page as well: nothing of Node.js or Node-RED here.

/** Characters of a URL: servers take about 16,000 at most. */
const longestUrl = 16_384;
/** Characters of its host, port and login. Longer ones take seconds to be read where each letter has to be transcribed. */
const longestAuthority = 1024;

/** Whether a value is an http or https URL that a server can be asked for. */
export function isHttpUrl(value: unknown): value is string {
  if (typeof value !== "string" || value.length > longestUrl) return false;
  // As browsers do, the parser passes over further slashes of either kind.
  const [, authority] = /^https?:\/\/[/\\]*([^/\\?#]*)/i.exec(value) ?? [];
  return authority !== undefined && authority.length <= longestAuthority && URL.canParse(value);
}

/** A value as one part of a URL's path or query; half a surrogate pair counts as the sign for what is no character. */
export const encodePart = (value: string): string =>
  encodeURIComponent(new TextDecoder("utf-8", { ignoreBOM: true }).decode(new TextEncoder().encode(value)));

/** What a part of a URL stands for; where an escape in it is broken, the part as it is. */
export function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** A path or address to which another path can be added. By hand: as a pattern it takes the square of the time on long texts. */
export function withoutSlashesAtEnd(path: string): string {
  let end = path.length;
  while (path.charAt(end - 1) === "/") end -= 1;
  return path.slice(0, end);
}

/** Whether a URL leads to one of Roboflow's own servers, whose rules an emulator or a server of one's own does not have. */
export const isRoboflow = (url: string): boolean => /(?:^|\.)roboflow\.com\.?$/i.test(new URL(url).hostname);

const week = 7 * 24 * 3600;

/**
 * When a signed upload URL expires: its `X-Goog-Date` (or `now`) plus `X-Goog-Expires` seconds, at most the
 * week that an upload is kept (docs/api.md, "Limits").
 */
export function expiryOf(signedUrl: string, now: Date): Date {
  const parameters = new Map<string, string>();
  for (const [name, value] of new URL(signedUrl).searchParams) parameters.set(name.toLowerCase(), value);
  const seconds = Number(parameters.get("x-goog-expires") ?? week);
  const signed = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(parameters.get("x-goog-date") ?? "");
  const [year, month, day, hour, minute, second] = (signed ?? []).slice(1).map(Number) as number[];
  const from = signed
    ? Date.UTC(year as number, (month as number) - 1, day, hour, minute, second)
    : now.getTime();
  const lifetime = Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, week) : week;
  return new Date(from + lifetime * 1000);
}
