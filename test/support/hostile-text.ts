import fc from "fast-check";

/**
 * What interprets a text that is only meant to be shown: translations (nested keys, placeholders), templates, patterns of
 * `String.replace`, formats, HTML; and what no writer of texts thinks of.
 */
const pieces = [
  "$t(",
  "$t(front door",
  "$t(errors.noKey)",
  "$t(a, {'b': \"c\"",
  "__path__",
  "__count__",
  "__x__",
  "{{payload}}",
  "{{{payload}}}",
  "{{#payload}}",
  "$&",
  "$1",
  "$`",
  "$'",
  "$$",
  "%s",
  "%25%32",
  "&amp;lt;",
  "\\u0024t(",
  "<img src=x onerror=alert(1)>",
  "</script>",
  "\0",
  "\u202eabc",
  "\ud83c",
  "\udfa5",
  "🎥",
  "\r\n",
  "constructor",
  "__proto__",
];

/** Short enough to be shown in full. */
export const hostileText = (): fc.Arbitrary<string> =>
  fc
    .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: "binary", maxLength: 12 })), {
      minLength: 1,
      maxLength: 4,
    })
    .map((parts) => parts.join(""));

/** Far too long, in ways that have brought patterns to a halt. */
export const endlessText = (): fc.Arbitrary<string> =>
  fc
    .tuple(
      hostileText(),
      fc.constantFrom(
        "a-",
        "$t(",
        "(",
        "x-goog-",
        "://",
        "http://a?",
        "=",
        "%25",
        "\\",
        "&#",
        " ",
        "<",
        "QUJD",
        "🎥",
      ),
      fc.integer({ min: 20_000, max: 200_000 }),
    )
    .map(([start, piece, count]) => start + piece.repeat(count));
