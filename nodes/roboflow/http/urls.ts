/** Whether a value is an http or https URL. */
export function isHttpUrl(value: unknown): value is string {
  if (typeof value !== "string" || !/^https?:\/\//i.test(value)) return false;
  return URL.canParse(value);
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
