import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Page } from "playwright-core";
import { makeClips } from "../support/clips";
import type { NodeRed } from "../support/node-red";
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

    it("drags, wires, pastes a key, picks a model, deploys, and gets what was seen, in at most 25 clicks", async (t) => {
      const { page } = editor;
      const [clip] = makeClips(nodeRed.options.userDir, ["yard.mp4"]);
      // Finished by the first status check: the next one would come a minute later.
      stage.roboflow.set({ jobSeconds: 0 });
      await countClicks(page);
      // Step by step, as the README has it.
      const inject = await editor.drag("inject", 120, 120);
      const upload = await editor.drag("roboflow-video-upload", 320, 120);
      await editor.wire(inject, upload);
      await editor.edit(upload);
      await chooseType("video", "str");
      await page.keyboard.press("Control+a");
      await page.keyboard.type(clip as string);
      await page.locator("#node-input-btn-account-add, #node-input-lookup-account").first().click();
      await page.waitForFunction(() => document.activeElement?.id === "node-config-input-apiKey");
      await page.keyboard.type(apiKey);
      // What nobody does who has an account: the emulator's address. Without the mouse, since it is not counted.
      await page.locator("#node-config-input-baseUrl").evaluate((field, url) => {
        (field as HTMLInputElement).value = url;
      }, stage.roboflow.url);
      await editor.settled();
      await editor.accountDone();
      await editor.done();

      const start = await editor.drag("roboflow-video-start", 520, 120);
      const poll = await editor.drag("roboflow-video-poll", 320, 240);
      const download = await editor.drag("roboflow-video-download", 520, 240);
      const debug = await editor.drag("debug", 740, 240);
      await editor.wire(upload, start);
      await editor.wire(start, poll);
      await editor.wire(poll, download);
      await editor.wire(download, debug);
      assert.deepEqual(await editor.marked("error"), [start]);

      // Not deployed yet: the models are there all the same, and the cursor stands where one is chosen.
      await editor.edit(start);
      await page.locator(".roboflow-video-choice:visible", { hasText: "Version 2" }).first().click();
      assert.equal(await page.locator(".roboflow-video-model-modelId").inputValue(), "yard-motion");
      assert.equal(await page.locator(".roboflow-video-model-modelVersion").inputValue(), "2");
      assert.equal(await page.locator(".roboflow-video-model-type").inputValue(), "object-detection");
      await editor.done();
      assert.deepEqual(await editor.marked("error"), []);
      await editor.deploy();
      await editor.node(inject).locator(".red-ui-flow-node-button-button").click();
      const clicks = (await clicksOf(page)) + 1;
      // The click that is added: the debug sidebar's button, which each version has elsewhere.
      await page.keyboard.press("Control+g");
      await page.keyboard.press("d");
      // Warnings stand there as well: these clips are none that can be looked into.
      const answer = page.locator(".red-ui-debug-msg:visible", { hasText: "msg.payload" }).first();
      await answer.waitFor({ timeout: 120_000 });
      t.diagnostic(`${clicks} clicks`);
      assert.ok(clicks <= 25, `${clicks} clicks`);
      // The message may be in the sidebar before the status is under the node.
      for (const [id, words] of [
        [upload, "uploaded"],
        [start, "started"],
        [poll, "finished"],
      ] as const)
        await editor.status(id).filter({ hasText: words }).waitFor({ timeout: 30_000 });
      const asked = stage.roboflow.ledger.requests.findLast(({ kind }) => kind === "start")?.body as any;
      assert.deepEqual(asked.models, [
        { model_id: "yard-motion", model_version: "2", inference_type: "object-detection" },
      ]);

      // All four have the account; nobody has opened two of them.
      const flow = await editor.exported();
      const accounts = flow.filter(({ type }) => type === "roboflow-video-account");
      assert.equal(accounts.length, 1);
      for (const id of [upload, start, poll, download])
        assert.equal(flow.find((node) => node.id === id)?.account, accounts[0]?.id);
      assert.deepEqual(editor.ownConsoleErrors, []);

      async function chooseType(field: string, type: string): Promise<void> {
        const shown = page.locator(`#node-input-${field} + .red-ui-typedInput-container`);
        await shown.locator(".red-ui-typedInput-type-select").click();
        await page.locator(`.red-ui-typedInput-options:visible [value="${type}"]`).click();
      }
    });

    it("gets a message for each frame by keyboard, and a copy while the job is running", async () => {
      const { page } = editor;
      stage.roboflow.set({ jobSeconds: 1.5 });
      const flow = await editor.exported();
      const idOf = (type: string) => flow.find((node) => node.type === type)?.id as string;
      const download = idOf("roboflow-video-download");
      const running = await editor.drag("debug", 520, 320);
      await editor.wire(idOf("roboflow-video-poll"), running, 1);
      await editor.edit(download);
      await page.locator("#node-input-output").focus();
      await page.keyboard.press("ArrowDown");
      assert.equal(await page.locator("#node-input-output").inputValue(), "frames");
      await editor.done();
      await editor.edit(idOf("roboflow-video-start"));
      await page.locator(".roboflow-video-model-confidence").fill("0.3");
      await editor.done();
      await editor.edit(idOf("roboflow-video-poll"));
      await page.locator("#node-input-interval").fill("1");
      await editor.done();
      await editor.deploy();
      await editor.node(idOf("inject")).locator(".red-ui-flow-node-button-button").click();
      await editor.status(download).filter({ hasText: "frames: 4" }).waitFor({ timeout: 30_000 });
      const messages = page.locator(".red-ui-debug-msg:visible");
      await messages.filter({ hasText: "predictions" }).nth(3).waitFor();
      assert.ok(
        (await messages.filter({ hasText: "job_id" }).count()) >= 1,
        "a copy while the job was running",
      );
      const asked = stage.roboflow.ledger.requests.findLast(({ kind }) => kind === "start")?.body as any;
      assert.deepEqual(asked.models[0].inference_params, { confidence: 0.3 });
      assert.deepEqual(editor.ownConsoleErrors, []);
    });

    it("finds an account that is made later in the nodes that were there before", async () => {
      await editor.page.evaluate(() => {
        const { nodes, view } = (globalThis as any).RED;
        nodes.eachConfig((node: any) => {
          if (node.type === "roboflow-video-account") nodes.remove(node.id);
        });
        for (const id of ["upload", "start", "poll", "download"])
          nodes.eachNode((node: any) => {
            if (node.type === `roboflow-video-${id}`) node.account = "";
          });
        view.redraw();
      });
      const upload = (await editor.exported()).find(({ type }) => type === "roboflow-video-upload")
        ?.id as string;
      await editor.edit(upload);
      await editor.editAccount("add");
      await editor.page.locator("#node-config-input-apiKey").fill(apiKey);
      await editor.accountDone();
      await editor.done();
      const flow = await editor.exported();
      const account = flow.find(({ type }) => type === "roboflow-video-account")?.id;
      for (const step of ["upload", "start", "poll", "download"])
        assert.equal(flow.find(({ type }) => type === `roboflow-video-${step}`)?.account, account, step);
      assert.deepEqual(await editor.marked("error"), []);
    });
  });

/** Counts every press of a mouse button from now on: a drag and a wire are one, a double click is two. */
const countClicks = (page: Page) =>
  page.evaluate(() => {
    (globalThis as any).clicks = 0;
    addEventListener("mousedown", () => (globalThis as any).clicks++, true);
  });
const clicksOf = (page: Page): Promise<number> => page.evaluate(() => (globalThis as any).clicks);
