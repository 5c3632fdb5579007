import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { longestStatusValues } from "../support/locales";
import { flowNodeNames, nodeNames } from "../support/node-names";

const nodes = path.join(__dirname, "..", "..", "nodes");
const locales = path.join(nodes, "locales");
const languages = readdirSync(locales);

type Catalogue = Record<string, string>;

/** A catalogue as `key.path` → text. */
function catalogue(language: string, node: string): Catalogue {
  const flat: Catalogue = {};
  const walk = (value: unknown, key: string) => {
    if (typeof value === "string") flat[key] = value;
    else
      for (const [name, inner] of Object.entries(value as object)) walk(inner, key ? `${key}.${name}` : name);
  };
  walk(JSON.parse(readFileSync(path.join(locales, language, `${node}.json`), "utf8")), "");
  return flat;
}

const sources = readdirSync(nodes, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !file.includes("editor"))
  .map((file) => readFileSync(path.join(nodes, file), "utf8"))
  .join("\n");

describe("the catalogues", () => {
  it("are there in English, Japanese and German", () => {
    for (const language of ["de", "en-US", "ja"]) assert.ok(languages.includes(language), language);
  });

  it("are whole in each language: every node has its texts and its help", () => {
    for (const language of languages)
      for (const node of nodeNames)
        for (const ending of [".json", ".html"])
          assert.ok(existsSync(path.join(locales, language, node + ending)), `${language}/${node}${ending}`);
  });

  it("are in the viewer's page in each language", () => {
    const words = readFileSync(path.join(nodes, "viewer", "page", "words.ts"), "utf8");
    for (const language of languages)
      assert.ok(words.includes(`locales/${language}/viewer.json`), `nodes/viewer/page/words.ts: ${language}`);
  });

  for (const language of languages.filter((name) => name !== "en-US"))
    for (const node of nodeNames)
      it(`have the same keys and placeholders in ${language} as in English: ${node}`, () => {
        const [english, other] = [catalogue("en-US", node), catalogue(language, node)];
        assert.deepEqual(Object.keys(other).sort(), Object.keys(english).sort());
        const placeholders = (text: string | undefined) => [...new Set(text?.match(/__\w+?__/g))].sort();
        for (const [key, text] of Object.entries(english)) {
          assert.deepEqual(placeholders(other[key]), placeholders(text), key);
          assert.notEqual(other[key]?.trim() === "" && text.trim() !== "", true, key);
        }
      });

  it("hold a sentence for every reason that the code gives, and no other", () => {
    const given = new Set([...sources.matchAll(/"([a-z][A-Za-z]+)"/g)].map(([, reason]) => reason));
    const english = Object.keys(catalogue("en-US", "account")).filter((key) => key.startsWith("errors."));
    for (const key of english) assert.ok(given.has(key.slice("errors.".length)), `${key} is never used`);
    for (const [, reason] of sources.matchAll(/new VideoError\(\s*"[A-Z_]+",\s*"(\w+)"/g))
      assert.ok(english.includes(`errors.${reason}`), `errors.${reason} is missing`);
  });

  for (const language of languages) {
    it(`have sentences of their own for dialogs only where a message would be spoken of: ${language}`, () => {
      const texts = catalogue(language, "account");
      const keys = Object.keys(texts).filter((key) => key.startsWith("dialog."));
      assert.ok(keys.length > 0);
      for (const key of keys) {
        const message = texts[key.replace("dialog.", "errors.")];
        assert.ok(message && message !== texts[key], key);
        assert.doesNotMatch(texts[key] as string, /send the message|Nachricht|メッセージ/, key);
      }
    });

    it(`call each step as its node is called: ${language}`, () => {
      for (const node of flowNodeNames)
        assert.equal(
          catalogue(language, "account")[`steps.${node}`]?.toLowerCase(),
          catalogue(language, node)["label.node"]?.toLowerCase(),
        );
    });
  }

  it("hold no status that nothing shows", () => {
    const given = new Set([...sources.matchAll(/"(\w+)"/g)].map(([, name]) => name));
    for (const key of Object.keys(catalogue("en-US", "account")))
      if (key.startsWith("status."))
        assert.ok(given.has(key.slice("status.".length)), `${key} is never used`);
  });

  for (const language of languages)
    it(`leave room for texts from outside, and ask the translator for nothing: ${language}`, () => {
      const texts = catalogue(language, "account");
      const longest = (group: string) =>
        Math.max(
          ...Object.entries(texts)
            .filter(([key]) => key.startsWith(`${group}.`))
            .map(([, text]) => text.length),
        );
      const facts = ["words", "job", "clip"].reduce((sum, fact) => sum + longest(`said.${fact}`), 0);
      assert.ok(longest("steps") + longest("errors") + facts < 500);
      for (const node of nodeNames)
        for (const [key, text] of Object.entries(catalogue(language, node)))
          assert.doesNotMatch(text, /\$t\(/, key);
      // These stand beside the values of a sentence.
      for (const [key, text] of Object.entries(texts))
        if (key.startsWith("errors.")) assert.doesNotMatch(text, /__(?:words|cause|job|clip)__/, key);
      assert.equal(texts["found.language"], language);
    });

  for (const language of languages)
    it(`call fields and nodes in errors as the dialogs and the palette do: ${language}`, () => {
      const errors = catalogue(language, "account");
      const named: [error: string, node: string, label: string][] = [
        ["notAVideo", "upload", "video"],
        ["clipNotThere", "upload", "wait"],
        ["clipIncomplete", "upload", "wait"],
        ["wait", "upload", "wait"],
        ["keepHours", "upload", "keepHours"],
        ["soundStays", "upload", "audio"],
        ["noLogin", "upload", "authType"],
        ["inputUrl", "upload", "node"],
        ["inputUrl", "start", "inputUrl"],
        ["inferFps", "start", "inferFps"],
        ["noJobId", "start", "node"],
        ["noJobId", "poll", "jobId"],
        ["resultUrl", "poll", "node"],
        ["resultUrl", "download", "url"],
        ["resultNotVideo", "download", "url"],
        ["linkRefused", "poll", "node"],
        ["linkRejected", "poll", "node"],
        ["linkGone", "poll", "node"],
      ];
      for (const [error, node, label] of named) {
        const name = catalogue(language, node)[`label.${label}`] as string;
        const sentence = errors[`errors.${error}`] as string;
        const isQuoted = ['""', "„“", "「」"].some(([open, close]) =>
          sentence.includes(`${open}${name}${close}`),
        );
        assert.ok(isQuoted, `${name} in “${sentence}”`);
      }
    });

  it("hold a status for every error code, and no status is longer than Node-RED likes", () => {
    const errors = readFileSync(path.join(nodes, "roboflow", "errors.ts"), "utf8");
    const codes = [...errors.matchAll(/\| "([A-Z_]+)"/g)].map(([, code]) => code);
    assert.ok(codes.length >= 17);
    for (const language of languages) {
      const texts = catalogue(language, "account");
      for (const code of codes) assert.ok(texts[`status.${code}`], `${language}: status.${code}`);
      for (const [key, text] of Object.entries(texts)) {
        if (!key.startsWith("status.")) continue;
        const shown = text.replace(/__(\w+?)__/g, (name, value) => longestStatusValues[value] ?? name);
        assert.doesNotMatch(shown, /__/, key);
        assert.ok(shown.length < 24, `${language}: ${key}: "${shown}" has ${shown.length} characters`);
      }
    }
  });
});

describe("the forms", () => {
  for (const node of nodeNames) {
    const form = readFileSync(path.join(nodes, node, `${node}.form.html`), "utf8");

    it(`show no text that does not come from a catalogue: ${node}`, () => {
      const visible = form
        .replace(/<!--[\s\S]*?-->/g, "")
        .replace(/<style[\s\S]*?<\/style>/g, "")
        .replace(/<[^>]*>/g, "\n")
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => /\p{L}{2,}/u.test(line));
      assert.deepEqual(visible, []);
      // A word in such an attribute is shown or read aloud, be it replaced later or not.
      for (const [tag] of form.matchAll(/<[^>]+>/g))
        assert.doesNotMatch(
          tag,
          /\s(?:placeholder|title|alt|label|aria-label|aria-description)="[^"]*\p{L}/u,
        );
    });

    it(`name only keys that are there: ${node}`, () => {
      const own = catalogue("en-US", node);
      for (const [, keys] of form.matchAll(/data-i18n="([^"]+)"/g))
        for (const key of (keys as string).split(";")) {
          const name = key.replace(/^\[[^\]]*\]/, "").trim();
          if (!name.includes(":")) assert.ok(own[name], name);
        }
    });

    it(`colour nothing by themselves: ${node}`, () => {
      assert.doesNotMatch(
        form,
        /(?:color|background|border)[^;"']*:\s*(?:#[0-9a-f]{3,8}|rgba?\(|white|black)/i,
      );
    });
  }
});

describe("the scripts of the dialogs", () => {
  const scripts = readdirSync(nodes, { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".editor.ts") || /^editor[\\/].*\.ts$/.test(file),
  );
  for (const file of scripts) {
    const script = readFileSync(path.join(nodes, file), "utf8");

    it(`show no text that does not come from a catalogue: ${file}`, () => {
      const shown =
        /(?:\.(?:text|html)\(|\b(?:title|placeholder|label|paletteLabel)"?: |"aria-label": )(["'`])(.*?)\1/g;
      // An example of JSON is the same in every language.
      for (const [line, , words] of script.matchAll(shown))
        assert.ok(!/\p{L}{2,}/u.test(words?.replace(/\$?\{.*\}/, "") ?? ""), line);
    });

    it(`name only keys that are there: ${file}`, () => {
      const type = /\bsay = wordsOf\("roboflow-video-(\w+)"\)/.exec(script)?.[1] ?? "account";
      for (const [call, name, key] of script.matchAll(/\b(say|sharedWords)\("([^"]+)"/g))
        assert.ok(catalogue("en-US", name === "sharedWords" ? "account" : type)[key as string], call);
    });
  }
});
