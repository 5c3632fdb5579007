import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import { fill } from "../../nodes/runtime/fill";
import { launchChromium } from "../support/chromium";
import type { NodeRed } from "../support/node-red";
import { Editor } from "./support/editor";
import { startInstalled, stopInstalled, versions } from "./support/versions";

const locales = path.join(__dirname, "..", "..", "nodes", "locales");

let browser: Browser;
before(async () => {
  browser = await launchChromium();
});
after(() => browser?.close());

for (const version of versions)
  describe(`the dialog of a watched folder in ${version.name}`, () => {
    let nodeRed: NodeRed;
    before(async () => {
      nodeRed = await startInstalled(version, {
        flows: [
          { id: "tab", type: "tab", label: "Clips" },
          {
            id: "fo",
            type: "roboflow-video-folder",
            z: "tab",
            folder: "/no/such/folder",
            x: 300,
            y: 100,
            wires: [[]],
          },
        ],
      });
    });
    after(() => stopInstalled(nodeRed));

    for (const locale of ["en-US", "de", "ja"])
      it(`says whether the folder is there, and what will be deleted: ${locale}`, async () => {
        const texts = JSON.parse(readFileSync(path.join(locales, locale, "folder.json"), "utf8"));
        const editor = await Editor.open(browser, nodeRed.url, { locale });
        const { page } = editor;
        try {
          const message = page.locator("#roboflow-video-folder-message");
          const deletes = page.locator("#roboflow-video-folder-deletes");
          const isShown = (words: string) => message.filter({ hasText: words }).waitFor();
          const enter = async (field: string, value: string) => {
            await page.locator(`#node-input-${field}`).fill(value);
            await page.keyboard.press("Tab");
          };
          await editor.edit("fo");
          // A flow of an older version lacks the rest: the fields show what holds.
          assert.equal(await page.locator("#node-input-settle").inputValue(), "5");
          await isShown(texts.folder.missing);
          assert.equal(await deletes.innerText(), texts.deletes.nothing);

          await enter("folder", nodeRed.options.userDir);
          await message.waitFor({ state: "hidden" });
          const file = path.join(nodeRed.options.userDir, "a file");
          writeFileSync(file, "");
          await enter("folder", file);
          await isShown(texts.folder.file);
          // Known when it is deployed only.
          await enter("folder", "${CLIPS}");
          await message.waitFor({ state: "hidden" });

          await enter("keepDays", "3");
          assert.equal(await deletes.innerText(), fill(texts.deletes.days, { days: 3 }));
          await enter("keepGB", "1.5");
          assert.equal(await deletes.innerText(), fill(texts.deletes.both, { days: 3, gigabytes: 1.5 }));
          await enter("keepDays", "0");
          assert.equal(await deletes.innerText(), fill(texts.deletes.gigabytes, { gigabytes: 1.5 }));

          await enter("keepGB", "all");
          await page.locator("#node-input-keepGB.input-error").waitFor();
          await enter("folder", "");
          await page.locator("#node-input-folder.input-error").waitFor();
          await editor.done();
          const wrong = await page.evaluate(() =>
            String((globalThis as any).RED.nodes.node("fo").validationErrors),
          );
          for (const [label, words] of [
            [texts.label.folder, texts.validate.folder],
            [texts.label.keepGB, texts.validate.number],
          ])
            assert.ok(wrong.includes(`${label}: ${words}`), wrong);
          assert.deepEqual(editor.ownConsoleErrors, []);
        } finally {
          await editor.close();
        }
      });
  });
