import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { nodeNames } from "../support/node-names";
import { catchNodes, type NodeRed } from "../support/node-red";
import { Editor } from "./support/editor";
import { credentials, ownNodes, waitForJobs, wholeFlow } from "./support/flows";
import { openStage } from "./support/stage";
import { startInstalled, stopInstalled, versions } from "./support/versions";

const locales = path.join(__dirname, "..", "..", "nodes", "locales");

/** All texts of a language's catalogues for the dialogs, those of the runtime left out. */
function textsOf(language: string): string[] {
  const texts: string[] = [];
  const walk = (value: unknown) => {
    if (typeof value === "string") texts.push(value);
    else for (const inner of Object.values(value as object)) walk(inner);
  };
  for (const node of nodeNames) {
    const file = path.join(locales, language, `${node}.json`);
    const { errors, steps, status, warnings, said, found, ...dialog } = JSON.parse(
      readFileSync(file, "utf8"),
    );
    walk(dialog);
  }
  return texts;
}

const stage = openStage({ jobSeconds: 600, analyse: false });

for (const version of versions)
  describe(`languages in ${version.name} that is set to Japanese`, () => {
    let nodeRed: NodeRed;
    let editor: Editor;
    before(async () => {
      nodeRed = await startInstalled(version, {
        flows: [...wholeFlow(stage.roboflow.url), ...catchNodes()],
        credentials,
        settings: 'lang: "ja",',
      });
      await waitForJobs(nodeRed, ["yard.mp4"]);
    });
    afterEach(() => editor?.close());
    after(() => stopInstalled(nodeRed));

    for (const [locale, isOfLanguage] of [
      ["ja", /[\u3040-\u30ff\u4e00-\u9fff]/],
      ["de", /Name|Konto/],
    ] as const)
      it(`shows every dialog and the help in the browser's language: ${locale}`, async () => {
        editor = await Editor.open(stage.browser, nodeRed.url, { locale });
        const { page } = editor;
        const own = new Set(textsOf(locale));
        // What is the same in both, such as "Name" in German, says nothing.
        const english = new Set(textsOf("en-US").filter((text) => !own.has(text)));
        const check = async (dialog: string) => {
          const text = await editor.form.innerText();
          assert.match(text, isOfLanguage, dialog);
          const placeholders = await editor.form
            .locator("[placeholder]:visible")
            .evaluateAll((fields) => fields.map((field) => field.getAttribute("placeholder") ?? ""));
          for (const line of [...text.split("\n"), ...placeholders])
            assert.ok(!english.has(line.trim()), `${dialog}: ${line}`);
        };
        for (const id of ownNodes) {
          await editor.edit(id);
          if (id === "st") {
            await page.locator("#roboflow-video-models-found[data-mood=good]").waitFor();
            await page.locator(".roboflow-video-model-modelId").first().click();
          }
          if (id === "fo") await page.locator("#roboflow-video-folder-message[data-mood=bad]").waitFor();
          if (id === "po") await page.locator("#roboflow-video-jobs tbody tr").waitFor();
          if (id === "up") {
            await editor.editAccount();
            await editor.unfold();
            await page.locator("#roboflow-video-test").click();
            await page.locator("#roboflow-video-test-answer[data-mood=good]").waitFor();
            await check("account");
            await editor.accountCancel();
            await editor.unfold();
          }
          await check(id);
          await editor.cancel();
        }
        for (const step of nodeNames) {
          const help = await page.evaluate(
            (type) => (globalThis as any).RED.nodes.getNodeHelp(type),
            `roboflow-video-${step}`,
          );
          const file = readFileSync(path.join(locales, locale, `${step}.html`), "utf8");
          const [, first] = /<p>([^<]{10,})/.exec(file) ?? [];
          assert.ok(first && help.includes(first.trim()), step);
        }
        assert.deepEqual(editor.ownConsoleErrors, []);
      });

    it("writes errors and numbers in its own language, whatever the browser speaks", async () => {
      editor = await Editor.open(stage.browser, nodeRed.url);
      await editor
        .status("po")
        .filter({ hasText: /^(?:実行中|[1-9]\d*分経過)、次回\d\d:\d\d$/ })
        .waitFor();
      await nodeRed.inject("clip", { payload: "/no/such/clip.mp4" });
      const [caught] = await nodeRed.recorded("caught");
      assert.equal(caught?.msg.error.code, "INPUT");
      assert.match(caught?.msg.error.message, /\/no\/such\/clip\.mp4.*[\u3040-\u30ff]/);
      await editor.status("up").filter({ hasText: "file not found" }).waitFor();
      await editor.edit("po");
      assert.match(await editor.form.innerText(), /Polling interval/);
      await editor.cancel();
    });
  });
