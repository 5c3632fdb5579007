import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import type { Browser, Locator, Page } from "playwright-core";
import { fill } from "../../nodes/runtime/fill";
import { launchChromium } from "../support/chromium";
import { longestStatusValues } from "../support/locales";
import type { FlowNode, NodeRed } from "../support/node-red";
import {
  circumstances,
  type Status,
  sharedTexts,
  statuses,
  statusValues,
  stepOf,
  steps,
  valuesFor,
} from "./support/all-texts";
import { Editor } from "./support/editor";
import { credentials } from "./support/flows";
import { startInstalled, stopInstalled, type Version, versions } from "./support/versions";

/** Where the pictures go; kept by CI. */
const folder = path.resolve(process.env.SCREENSHOTS || path.join(__dirname, "..", "out", "editor"));
mkdirSync(folder, { recursive: true });

/** The newest Node-RED that is there: the texts are the same in all of them. */
const version = versions.at(-1) as Version;
const english = sharedTexts("en-US");
const isJapanese = /[\u3040-\u30ff\u4e00-\u9fff]/;
const isUnfilled = /__\w+?__|roboflow-video-account|undefined|NaN/;

const [columns, besideBy, belowBy] = [5, 200, 55];
/** From the left of a node to that of the next one, in pixels, where the examples have them closest. */
const closest = 160;
const idOf = (key: string) => `of-${key}`;
const nodeOf = ({ key }: Status, index: number): FlowNode => ({
  id: idOf(key),
  type: `roboflow-video-${stepOf(key)}`,
  z: "tab",
  name: "",
  account: "acc",
  // Of a viewer and of a folder node: they have a status of their own where these cannot be.
  path: `/viewer-${index}`,
  folder: "/",
  extensions: "nothing",
  x: 110 + besideBy * (index % columns),
  y: 40 + belowBy * Math.floor(index / columns),
  wires: stepOf(key) === "poll" ? [[], []] : stepOf(key) === "viewer" ? [] : [[]],
});
const flows: FlowNode[] = [
  { id: "tab", type: "tab", label: "Clips" },
  { id: "acc", type: "roboflow-video-account", name: "Yard", baseUrl: "http://127.0.0.1:9" },
  ...statuses.map(nodeOf),
  { id: "catch", type: "catch", z: "tab", scope: null, x: 1200, y: 40, wires: [["debug"]] },
  {
    id: "debug",
    type: "debug",
    z: "tab",
    name: "",
    active: true,
    tosidebar: true,
    complete: "error.message",
    targetType: "msg",
    x: 1200,
    y: 90,
    wires: [],
  },
  { id: "uncaught", type: "tab", label: "Without a Catch" },
  { id: "alone", type: "roboflow-video-upload", z: "uncaught", account: "acc", x: 200, y: 100, wires: [[]] },
];

let browser: Browser;
before(async () => {
  browser = await launchChromium();
});
after(() => browser?.close());

for (const locale of ["en-US", "de", "ja"])
  describe(`pictures of the texts outside of dialogs in ${version.name}: ${locale}`, () => {
    const texts = sharedTexts(locale);
    let nodeRed: NodeRed;
    let editor: Editor;
    let page: Page;

    before(async () => {
      nodeRed = await startInstalled(version, {
        flows,
        credentials,
        settings: `lang: "${locale}", nodesDir: ${JSON.stringify(path.join(__dirname, "support", "nodes"))},`,
      });
      editor = await Editor.open(browser, nodeRed.url, { locale });
      page = editor.page;
    });
    after(async () => {
      await editor?.close();
      await stopInstalled(nodeRed);
    });

    const speak = async (what: object) => {
      const answer = await fetch(`${nodeRed.url}/speak`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(what),
      });
      assert.equal(answer.status, 200, await answer.text());
    };

    /** Takes a picture in each theme that there is. */
    const picture = async (place: Locator, name: string) => {
      for (const theme of version.dark ? ["light", "dark"] : ["light"]) {
        await page.evaluate(
          (dark) => void document.documentElement.classList.toggle("nr-theme-dark", dark),
          theme === "dark",
        );
        await place.screenshot({
          path: path.join(folder, `${version.short}-${locale}-${theme}-${name}.png`),
        });
      }
    };

    /** Shows a part of the sidebar as wide as it is there, in columns over the whole page: so all of it can be seen at once. */
    const lay = (part: string, style: string) =>
      page.addStyleTag({
        content: `${part} { position: fixed !important; inset: 0 auto auto 0 !important; height: auto !important; z-index: 1000;
          overflow: visible !important; background: var(--red-ui-secondary-background); ${style.replaceAll(/;|$/g, " !important;")} }
          :has(> ${part}) { transform: none !important; contain: none !important; overflow: visible !important; }
          .red-ui-debug-msg { break-inside: avoid; }`,
      });
    const clear = async () => {
      if ((await page.locator(".red-ui-debug-msg").count()) === 0) return;
      await page.evaluate(() => (globalThis as any).RED.actions.invoke("core:clear-debug-messages"));
      await page.locator(".red-ui-debug-msg").first().waitFor({ state: "detached" });
    };

    /** Opens what Node-RED shows the beginning of only. */
    const expand = () =>
      page.locator(".red-ui-debug-msg-payload .red-ui-debug-msg-object-header").evaluateAll((headers) => {
        for (const header of headers) (header as HTMLElement).click();
      });

    afterEach(clear);

    it("every status under its node, in the user's language, whole and beside the next one", async () => {
      await page.setViewportSize({ width: 1640, height: 1620 });
      await speak({
        statuses: statuses.map((status) => ({ ...status, id: idOf(status.key), values: statusValues })),
      });
      await page.waitForFunction(
        (count) =>
          Array.from(document.querySelectorAll(".red-ui-flow-node-status-label")).filter(
            ({ textContent }) => textContent,
          ).length === count,
        statuses.length,
      );
      await picture(page.locator("#red-ui-workspace-chart"), "statuses");
      const shown = await page
        .locator('#red-ui-workspace-chart .red-ui-flow-node-group[id^="of-"]')
        .evaluateAll((groups) =>
          groups.map((group) => {
            const label = group.querySelector(".red-ui-flow-node-status-label") as SVGTextElement;
            const body = group.querySelector(".red-ui-flow-node") as Element;
            const room = label.getBoundingClientRect().right - body.getBoundingClientRect().left;
            return { id: group.id, text: label.textContent ?? "", room };
          }),
        );
      assert.equal(shown.length, statuses.length);
      for (const { id, text, room } of shown) {
        const key = id.slice("of-".length);
        assert.equal(text, fill(texts.status[key] as string, longestStatusValues), key);
        assert.ok(text.length < 24, `${key}: “${text}” has ${text.length} characters`);
        assert.doesNotMatch(text, isUnfilled);
        if (locale === "ja") assert.match(text, isJapanese, key);
        assert.ok(room < closest, `${key}: “${text}” runs into the node beside it: ${Math.ceil(room)} px`);
      }
    });

    it("every error and warning in the debug sidebar, filled in and in the server's language", async () => {
      await page.setViewportSize({ width: 1500, height: 2000 });
      await lay(".red-ui-debug-content-list", "columns: 300px; width: 1500px; min-height: 0");
      await page.evaluate(() => (globalThis as any).RED.actions.invoke("core:show-debug-tab"));
      const told = [
        ...Object.entries(texts.errors).map(([reason, sentence]) => ({
          sentence: fill(texts.said.told as string, {
            step: texts.steps[stepOf(reason)] as string,
            problem: sentence,
          }),
          speech: { errors: [errorOf(reason)] },
        })),
        ...Object.entries(texts.warnings).map(([key, sentence]) => ({
          sentence,
          speech: { warnings: [warningOf(key, texts)] },
        })),
      ];
      const messages = page.locator(".red-ui-debug-msg");
      for (let from = 0; from < told.length; from += atOnce) {
        const some = told.slice(from, from + atOnce);
        for (const { speech } of some) await speak(speech);
        await messages.nth(some.length - 1).waitFor();
        await expand();
        await picture(page.locator(".red-ui-debug-content-list"), `errors-${1 + from / atOnce}`);
        const shown = await messages.evaluateAll((found) =>
          found.map((message) => {
            const words = message.querySelector(".red-ui-debug-msg-payload") as HTMLElement;
            return { text: words.innerText, isCut: words.scrollWidth > words.clientWidth };
          }),
        );
        for (const [index, { sentence }] of some.entries()) {
          const { text, isCut } = shown[index] as (typeof shown)[number];
          for (const part of sentence.split(/__\w+?__/))
            assert.ok(text.includes(part), `“${part}” in “${text}”`);
          assert.doesNotMatch(text, isUnfilled);
          assert.ok(!isCut, text);
        }
        await clear();
      }
    });

    it("an error that no Catch node has caught", async () => {
      await speak({ errors: [{ ...errorOf("noSuchFile"), id: "alone" }] });
      const message = page.locator(".red-ui-debug-msg");
      await message.waitFor();
      // Node-RED's own way to show an error: an object of which the beginning of each text is to be seen.
      assert.ok((await message.innerText()).includes(`"${texts.steps[stepOf("noSuchFile")]}`));
      await picture(message, "error-uncaught");
    });

    it("the help of every node in the sidebar", async () => {
      await page.setViewportSize({ width: 1200, height: 2000 });
      await lay(
        ".red-ui-help:has(> .red-ui-help-title)",
        "columns: 4 290px; width: 1190px; column-gap: 10px",
      );
      await page.evaluate(() => (globalThis as any).RED.actions.invoke("core:show-help-tab"));
      const wide: Record<string, (string | null)[]> = {};
      for (const step of ["account", ...steps]) {
        const type = `roboflow-video-${step}`;
        await page.evaluate((name) => (globalThis as any).RED.sidebar.help.show(name, true), type);
        const help = page.locator(".red-ui-help:has(> .red-ui-help-title)");
        await help.filter({ hasText: firstWordsOf(locale, step) }).waitFor();
        await picture(help, `help-${step}`);
        const parts = await help
          .locator("p, li, dt, dd, h3, pre, td")
          .evaluateAll((parts) =>
            parts.filter((part) => part.scrollWidth > part.clientWidth).map((part) => part.textContent),
          );
        if (parts.length > 0) wide[step] = parts;
      }
      assert.deepEqual(wide, {}, "wider than the sidebar");
    });
  });

const firstWordsOf = (locale: string, step: string) => {
  const html = readFileSync(
    path.join(__dirname, "..", "..", "nodes", "locales", locale, `${step}.html`),
    "utf8",
  );
  return /<p>([^<]{10,30})/.exec(html)?.[1]?.trim() as string;
};

/** Messages in one picture of the debug sidebar. */
const atOnce = 45;

const errorOf = (reason: string) => ({
  id: idOf(reason in english.status ? reason : "INPUT"),
  step: stepOf(reason),
  reason,
  circumstances: {
    values: valuesFor(english.errors[reason] as string),
    statusCode: circumstances.statusCode,
  },
  jobId: circumstances.jobId,
  fileName: circumstances.fileName,
});

const warningOf = (key: string, { errors }: { errors: Record<string, string> }) => {
  const values = valuesFor(english.warnings[key] as string);
  const damage = { detail: "Unexpected token", position: 104_857_600 };
  if ("problem" in values) values.problem = fill(errors.resultDamaged as string, damage);
  return { id: idOf("INPUT"), key, values };
};
