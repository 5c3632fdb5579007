import { type DecodedText, decodeLayer, plainLayer } from "./decode";
import { shorten } from "./shorten";

/** Characters of a text that are searched for secrets. What stands behind them is never shown. */
const searchedLength = 16_384;
/**
 * Of a longer text, this many characters before the cut are not shown either, since half a secret may stand there:
 * more than the longest part of a secret takes in any spelling.
 */
const unshownEdge = 4096;
/** Longer secrets are searched in parts of this length, so that one which is cut is found as far as it goes. */
const longestPart = 256;
/** Parts that a URL may bring along: a signed one has about a dozen. */
const mostParts = 40;
/** Shorter secrets are only cut where they stand as a word: elsewhere they would take pieces out of other words. */
const shortestAnywhere = 6;
/** How often a text may have been packed into JSON, HTML or a URL, one in the other. */
const mostLayers = 8;

const secretParameters = /^(?:api_?key|x-goog-.*|x-amz-.*|signature|sig|token|password|passwd|pwd)$/;
const longestParameterName = 64;

/** Stretch of a text, from its first character to the one behind its last. */
type Range = [start: number, end: number];

/**
 * Makes a text safe to show: cuts the query of every URL (signatures and keys stand there), user and password in a
 * URL, known secret parameters and the given secrets, however they are spelled. Looks at the beginning of a long text only, and
 * at that in linear time: one from outside may be as long as memory allows.
 *
 * @param longest characters of the outcome.
 */
export function withoutSecrets(text: string, secrets: readonly string[] = [], longest = 1000): string {
  const searched = text.slice(0, searchedLength);
  const hidden: Range[] = [];
  for (const layer of layersOf(searched)) {
    const ranges = [...logins(layer.text), ...queries(layer.text), ...parameters(layer.text)];
    for (const [start, end] of [...ranges, ...occurrences(layer.text, secrets)])
      hidden.push([layer.offsets[start] as number, layer.offsets[end] as number]);
  }
  if (text.length > searched.length) hidden.push([searched.length - unshownEdge, searched.length]);
  return shorten(without(searched, hidden), longest);
}

/** The part of a text that is searched, and one character more where there is more: enough to keep for showing it later. */
export const searchedPart = (text: string): string => text.slice(0, searchedLength + 1);

/** What a signed URL must not give away, should a server repeat it in a way that shows no URL any more. */
export function secretsOfUrl(url: string): string[] {
  const values = URL.canParse(url) ? [...new URL(url).searchParams.values()] : [];
  return values
    .filter((value) => value.length >= shortestAnywhere)
    .flatMap(partsOf)
    .slice(0, mostParts);
}

function partsOf(secret: string): string[] {
  const parts: string[] = [];
  for (let start = 0; start < secret.length; start += longestPart) {
    // The last one is as long as the others: a short rest would be found everywhere.
    const from = Math.max(0, Math.min(start, secret.length - longestPart));
    parts.push(secret.slice(from, from + longestPart));
  }
  return parts;
}

/** The text as it is, then as it is once unpacked, and so on until there is nothing to unpack. */
function* layersOf(text: string): Generator<DecodedText> {
  let layer = plainLayer(text);
  for (let depth = 0; depth < mostLayers; depth += 1) {
    yield layer;
    const next = decodeLayer(layer);
    if (next.text === layer.text) return;
    layer = next;
  }
}

/** Where the secrets stand, in whatever case, with a plus or a blank for a blank. */
function* occurrences(text: string, secrets: readonly string[]): Generator<Range> {
  const folded = fold(text);
  for (const secret of new Set(secrets.flatMap(partsOf)))
    for (const { text: spelled } of layersOf(secret)) {
      const wanted = fold(spelled);
      for (let at = folded.indexOf(wanted); wanted && at >= 0; ) {
        const end = at + wanted.length;
        if (wanted.length >= shortestAnywhere || isWord(text, at, end)) yield [at, end];
        at = folded.indexOf(wanted, end);
      }
    }
}

const fold = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase()).replaceAll("+", " ");

const isWord = (text: string, start: number, end: number) =>
  !isLetterOrDigit(text.charAt(start - 1)) && !isLetterOrDigit(text.charAt(end));
const isLetterOrDigit = (char: string) => /[\p{L}\p{N}]/u.test(char);

/** Characters of a login that has a slash in it. */
const longestLogin = 256;

const endOfUrl = /[\s"'<>]/g;
const endOfLogin = /[\s"'<>/]/g;
const endOfParameter = /[\s"'<>&]/g;

/** Offset of the first character from `start` on that `ending` (with flag g) finds, or of the end of the text. */
function endFrom(text: string, start: number, ending: RegExp): number {
  ending.lastIndex = start;
  return ending.exec(text)?.index ?? text.length;
}

/**
 * `user:password` of URLs of every kind: cameras have theirs in rtsp addresses. One that was taken for a path has a single
 * slash left.
 */
function* logins(text: string): Generator<Range> {
  for (let at = text.indexOf(":/"); at >= 0; at = text.indexOf(":/", at + 1)) {
    // A single letter is that of a disk.
    if (!/^[a-z][a-z\d+.-]$/i.test(text.slice(Math.max(0, at - 2), at))) continue;
    let start = at + ":/".length;
    while (text.charAt(start) === "/") start += 1;
    const authority = text.slice(start, endFrom(text, start, endOfLogin));
    const near = text.slice(start, start + longestLogin);
    const place = isCutLogin(authority) ? near.slice(0, endFrom(near, 0, endOfUrl)) : authority;
    const end = place.lastIndexOf("@");
    if (end > 0) yield [start, start + end];
  }
}

/** Whether what stands before the first slash is the beginning of a login with a slash in it: `user:pass` is no host and port. */
const isCutLogin = (authority: string): boolean =>
  !authority.includes("@") && /^[^[:]*:[^:]*$/.test(authority) && !/:\d*$/.test(authority);

/** What stands behind the question mark of a URL. */
function* queries(text: string): Generator<Range> {
  for (let at = text.indexOf("://"); at >= 0; ) {
    const end = endFrom(text, at, endOfUrl);
    const start = text.slice(at, end).indexOf("?");
    if (start >= 0) yield [at + start + 1, end];
    at = text.indexOf("://", end);
  }
}

/** The values of parameters that are known to be secret, outside a URL too. */
function* parameters(text: string): Generator<Range> {
  for (let at = text.indexOf("="), next = 0; at >= 0; at = text.indexOf("=", next)) {
    // The value of one that is no secret may hold one that is.
    next = at + 1;
    const words = text.slice(Math.max(0, at - longestParameterName), at).split(/[^\w-]/);
    if (!secretParameters.test((words.at(-1) ?? "").toLowerCase())) continue;
    next = endFrom(text, at + 1, endOfParameter);
    yield [at + 1, next];
  }
}

/** The text with an ellipsis for each stretch that is hidden; for one that touches another, one for both. */
function without(text: string, hidden: Range[]): string {
  const shown: string[] = [];
  let next = 0;
  for (const [start, end] of hidden.sort(([one], [other]) => one - other)) {
    if (end <= start) continue;
    if (start > next || (start === 0 && shown.length === 0)) shown.push(text.slice(next, start), "…");
    next = Math.max(next, end);
  }
  return [...shown, text.slice(next)].join("");
}
