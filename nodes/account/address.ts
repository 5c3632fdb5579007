// Imported by the dialog as well: nothing of Node.js or Node-RED here.

import { withoutSlashesAtEnd } from "../roboflow/http/urls";

/**
 * The address of an API in one spelling: without a slash at its end.
 *
 * @returns undefined for one that cannot be used: not http or https, or with a login, query or fragment, which would be
 *   sent along with every request.
 */
export function normalAddress(baseUrl: string): string | undefined {
  const url = urlOf(baseUrl);
  const isPlain =
    url && /^https?:$/.test(url.protocol) && !url.username && !url.password && !url.search && !url.hash;
  return isPlain ? `${url.origin}${withoutSlashesAtEnd(url.pathname)}` : undefined;
}

/** Whether a key sent there could be read by anyone on the way. */
export function isInTheClear(baseUrl: string): boolean {
  const { protocol, hostname = "" } = urlOf(baseUrl) ?? {};
  return protocol === "http:" && !/^(?:localhost|.*\.localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
}

/** Not by `URL.canParse`, which browsers of a few years ago do not have. */
function urlOf(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
