import assert from "node:assert/strict";
import { mkdirSync, statSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import type { NodeRed } from "../support/node-red";
import { Editor } from "./support/editor";
import { credentials, feedRealResult, waitForJobs, wholeFlow } from "./support/flows";
import { openStage } from "./support/stage";
import { startInstalled, stopInstalled, versions } from "./support/versions";

/** Where the pictures go; kept by CI. */
const folder = path.resolve(process.env.SCREENSHOTS || path.join(__dirname, "..", "out", "editor"));
mkdirSync(folder, { recursive: true });

const stage = openStage({ jobSeconds: 600, analyse: false });

for (const version of versions)
  describe(`pictures of every dialog in ${version.name}`, () => {
    let nodeRed: NodeRed;
    let endServer: () => void;
    before(async () => {
      nodeRed = await startInstalled(version, { flows: wholeFlow(stage.roboflow.url), credentials });
      await waitForJobs(nodeRed, [
        "yard-0712.mp4",
        "gate-0713.mp4",
        "a-camera-with-a-long-name-2026-07-13T07-14-05.mp4",
      ]);
      endServer = await feedRealResult(nodeRed, "yard-0712.mp4");
    });
    after(async () => {
      endServer?.();
      await stopInstalled(nodeRed);
    });

    const looks: [locale: string, dark: boolean][] = [
      ["en-US", false],
      ["de", false],
      ["ja", false],
    ];
    if (version.dark) looks.push(["en-US", true], ["de", true], ["ja", true]);

    for (const [locale, dark] of looks)
      it(`${locale}, ${dark ? "dark" : "light"}`, async () => {
        const editor = await Editor.open(stage.browser, nodeRed.url, { locale, dark });
        const { page } = editor;
        const picture = async (name: string) => {
          const file = path.join(folder, `${version.short}-${locale}-${dark ? "dark" : "light"}-${name}.png`);
          await page.locator(".red-ui-tray").last().screenshot({ path: file });
          assert.ok(statSync(file).size > 5000, file);
        };
        try {
          assert.equal(
            await page.evaluate(() => document.documentElement.classList.contains("nr-theme-dark")),
            dark,
          );
          await editor.edit("up");
          await picture("upload");
          await editor.unfold();
          await picture("upload-unfolded");
          await editor.editAccount();
          await page.locator("#roboflow-video-test").click();
          await page.locator("#roboflow-video-test-answer[data-mood=good]").waitFor();
          await editor.unfold();
          await picture("account");
          await editor.accountCancel();
          await editor.cancel();

          await editor.edit("st");
          await page.locator("#roboflow-video-models-found[data-mood=good]").waitFor();
          await picture("start");
          await page.locator(".roboflow-video-model-modelId").first().click();
          await page.locator(".roboflow-video-choices:visible").waitFor();
          await page.keyboard.press("ArrowDown");
          await picture("start-picker");
          await editor.cancel();

          await editor.edit("po");
          await page.locator("#roboflow-video-jobs tbody tr").nth(2).waitFor();
          await picture("poll");
          await editor.cancel();

          for (const output of ["results", "events", "frames", "file"]) {
            await editor.edit(output);
            if (["events", "frames"].includes(output))
              await page.locator("#roboflow-video-preview-rows tbody tr").first().waitFor();
            await picture(`download-${output}`);
            await editor.cancel();
          }

          await editor.edit("fo");
          await page.locator("#roboflow-video-folder-message[data-mood=bad]").waitFor();
          await picture("folder");
          await editor.cancel();

          await editor.edit("view");
          await page.locator("#roboflow-video-viewer-access[data-mood=bad]").waitFor();
          await picture("viewer");
          await editor.cancel();
          assert.deepEqual(editor.ownConsoleErrors, []);
        } finally {
          await editor.close();
        }
      });
  });
