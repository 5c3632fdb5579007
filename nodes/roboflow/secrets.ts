/** Shorter keys are only cut where they follow a parameter's name: replacing them anywhere would garble words. */
const shortestPlainSecret = 6;

const queryOfUrl = /\b(https?:\/\/[^\s"'<>?]+)\?[^\s"'<>]*/gi;
const userOfUrl = /\b([a-z][a-z+.-]*:\/\/)[^\s"'<>/@]+@/gi;
const secretParameter = /\b((?:api_key|apikey|x-goog-[\w-]+|x-amz-[\w-]+|signature|sig|token)=)[^\s"'<>&]*/gi;

/**
 * Makes a text safe to show: cuts the query of every URL (signatures and keys stand there), user and
 * password in a URL, known secret parameters and the given secrets, plain or percent-encoded.
 */
export function withoutSecrets(text: string, secrets: readonly string[] = []): string {
  let clean = text.replace(userOfUrl, "$1…@").replace(queryOfUrl, "$1?…").replace(secretParameter, "$1…");
  for (const secret of secrets) {
    if (secret.length < shortestPlainSecret) continue;
    for (const form of new Set([secret, encodeURIComponent(secret)])) clean = clean.replaceAll(form, "…");
  }
  return clean;
}
