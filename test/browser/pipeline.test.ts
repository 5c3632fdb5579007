import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { NodeRed } from "../support/node-red";
import { makeClips } from "../system/support/clips";
import { Editor } from "./support/editor";
import { apiKey } from "./support/flows";
import { openStage } from "./support/stage";
import { startInstalled, stopInstalled, versions } from "./support/versions";

const stage = openStage({ jobSeconds: 1.5, analyse: false, builtInFrames: 4 });

for (const version of versions)
  describe(`a person in front of an empty ${version.name}`, () => {
    let nodeRed: NodeRed;
    let editor: Editor;
    before(async () => {
      nodeRed = await startInstalled(version, { flows: [{ id: "tab", type: "tab", label: "Clips" }] });
      editor = await Editor.open(stage.browser, nodeRed.url);
    });
    after(async () => {
      await editor?.close();
      await stopInstalled(nodeRed);
    });

    it("finds the nodes in the palette", async () => {
      const category = editor.page.locator("#red-ui-palette-Roboflow .red-ui-palette-node");
      assert.deepEqual(
        (await category.allInnerTexts()).map((text) => text.replace(/\s+/g, " ").trim()).sort(),
        ["download result", "poll job", "start job", "upload video", "viewer", "watch folder"],
      );
    });

    it("drags, wires, pastes a key, picks a model, deploys, and gets what was seen", async () => {
      const { page } = editor;
      const [clip] = makeClips(nodeRed.options.userDir, ["yard.mp4"]);
      const inject = await editor.drag("inject", 120, 120);
      const upload = await editor.drag("roboflow-video-upload", 320, 120);
      const start = await editor.drag("roboflow-video-start", 520, 120);
      const poll = await editor.drag("roboflow-video-poll", 320, 240);
      const download = await editor.drag("roboflow-video-download", 520, 240);
      const debug = await editor.drag("debug", 740, 240);
      const running = await editor.drag("debug", 520, 320);
      await editor.wire(inject, upload);
      await editor.wire(upload, start);
      await editor.wire(start, poll);
      await editor.wire(poll, download);
      await editor.wire(poll, running, 1);
      await editor.wire(download, debug);

      await editor.edit(upload);
      await editor.typeInto("video", "str", clip as string);
      await editor.editAccount("add");
      await page.locator("#node-config-input-apiKey").fill(apiKey);
      await editor.form.locator("summary").click();
      await page.locator("#node-config-input-baseUrl").fill(stage.roboflow.url);
      await page.locator("#roboflow-video-test").click();
      await page.locator("#roboflow-video-test-answer", { hasText: "Yard Cameras" }).waitFor();
      await editor.accountDone();
      await editor.done();

      // Not deployed yet: the models are there all the same. From the name to the models by keyboard.
      await editor.edit(start);
      await chooseAccount();
      await page.locator("#roboflow-video-models-found[data-mood=good]").waitFor();
      await editor.form.locator(".red-ui-editableList-addButton").click();
      const model = page.locator(".roboflow-video-model-modelId");
      await page.waitForFunction(() => document.activeElement?.matches(".roboflow-video-model-modelId"));
      await page.keyboard.type("yard mot");
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      assert.equal(await model.inputValue(), "yard-motion");
      assert.equal(await page.locator(".roboflow-video-model-modelVersion").inputValue(), "2");
      assert.equal(await page.locator(".roboflow-video-model-type").inputValue(), "object-detection");
      await page.locator(".roboflow-video-model-confidence").fill("0.3");
      await editor.done();

      await editor.edit(poll);
      await chooseAccount();
      await page.locator("#node-input-interval").fill("1");
      await editor.done();

      await editor.edit(download);
      await page.locator("#node-input-output").focus();
      await page.keyboard.press("ArrowDown");
      assert.equal(await page.locator("#node-input-output").inputValue(), "frames");
      await editor.done();

      assert.deepEqual(await editor.marked("error"), []);
      await editor.deploy();
      await page.keyboard.press("Control+g");
      await page.keyboard.press("d");
      await editor.node(inject).locator(".red-ui-flow-node-button-button").click();

      await editor.status(download).filter({ hasText: "4 frames" }).waitFor({ timeout: 20_000 });
      assert.equal(await editor.status(upload).textContent(), "uploaded");
      assert.equal(await editor.status(start).textContent(), "started");
      assert.equal(await editor.status(poll).textContent(), "finished");
      const messages = page.locator(".red-ui-debug-msg:visible");
      await messages.filter({ hasText: "predictions" }).nth(3).waitFor();
      assert.equal(await messages.filter({ hasText: "predictions" }).count(), 4);
      assert.ok(
        (await messages.filter({ hasText: "job_id" }).count()) >= 1,
        "a copy while the job was running",
      );

      const asked = stage.roboflow.ledger.requests.findLast(({ kind }) => kind === "start")?.body as any;
      assert.deepEqual(asked.models, [
        {
          model_id: "yard-motion",
          model_version: "2",
          inference_type: "object-detection",
          inference_params: { confidence: 0.3 },
        },
      ]);
      assert.deepEqual(editor.ownComplaints, []);

      /** The one account there is; some versions of Node-RED choose it by themselves. */
      async function chooseAccount(): Promise<void> {
        const account = page.locator("#node-input-account");
        const [only] = await account
          .locator("option")
          .evaluateAll((options) =>
            options
              .map((option) => (option as HTMLOptionElement).value)
              .filter((value) => !value.startsWith("_")),
          );
        await account.selectOption(only as string);
      }
    });
  });
