/** Shorter ones are only cut where they stand as a word: elsewhere they would take pieces out of other words. */
const shortestAnywhere = 6;

const queryOfUrl = /\b(https?:\/\/[^\s"'<>?]+)\?[^\s"'<>]*/gi;
const userOfUrl = /\b([a-z][a-z+.-]*:\/\/)[^\s"'<>/]+@/gi;
const secretParameter = /\b((?:api_key|apikey|x-goog-[\w-]+|x-amz-[\w-]+|signature|sig|token)=)[^\s"'<>&]*/gi;

/**
 * Makes a text safe to show: cuts the query of every URL (signatures and keys stand there), user and
 * password in a URL, known secret parameters and the given secrets, however they are spelled.
 */
export function withoutSecrets(text: string, secrets: readonly string[] = []): string {
  let clean = text.replace(userOfUrl, "$1…@").replace(queryOfUrl, "$1?…").replace(secretParameter, "$1…");
  for (const secret of secrets) if (secret) clean = clean.replace(anySpelling(secret), "…");
  return clean;
}

/** What a signed URL must not give away, should a server repeat it in a way that shows no URL any more. */
export function secretsOfUrl(url: string): string[] {
  const values = URL.canParse(url) ? [...new URL(url).searchParams.values()] : [];
  return values.filter((value) => value.length >= shortestAnywhere);
}

/** A secret as it is, and as it looks in a URL, in JSON and in HTML, or in one of these inside another. */
function anySpelling(secret: string): RegExp {
  const spelled = [...secret].map(spellings).join("");
  return secret.length < shortestAnywhere
    ? new RegExp(`(?<!(?<!%[0-9a-f]?)[\\p{L}\\p{N}])${spelled}(?![\\p{L}\\p{N}])`, "giu")
    : new RegExp(spelled, "giu");
}

const names: Record<string, string> = { "&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos" };

function spellings(char: string): string {
  const plain = char.replace(/[\\^$.*+?()[\]{}|/]/, "\\$&");
  if (/^\w$/.test(char)) return plain;
  const code = char.codePointAt(0) as number;
  const hex = code.toString(16);
  const bytes = [...Buffer.from(char)]
    .map((byte) => `%(?:25)*${byte.toString(16).padStart(2, "0")}`)
    .join("");
  const forms = [
    plain,
    bytes,
    `\\\\+u${hex.padStart(4, "0")}`,
    `\\\\+${plain}`,
    `&#0*${code};`,
    `&#x0*${hex};`,
  ];
  if (names[char]) forms.push(`&${names[char]};`);
  if (char === " ") forms.push("\\+");
  return `(?:${forms.join("|")})`;
}
