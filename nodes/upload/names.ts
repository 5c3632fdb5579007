import { createHash } from "node:crypto";
import path from "node:path";

const longestStem = 80;
const digitCount = 12;
/** What a clip is called when nothing else gives it a name. */
export const nameless = "video";

/** The last part of a path of either kind, Windows or POSIX. */
export const lastPart = (file: string): string => file.split(/[\\/]/).pop() ?? "";

/**
 * The name that a clip is sent under, `<stem>-<12 hex digits>.<extension>` in plain ASCII. Storage knows an upload by
 * its name alone (docs/api.md, call 2): of two clips with one name, the second would take the first one's place.
 *
 * @param fileName the clip's own name.
 * @param entry the ID of the accepted message: other digits for each, the same when it is taken up again.
 * @param extension that of the container, whatever the clip's name says.
 */
export function uploadNameOf(fileName: string, entry: string, extension: string): string {
  const ascii = path.posix
    .parse(fileName)
    .name.replace(/[^A-Za-z0-9._-]/gu, "_")
    .slice(0, longestStem);
  const stem = /[A-Za-z0-9]/.test(ascii) ? ascii : nameless;
  const digits = createHash("sha256").update(entry).digest("hex").slice(0, digitCount);
  return `${stem}-${digits}.${extension}`;
}
