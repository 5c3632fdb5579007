import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";

const checkout = path.join(__dirname, "..", "..");
const read = (file: string) => readFileSync(path.join(checkout, file), "utf8");
const filesIn = (folder: string, ending: RegExp) =>
  readdirSync(path.join(checkout, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => ending.test(file))
    .map((file) => path.join(folder, file));

const languages = readdirSync(path.join(checkout, "nodes/locales"));

/**
 * Phrases that were in use before the terms of Roboflow and Node-RED took their place: nobody searches for them. A
 * language that came later has none.
 */
const banned: Record<string, RegExp> = {
  "en-US": new RegExp(
    [
      "frames? a second",
      "sure by",
      "less sure",
      "ask every",
      "give up after",
      "carry on",
      "how much it carries",
      "(?:finds|outlines) objects",
      "what it does is",
      "web address",
      "wait for job",
      "waits? its turn",
      "waiting its turn",
      "uploads at once",
      "growing pauses",
      "tr(?:y|ies|ying) again by itself",
      "(?:address|URL) that is none",
      "makes? no sense",
      "trouble of its own",
      "disk refused",
      "looked at",
      "looks? at the frames",
      "what was seen",
      "seen when",
      "\\bforget\\b",
      "costing",
      "a line a detection",
      "leave out frames",
      "\\bpress\\b",
      "has to be",
      "does not know (?:it|the)",
      "fetched anew",
      "holds? up all",
      "\\bjob id\\b",
    ].join("|"),
    "g",
  ),
  ja: /毎秒フレーム数|確認の間隔|制限時間|再起動後も続ける|ジョブ待ち|Webアドレス|順番待ち|順番を待|処理内容|待機をやめる|サーバー|ユーザー|フォルダー|である。|だ。/g,
  de: /Bilder\/Sekunde|Nachfragen alle|Aufgeben nach|weitermachen|Webadresse|auf Job warten|Auf Job warten|Uploads zugleich|Vergessen|Was es tut|ergibt keinen Sinn|Findet Objekte|Umreißt|Warte-Node|Berichtigen|Frage(?:n|t) Sie den Server/g,
};

/** The words of a file: values of a catalogue, prose of a page. */
function wordsOf(file: string): string {
  const text = read(file);
  if (file.endsWith(".json")) return valuesOf(JSON.parse(text)).join("\n");
  return file.endsWith(".md") ? text.replace(/^```[\s\S]*?^```|`[^`\n]*`/gm, "") : text;
}

const valuesOf = (value: unknown): string[] =>
  typeof value === "string" ? [value] : Object.values(value as object).flatMap(valuesOf);

/** Pages for developers have words of their own. */
const forDevelopers = /docs\/(?:api|architecture|releasing)\.md$/;
/** What users read, by language. */
const texts: [language: string, file: string][] = [
  ...languages.flatMap((language) =>
    filesIn(`nodes/locales/${language}`, /\.(?:json|html)$/).map((file): [string, string] => [
      language,
      file,
    ]),
  ),
  ...["README.md", "CHANGELOG.md", "SECURITY.md", ...filesIn("docs", /\.md$/)]
    .filter((file) => !forDevelopers.test(file))
    .map((file): [string, string] => ["en-US", file]),
  ["ja", "README.ja.md"],
];

describe("the words", () => {
  for (const [language, file] of texts)
    it(`are those that people search for: ${file}`, () => {
      const phrases = banned[language];
      const found = phrases ? [...wordsOf(file).matchAll(phrases)].map(([phrase]) => phrase) : [];
      assert.deepEqual(found, []);
    });

  it("would be found if they were others", () => {
    for (const [language, sentence] of [
      ["en-US", "frames a second that are looked at"],
      ["ja", "制限時間です。"],
      ["de", "Bilder/Sekunde"],
    ] as const)
      assert.ok(sentence.match(banned[language] as RegExp), language);
  });
});

describe("the help", () => {
  /** What stands in it beside the words: headings by level, lists, code. */
  const shapeOf = (language: string, node: string) => {
    const html = read(`nodes/locales/${language}/${node}.html`);
    return {
      tags: [...html.matchAll(/<(h[1-6]|dt|dd|li|pre|ol)\b/g)].map(([, tag]) => tag),
      code: [...html.matchAll(/<(?:code|pre)>([\s\S]*?)<\/(?:code|pre)>/g)].map(([, code]) => code).sort(),
    };
  };
  const nodes = filesIn("nodes/locales/en-US", /\.html$/).map((file) => path.basename(file, ".html"));

  for (const node of nodes)
    for (const language of languages.filter((name) => name !== "en-US"))
      it(`has the same parts and names in ${language} as in English: ${node}`, () => {
        assert.deepEqual(shapeOf(language, node), shapeOf("en-US", node));
      });

  for (const node of nodes)
    for (const language of languages)
      it(`follows Node-RED's rules: ${language}/${node}`, () => {
        const html = read(`nodes/locales/${language}/${node}.html`);
        assert.match(html, new RegExp(`data-help-name="roboflow-video-${node}"`));
        assert.doesNotMatch(html, /<(?:b|i|strong|em|h1|h2)\b|style=|color/);
        const [, tooltip = ""] = /<p>([\s\S]*?)<\/p>/.exec(html) ?? [];
        // Node-RED breaks what does not fit into its sidebar anywhere, in the middle of a word.
        for (const [, block] of html.matchAll(/<pre>([\s\S]*?)<\/pre>/g))
          for (const line of block?.split("\n") ?? []) assert.ok(line.length <= 30, line);
        // A browser would show it as a space in the middle of a sentence.
        if (language === "ja")
          assert.doesNotMatch(
            html.replace(/<pre>[\s\S]*?<\/pre>/g, ""),
            /[^>\s]\n\s*(?:[^\s<]|<(?:code|a)\b)/,
          );
        assert.ok(tooltip.length > 20 && tooltip.length < 330, `${tooltip.length} characters: ${tooltip}`);
      });
});
