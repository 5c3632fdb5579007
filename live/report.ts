import { secretsOfUrl, withoutSecrets } from "../nodes/roboflow";
import type { Answered } from "./requests";

/** Characters of an answer that are shown. */
const longestBody = 400;
/** Shorter texts are only hidden where they stand as a word. */
const shortestAnywhere = 6;
/** Parameters of a signed URL that say how long it lives and what is signed, and nothing else. */
const harmless = [
  "X-Goog-Algorithm",
  "X-Goog-Expires",
  "X-Goog-SignedHeaders",
  "X-Amz-Expires",
  "X-Amz-SignedHeaders",
];

/** Gathers questions and answers, and shows none of the secrets that it was told of. */
export class Report {
  readonly #rows: [question: string, answer: string][] = [];
  readonly #hidden = new Map<string, string>();

  constructor(key: string) {
    this.hide(key, "key");
  }

  /** From now on, this text is shown by its name only. */
  hide(text: string, name: string): void {
    if (text) this.#hidden.set(text, `<${name}>`);
  }

  /**
   * A signed URL: none of its parameters' values is shown, but for those that describe it, and of its path no part that
   * names the account.
   */
  hideUrl(url: string, fileName: string): void {
    for (const part of new URL(url).pathname.split("/"))
      if (part !== fileName && !isWords(part)) this.hide(part, "account or job");
    for (const secret of secretsOfUrl(url))
      if (!harmless.some((name) => new URL(url).searchParams.get(name) === secret))
        this.hide(secret, "hidden");
  }

  add(question: string, answer: string): void {
    this.#rows.push([question, this.safe(answer)]);
  }

  /** Status, time and words of an answer. */
  describe({ status, milliseconds, text, headers }: Answered): string {
    const type = headers["content-type"]?.split(";")[0] ?? "no content type";
    return `HTTP ${status} after ${milliseconds} ms, ${type}: ${this.safe(text) || "(empty)"}`;
  }

  /** A text without secrets, in one line. */
  safe(text: string): string {
    // Longer ones first: a name may be part of another.
    const known = [...this.#hidden].sort(([one], [other]) => other.length - one.length);
    let shown = text;
    for (const [secret, name] of known.filter(([secret]) => secret.length >= shortestAnywhere))
      for (const form of [secret, encodeURIComponent(secret)]) shown = shown.replaceAll(form, name);
    const secrets = known.map(([secret]) => secret);
    return withoutSecrets(shown, secrets, longestBody).replace(/\s+/g, " ").trim();
  }

  toString(): string {
    const cell = (text: string) => text.replaceAll("|", "\\|");
    return [
      `# What Roboflow's server answers (${new Date().toISOString().slice(0, 10)})`,
      "",
      "| question | answer |",
      "| --- | --- |",
      ...this.#rows.map(([question, answer]) => `| ${cell(question)} | ${cell(this.safe(answer))} |`),
    ].join("\n");
  }
}

/** Whether a part of a path says what is there, and not whose it is. */
const isWords = (part: string) => /^[a-z_.-]*$/.test(part);

/** What a signed URL looks like: host, shape of the path, and how long it lives. */
export function shapeOf(url: string, fileName: string): string {
  const { host, pathname, searchParams } = new URL(url);
  const part = (text: string) =>
    text === fileName ? "<file name>" : isWords(text) ? text : `<${text.length} characters>`;
  const names = [...searchParams.keys()].sort();
  const facts = harmless.flatMap((name) => {
    const value = searchParams.get(name);
    return value === null ? [] : [`${name}: ${value}`];
  });
  return `${host}${pathname.split("/").map(part).join("/")} with ${names.join(", ") || "no parameters"}; ${facts.join(", ")}`;
}
