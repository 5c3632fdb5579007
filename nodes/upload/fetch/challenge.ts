/** One way to log in that a server offers. */
export interface Challenge {
  /** In lower case. */
  scheme: string;
  /** By their names in lower case. */
  parameters: Partial<Record<string, string>>;
}

/** Longer headers are cut: what stands in them comes from a foreign server. */
const longest = 8192;

/** A name, then what follows it: `=` and a value, or another name where the first was a scheme. */
const token = /[!#$%&'*+.^_`|~\w-]+/y;
const separator = /[\s,]*/y;
const equals = /\s*=\s*/y;
const quotedText = /"((?:[^"\\]|\\.)*)"/y;
const bareText = /[^\s,"]*/y;

/** Reads a `WWW-Authenticate` header, in which several challenges may stand behind each other (RFC 9110, 11.6.1). */
export function challengesIn(header: string): Challenge[] {
  const text = header.slice(0, longest);
  const challenges: Challenge[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text) ?? undefined;
    if (found) at = pattern.lastIndex;
    return found;
  };
  for (;;) {
    take(separator);
    const name = take(token)?.[0].toLowerCase();
    if (name === undefined) return challenges;
    const current = challenges.at(-1);
    if (current && take(equals)) {
      const quoted = take(quotedText)?.[1]?.replace(/\\(.)/g, "$1");
      current.parameters[name] = quoted ?? take(bareText)?.[0] ?? "";
    } else challenges.push({ scheme: name, parameters: {} });
  }
}
