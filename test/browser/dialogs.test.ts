import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { accountDefaults } from "../../nodes/account/options";
import { downloadDefaults } from "../../nodes/download/options";
import { pollDefaults } from "../../nodes/poll/options";
import { startDefaults } from "../../nodes/start/options";
import { uploadDefaults } from "../../nodes/upload/options";
import { serve } from "../support/local-server";
import type { FlowNode, NodeRed } from "../support/node-red";
import { controlsOf, cutOff, reachedByKeyboard } from "./support/controls";
import { Editor } from "./support/editor";
import { credentials, feedRealResult, ownNodes, waitForJobs, wholeFlow } from "./support/flows";
import { openStage } from "./support/stage";
import { startInstalled, stopInstalled, versions } from "./support/versions";

/** A flow as an older version may have left it: the nodes lack most properties. */
const older: FlowNode[] = [
  { id: "older", type: "tab", label: "Older" },
  { id: "old-acc", type: "roboflow-video-account", name: "Old" },
  { id: "old-up", type: "roboflow-video-upload", z: "older", account: "old-acc", wires: [["old-st"]] },
  { id: "old-st", type: "roboflow-video-start", z: "older", account: "old-acc", wires: [["old-po"]] },
  { id: "old-po", type: "roboflow-video-poll", z: "older", account: "old-acc", wires: [["old-do"], []] },
  { id: "old-do", type: "roboflow-video-download", z: "older", wires: [[]] },
];
const olderDefaults: [id: string, defaults: object][] = [
  ["old-up", uploadDefaults],
  ["old-st", startDefaults],
  ["old-po", pollDefaults],
  ["old-do", downloadDefaults],
];

const stage = openStage({ jobSeconds: 600, analyse: false });

for (const version of versions)
  describe(`the dialogs in ${version.name}`, () => {
    let nodeRed: NodeRed;
    let editor: Editor;
    before(async () => {
      const flows = [...wholeFlow(stage.roboflow.url), ...older];
      nodeRed = await startInstalled(version, { flows, credentials });
      editor = await Editor.open(stage.browser, nodeRed.url);
    });
    afterEach(() => editor.cancelAll());
    after(async () => {
      await editor?.close();
      await stopInstalled(nodeRed);
    });

    it("change nothing when they are opened and saved as they are", async () => {
      const before = await editor.exported();
      for (const id of ownNodes) {
        await editor.edit(id);
        if (id === "st") await editor.page.locator("#roboflow-video-models-found[data-mood=good]").waitFor();
        if (id === "up") {
          await editor.editAccount();
          await editor.accountDone();
        }
        await editor.done();
      }
      assert.deepEqual(await editor.exported(), before);
      assert.deepEqual(await editor.marked("changed"), []);
      await editor.page.locator("#red-ui-header-button-deploy.disabled").waitFor();
    });

    it("list the jobs that a node waits for, and stop waiting for one on demand", async () => {
      const { page } = editor;
      const rows = page.locator("#roboflow-video-jobs tbody tr");
      const message = page.locator("#roboflow-video-jobs-message");
      await editor.edit("po");
      await message.filter({ hasText: "No pending jobs" }).waitFor();
      assert.equal(await page.locator("#roboflow-video-jobs").isVisible(), false);

      // While the dialog is open.
      await waitForJobs(nodeRed, ["first.mp4", "second.mp4"]);
      await rows.nth(1).waitFor();
      const [, clip, job] = /^(\S+)\s+([\w-]{8,})/.exec(await rows.nth(0).innerText()) ?? [];
      assert.equal(clip, "first.mp4");
      assert.ok(stage.roboflow.ledger.requests.some(({ jobId }) => jobId === job));
      const cells = await rows.nth(0).locator("td").allInnerTexts();
      assert.match(cells[1] ?? "", /\d:\d\d/);
      assert.equal(cells[2], "1");
      assert.match(cells[3] ?? "", /^in \d+ sec\.$|^in 1 min\.$/);

      await page.getByRole("button", { name: `Stop waiting for job ${job}` }).click();
      await rows.nth(1).waitFor({ state: "detached" });
      assert.match(await rows.nth(0).innerText(), /^second\.mp4/);
      await editor
        .status("po")
        .filter({ hasText: /^(?:running|[1-9]\d* min), next \d\d:\d\d$/ })
        .waitFor();

      await rows.nth(0).getByRole("button").focus();
      await page.keyboard.press("Enter");
      await message.filter({ hasText: "No pending jobs" }).waitFor();
      await editor.cancel();
    });

    it("name every field, and let every one be reached by keyboard", async () => {
      const { page } = editor;
      const check = async (dialog: string) => {
        const controls = await controlsOf(page);
        assert.ok(controls.length >= 4, dialog);
        for (const { name, role, what } of controls) {
          // The pencil and the plus beside a config node are Node-RED's.
          if (/node-(config-)?input-(btn|lookup)-/.test(what)) continue;
          assert.ok(name, `${dialog}: ${role} ${what} has no name`);
        }
        const reached = await reachedByKeyboard(page, controls.length);
        const missed = controls.filter((_, index) => !reached.has(index));
        // A button that Node-RED has disabled, as the pencil where there is nothing to edit.
        const enabled = missed.filter(({ what }) => !/disabled/.test(what));
        assert.deepEqual(
          enabled.map(({ what }) => what),
          [],
          `${dialog}: not reached`,
        );
      };
      for (const id of ownNodes) {
        await editor.edit(id);
        if (id === "st") await page.locator("#roboflow-video-models-found[data-mood=good]").waitFor();
        if (id === "up") {
          await editor.editAccount();
          await editor.unfold();
          await check("account");
          await editor.accountCancel();
          await editor.unfold();
        }
        await check(id);
        await editor.cancel();
      }
    });

    it("show the fields and the preview only where they apply", async () => {
      const { page } = editor;
      await editor.edit("results");
      const all = ["format", "filename", "minConfidence", "classes", "gap", "minDuration", "skipEmpty"];
      const preview = "roboflow-video-preview";
      const seen = async () => {
        const ids = [...all.map((name) => `node-input-${name}`), preview];
        const visible = await Promise.all(ids.map((id) => page.locator(`#${id}`).isVisible()));
        return ids.filter((_, index) => visible[index]).map((id) => id.replace("node-input-", ""));
      };
      const choose = (field: string, value: string) =>
        page.locator(`#node-input-${field}`).selectOption(value);
      assert.deepEqual(await seen(), []);
      await choose("output", "frames");
      assert.deepEqual(await seen(), ["minConfidence", "classes", "skipEmpty", preview]);
      for (const output of ["events", "summary"]) {
        await choose("output", output);
        assert.deepEqual(await seen(), ["minConfidence", "classes", "gap", "minDuration", preview]);
      }
      await choose("output", "file");
      assert.deepEqual(await seen(), ["format", "filename"]);
      await choose("format", "jsonl");
      assert.deepEqual(await seen(), ["format", "filename", "minConfidence", "classes", "skipEmpty"]);
      await choose("format", "csv");
      assert.deepEqual(await seen(), ["format", "filename", "minConfidence", "classes"]);
      await editor.cancel();
    });

    it("show what a URL needs only where it applies, and warn where its server asks for a login", async (t) => {
      const { page } = editor;
      const camera = await serve(t, (_, response) => response.writeHead(401).end());
      const fields = ["urlMode", "authType", "user", "password", "tls", "wait"];
      const seen = async () => {
        const visible = await Promise.all(
          fields.map((name) => page.locator(`#node-input-${name}`).isVisible()),
        );
        return fields.filter((_, index) => visible[index]);
      };
      const choose = (field: string, value: string) =>
        page.locator(`#node-input-${field}`).selectOption(value);
      const message = page.locator("#roboflow-video-upload-message");
      await editor.edit("up");
      assert.deepEqual(await seen(), [], "folded up as long as nothing is set");
      await editor.unfold();
      assert.deepEqual(await seen(), ["urlMode", "authType", "tls", "wait"]);
      await choose("authType", "digest");
      assert.deepEqual(await seen(), fields);
      assert.equal((await page.locator("label[for=node-input-password]").innerText()).trim(), "Password");
      await choose("authType", "bearer");
      assert.deepEqual(await seen(), ["urlMode", "authType", "password", "tls", "wait"]);
      assert.equal((await page.locator("label[for=node-input-password]").innerText()).trim(), "Token");
      await choose("urlMode", "pass");
      assert.deepEqual(await seen(), ["urlMode"]);
      await choose("urlMode", "auto");
      await choose("authType", "");
      await page.locator("#roboflow-video-url-settings > summary").click();
      assert.deepEqual(await seen(), []);

      const video = async (value: string) => {
        await editor.typeInto("video", "str", value);
        await page.keyboard.press("Tab");
      };
      await video(`${camera.url}/clip.mp4`);
      await message.filter({ hasText: "requires a login" }).waitFor();
      assert.deepEqual(await seen(), ["urlMode", "authType", "tls", "wait"], "where the login belongs");
      assert.equal(camera.seen.at(-1)?.headers.authorization, undefined);
      await choose("authType", "basic");
      await message.waitFor({ state: "hidden" });
      await video(camera.url.replace("//", "//admin:geheim@"));
      await message.filter({ hasText: "stored in the flow as readable text" }).waitFor();
      await video("/home/pi/clips/yard.mp4");
      await message.waitFor({ state: "hidden" });
      assert.deepEqual(await seen(), []);
      await editor.cancel();
    });

    it("fold nothing up over a setting that acts", async () => {
      const isOpen = (part: string) =>
        editor.page
          .locator(`#roboflow-video-${part}`)
          .evaluate((details: HTMLDetailsElement) => details.open);
      await editor.edit("up");
      assert.deepEqual([await isOpen("url-settings"), await isOpen("advanced")], [false, false]);
      await editor.unfold();
      await editor.page.locator("#node-input-wait").fill("90");
      await editor.page.locator("#node-input-audio").uncheck();
      await editor.done();
      await editor.edit("up");
      assert.deepEqual([await isOpen("url-settings"), await isOpen("advanced")], [true, true]);
      await editor.page.locator("#node-input-wait").fill("60");
      await editor.done();
      await editor.edit("up");
      assert.deepEqual([await isOpen("url-settings"), await isOpen("advanced")], [false, true]);
      await editor.page.locator("#node-input-audio").check();
      await editor.done();
    });

    it("preview what a download node has sent last, as text", async (t) => {
      const { page } = editor;
      const message = page.locator("#roboflow-video-preview-message");
      const rows = page.locator("#roboflow-video-preview-rows tbody tr");
      await editor.edit("events");
      await message.filter({ hasText: "No result since the last deploy" }).waitFor();
      assert.equal(await page.locator("#roboflow-video-preview-rows").isVisible(), false);

      // While the dialog is open.
      const name = "<img src=x onerror=alert(1)>$t(yard).mp4";
      t.after(await feedRealResult(nodeRed, name));
      await rows.first().waitFor();
      assert.ok((await message.innerText()).includes(`Output of ${name}, `));
      const [first = []] = await Promise.all([rows.first().locator("td").allInnerTexts()]);
      assert.match(first.join("|"), /^(pallet|Cement floor)\|\d+:\d\d\.\d\|\d+:\d\d\.\d\|\d+\|0\.\d\d$/);
      await editor.cancel();

      await editor.edit("frames");
      await rows.nth(19).waitFor();
      assert.match(await message.innerText(), /the first 20 of 195/);
      assert.equal(await rows.count(), 20);
      await editor.cancel();
    });

    it("say what comes out of the two ports of a poll node", async () => {
      for (const [index, words] of ["finished", "still running"].entries()) {
        await editor.node("po").locator(".red-ui-flow-port-output .red-ui-flow-port").nth(index).hover();
        await editor.page.locator(".red-ui-flow-port-tooltip", { hasText: words }).waitFor();
      }
    });

    it("open an older flow with the defaults", async () => {
      const { page } = editor;
      await page.locator("#red-ui-workspace-tabs").getByText("Older").click();
      await editor.node("old-up").waitFor();
      const field = async (id: string) => {
        const found = page.locator(`[id="${id}"]`);
        if ((await found.count()) === 0) return undefined;
        const type = await found.getAttribute("type");
        return type === "checkbox" ? String(await found.isChecked()) : await found.inputValue();
      };
      const expectDefaults = async (prefix: string, defaults: object) => {
        for (const [name, value] of Object.entries(defaults)) {
          const shown = await field(`${prefix}-${name}`);
          if (shown !== undefined && !["account", "name"].includes(name) && !shown.startsWith("_ADD_"))
            assert.equal(shown, String(value), name);
        }
      };
      const before = await editor.exported();
      for (const [id, defaults] of olderDefaults) {
        await editor.edit(id);
        await expectDefaults("node-input", defaults);
        if (id === "old-up") {
          await editor.editAccount();
          await expectDefaults("node-config-input", accountDefaults);
          await editor.accountCancel();
        }
        await editor.cancel();
      }
      assert.deepEqual(await editor.exported(), before);

      await editor.edit("old-po");
      await editor.done();
      const saved = (await editor.exported()).find(({ id }) => id === "old-po");
      for (const [name, value] of Object.entries(pollDefaults))
        if (name !== "account") assert.equal(String(saved?.[name] ?? ""), String(value), name);
      assert.deepEqual(await editor.marked("error"), []);
    });

    it("can be used at a width of 400 pixels", async () => {
      const { page } = editor;
      await page.locator("#red-ui-workspace-tabs").getByText("Clips").click();
      const tray = page.locator(".red-ui-tray");
      const narrow = async (dialog: string) => {
        // Node-RED makes the dialog as narrow as what the window leaves beside the sidebar.
        const { left } = await page
          .locator("#red-ui-editor-stack")
          .evaluate((stack) => ({ left: stack.getBoundingClientRect().left }));
        await page.setViewportSize({ width: 1500 - Math.floor(left) + 8 + 400, height: 800 });
        await editor.settled();
        assert.ok(((await tray.boundingBox())?.width ?? 0) <= 401, dialog);
        assert.deepEqual(await cutOff(page), [], dialog);
        await page.setViewportSize({ width: 1500, height: 950 });
        await editor.settled();
      };
      await waitForJobs(nodeRed, ["a-camera-with-a-long-name-2026-07-13T07-14-05.mp4"]);
      for (const id of ownNodes) {
        await editor.edit(id);
        if (id === "st") await page.locator("#roboflow-video-models-found[data-mood=good]").waitFor();
        if (id === "po") await page.locator("#roboflow-video-jobs tbody tr").waitFor();
        if (id === "up") {
          await editor.editAccount();
          await editor.unfold();
          await narrow("account");
          await editor.accountCancel();
          await editor.unfold();
        }
        await narrow(id);
        await editor.cancel();
      }
    });

    it("leave the console empty", () => {
      assert.deepEqual(editor.ownConsoleErrors, []);
    });
  });
