import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { type Emulator, startEmulator } from "../emulator/emulator";
import { type FlowNode, NodeRed } from "../support/node-red";
import { installedUserDir } from "../system/support/installed";
import { complaintsOf, launchChromium } from "./support/chromium";

const apiKey = "editor-key-2718";
const screenshots = process.env.SCREENSHOTS;

/** A flow as an older version may have left it: the nodes lack most properties. */
const bare: FlowNode[] = [
  { id: "tab", type: "tab", label: "Clips" },
  { id: "acc", type: "roboflow-video-account", name: "Yard" },
  { id: "up", type: "roboflow-video-upload", z: "tab", account: "acc", x: 150, y: 100, wires: [["st"]] },
  { id: "st", type: "roboflow-video-start", z: "tab", account: "acc", x: 350, y: 100, wires: [["po"]] },
  { id: "po", type: "roboflow-video-poll", z: "tab", account: "acc", x: 550, y: 100, wires: [["do"], []] },
  { id: "do", type: "roboflow-video-download", z: "tab", account: "", x: 750, y: 100, wires: [[]] },
];
const flowNodes = ["up", "st", "po", "do"];

let roboflow: Emulator;
let browser: Browser;
before(async () => {
  roboflow = await startEmulator({ apiKey, jobSeconds: 60 });
  browser = await launchChromium();
});
after(async () => {
  await browser.close();
  await roboflow.close();
});

const versions: [name: string, options: { red?: string; node?: string }][] = [["Node-RED 4.1", {}]];
if (process.env.NODE_RED_5 && process.env.NODE_22)
  versions.push(["Node-RED 5.0", { red: process.env.NODE_RED_5, node: process.env.NODE_22 }]);

for (const [name, options] of versions)
  describe(`the editor of ${name}, with the packed package installed`, () => {
    let nodeRed: NodeRed;
    let page: Page;
    let complaints: string[];

    before(async () => {
      const userDir = await installedUserDir().catch(() =>
        mkdtempSync(path.join(tmpdir(), "roboflow-editor-")),
      );
      const flows = bare.map((node) => (node.id === "acc" ? { ...node, baseUrl: roboflow.url } : node));
      nodeRed = await NodeRed.start({
        ...options,
        userDir,
        installed: true,
        flows,
        credentials: { acc: { apiKey } },
      });
      page = await open("en-US");
    });
    after(async () => {
      await page?.context().close();
      await nodeRed?.stop();
      if (nodeRed) rmSync(nodeRed.options.userDir, { recursive: true, force: true });
    });

    async function open(locale: string): Promise<Page> {
      const context = await browser.newContext({ locale, viewport: { width: 1500, height: 950 } });
      const opened = await context.newPage();
      complaints = complaintsOf(opened);
      await opened.goto(nodeRed.url);
      await opened.locator("#red-ui-workspace-chart .red-ui-flow-node").nth(3).waitFor();
      return opened;
    }
    const edit = async (id: string) => {
      await page.locator(`#${id} .red-ui-flow-node`).first().dblclick();
      await page.locator(".red-ui-tray-footer").first().waitFor();
      await page.waitForTimeout(600);
    };
    const done = async () => {
      await page.locator("#node-dialog-ok").click();
      await page.locator("#node-dialog-ok").waitFor({ state: "detached" });
    };
    const picture = async (file: string) => {
      if (screenshots)
        await page.screenshot({
          path: path.join(screenshots, `${name.replaceAll(/\W+/g, "-")}-${file}.png`),
        });
    };
    const exported = () =>
      page.evaluate(() =>
        JSON.stringify((globalThis as any).RED.nodes.createCompleteNodeSet({ credentials: false })),
      );

    it("shows the four nodes in the palette", async () => {
      for (const step of ["upload", "start", "poll", "download"])
        await page.locator(`.red-ui-palette-node[data-palette-type="roboflow-video-${step}"]`).waitFor();
    });

    it("opens every dialog and leaves the flow as it was", async () => {
      // The editor itself fills in what an older flow lacks; a second look must change nothing more.
      for (const id of flowNodes) {
        await edit(id);
        await picture(id);
        await done();
      }
      const first = await exported();
      for (const id of flowNodes) {
        await edit(id);
        await done();
      }
      assert.equal(await exported(), first);
      const nodes = JSON.parse(first) as FlowNode[];
      const poll = nodes.find(({ id }) => id === "po");
      assert.deepEqual([Number(poll?.interval), Number(poll?.timeout), poll?.resume], [60, 24, true]);
    });

    it("tests the stored key, and says what is wrong with a typed one", async () => {
      await edit("up");
      await page.locator("#node-input-lookup-account, #node-input-btn-account-edit").first().click();
      await page.locator("#roboflow-video-test").waitFor();
      await page.waitForTimeout(600);
      await page.locator("#roboflow-video-test").click();
      await page.locator("#roboflow-video-test-answer", { hasText: "Yard Cameras" }).waitFor();
      await picture("account");
      await page.locator("#node-config-input-apiKey").fill("no-such-key-at-all");
      await page.locator("#roboflow-video-test").click();
      await page.locator("#roboflow-video-test-answer", { hasText: "refused the key" }).waitFor();
      assert.ok(
        !(await page.locator("#roboflow-video-test-answer").innerText()).includes("no-such-key-at-all"),
      );
      await page.locator("#node-config-dialog-cancel").click();
      await page.locator("#roboflow-video-test").waitFor({ state: "detached" });
      await page.locator("#node-dialog-cancel").click();
      await page.locator("#node-dialog-cancel").waitFor({ state: "detached" });
    });

    it("says nothing on the console", () => {
      // Node-RED itself asks for its catalogue of nodes, and for help in languages that are not there.
      const ours = complaints.filter((line) => !/catalogue|ERR_|Failed to load|net::|HTTP 404/.test(line));
      assert.deepEqual(ours, []);
    });

    it("speaks Japanese to a Japanese browser", async () => {
      await page.context().close();
      page = await open("ja");
      await edit("po");
      assert.match(await page.locator(".red-ui-tray-body").first().innerText(), /[\u3040-\u30ff]/);
      await picture("po-ja");
      await page.locator("#node-dialog-cancel").click();
    });
  });
