import type { Browser, Locator, Page } from "playwright-core";
import { consoleErrorsOf } from "../../support/chromium";
import type { FlowNode } from "../../support/node-red";

export interface EditorOptions {
  locale?: string;
  /** Node-RED 5's own dark theme; 4.1 has none. */
  dark?: boolean;
  /** What comes after the address of Node-RED: its `httpAdminRoot`. */
  root?: string;
}

/** Node-RED's editor in a browser of its own, handled as a person does: with the mouse and the keyboard. */
export class Editor {
  private constructor(
    readonly page: Page,
    /** What the page has complained of. */
    readonly consoleErrors: string[],
  ) {}

  static async open(
    browser: Browser,
    url: string,
    { locale = "en-US", dark = false, root = "/" }: EditorOptions = {},
  ): Promise<Editor> {
    const context = await browser.newContext({ locale, viewport: { width: 1500, height: 950 } });
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    // Where Node-RED 5 keeps what is chosen under User settings → Appearance.
    if (dark) await page.addInitScript(() => localStorage.setItem("view-dark-theme", "dark"));
    const editor = new Editor(page, consoleErrorsOf(page));
    await page.goto(url + root);
    await page.locator("#red-ui-workspace-chart .red-ui-workspace-chart-event-layer").first().waitFor();
    await page.locator("#red-ui-header-button-deploy").waitFor();
    await page.locator("#red-ui-loading-progress").waitFor({ state: "hidden" });
    return editor;
  }

  close(): Promise<void> {
    return this.page.context().close();
  }

  /** What was complained of, save for what Node-RED itself cannot reach from here: its catalogue of nodes, and the like. */
  get ownConsoleErrors(): string[] {
    return this.consoleErrors.filter((line) => !/catalogue|ERR_|Failed to load|net::|HTTP 404/.test(line));
  }

  /** A node in the workspace. */
  node(id: string): Locator {
    return this.page.locator(`#red-ui-workspace-chart [id="${id}"]`);
  }

  /** The form of the dialog on top. */
  get form(): Locator {
    return this.page.locator(".red-ui-tray:visible .roboflow-video");
  }

  /** Opens every part of the form that is folded up. */
  async unfold(): Promise<void> {
    const folded = this.form.locator("details:not([open]) > summary:visible");
    while ((await folded.count()) > 0) await folded.first().click();
  }

  /** Drags a node from the palette to a place in the workspace. */
  async drag(type: string, x: number, y: number): Promise<string> {
    const { mouse } = this.page;
    const before = await this.nodeIds();
    const entry = this.page.locator(`.red-ui-palette-node[data-palette-type="${type}"]`);
    await entry.scrollIntoViewIfNeeded();
    const from = await middle(entry);
    const chart = await this.page.locator("#red-ui-workspace-chart").boundingBox();
    if (!chart) throw new Error("no workspace");
    await mouse.move(from.x, from.y);
    await mouse.down();
    await mouse.move(from.x + 20, from.y + 10, { steps: 3 });
    await mouse.move(chart.x + x, chart.y + y, { steps: 12 });
    await mouse.up();
    await this.page.waitForFunction(
      (count) =>
        document.querySelectorAll("#red-ui-workspace-chart .red-ui-flow-node-group").length === count + 1,
      before.length,
    );
    return (await this.nodeIds()).find((id) => !before.includes(id)) as string;
  }

  /** Draws a wire from an output of one node to the input of another. */
  async wire(from: string, to: string, output = 0): Promise<void> {
    const { mouse } = this.page;
    const start = await middle(
      this.node(from).locator(".red-ui-flow-port-output .red-ui-flow-port").nth(output),
    );
    const end = await middle(this.node(to).locator(".red-ui-flow-port-input .red-ui-flow-port"));
    await mouse.move(start.x, start.y);
    await mouse.down();
    await mouse.move(end.x, end.y, { steps: 10 });
    await mouse.up();
  }

  nodeIds(): Promise<string[]> {
    return this.page
      .locator("#red-ui-workspace-chart .red-ui-flow-node-group")
      .evaluateAll((groups) => groups.map(({ id }) => id));
  }

  /** The line under a node. */
  status(id: string): Locator {
    return this.node(id).locator(".red-ui-flow-node-status-label");
  }

  /** Chooses the type of a typedInput in the dialog from its menu, and types a value. */
  async typeInto(field: string, type: string, value: string): Promise<void> {
    const shown = this.page.locator(`#node-input-${field} + .red-ui-typedInput-container`);
    await shown.locator(".red-ui-typedInput-type-select").click();
    await this.page.locator(`.red-ui-typedInput-options:visible [value="${type}"]`).click();
    await shown.locator("input.red-ui-typedInput-input:visible").fill(value);
  }

  /** Opens a node's dialog by a double click and waits until it stands still. */
  async edit(id: string): Promise<void> {
    const button = this.page.locator("#node-dialog-ok");
    for (let triesLeft = 3; triesLeft > 0; triesLeft -= 1) {
      await this.node(id).locator(".red-ui-flow-node").first().dblclick();
      // On a busy machine the two clicks may come too far apart for a double click: who sees no dialog clicks again.
      if (await isShown(button, triesLeft > 1 ? 5_000 : 30_000)) break;
    }
    await button.waitFor();
    await this.settled();
  }

  /** Opens the account from the dialog of a node: the pencil beside it, or the plus when there is none yet. */
  async editAccount(button: "edit" | "add" = "edit"): Promise<void> {
    await this.page.locator(`#node-input-btn-account-${button}, #node-input-lookup-account`).first().click();
    await this.page.locator("#roboflow-video-test").waitFor();
    await this.settled();
  }

  /** Waits until the dialog has slid in. */
  async settled(): Promise<void> {
    // Longer than Node-RED's own timers: before, a key pressed or a width measured may be undone.
    await this.page.waitForTimeout(450);
    const place = async () => JSON.stringify(await this.page.locator(".red-ui-tray").last().boundingBox());
    let [before, now] = ["", await place()];
    while (before !== now) {
      await this.page.waitForTimeout(60);
      [before, now] = [now, await place()];
    }
  }

  /** Presses a button of the dialog on top, such as `node-dialog-ok`, and waits until the dialog is gone. */
  async leave(button: string): Promise<void> {
    const found = this.page.locator(`#${button}`);
    await found.click();
    await found.waitFor({ state: "detached" });
    await this.page.waitForTimeout(100);
  }
  done = () => this.leave("node-dialog-ok");
  cancel = () => this.leave("node-dialog-cancel");
  /** The same for the account's dialog, under which the node's comes back. */
  accountDone = () => this.leave("node-config-dialog-ok").then(() => this.settled());
  accountCancel = () => this.leave("node-config-dialog-cancel").then(() => this.settled());

  /** Closes what a test that failed has left open, so that it does not take the next ones along. */
  async cancelAll(): Promise<void> {
    for (const id of ["node-config-dialog-cancel", "node-dialog-cancel"])
      if (await this.page.locator(`#${id}`).isVisible()) await this.leave(id);
  }

  /** The flow as an export has it. */
  exported(): Promise<FlowNode[]> {
    return this.page.evaluate(() =>
      (globalThis as any).RED.nodes.createCompleteNodeSet({ credentials: false }),
    );
  }

  /** Ids of the nodes that are marked as changed, or as not valid. */
  marked(mark: "changed" | "error"): Promise<string[]> {
    return this.page.locator(`#red-ui-workspace-chart .red-ui-flow-node-group`).evaluateAll(
      (groups, mark) =>
        groups
          .filter((group) => {
            const sign = group.querySelector(`.red-ui-flow-node-${mark}`);
            return (
              sign !== null && getComputedStyle(sign).display !== "none" && !sign.classList.contains("hide")
            );
          })
          .map((group) => group.id),
      mark,
    );
  }

  async deploy(): Promise<void> {
    const button = this.page.locator("#red-ui-header-button-deploy");
    await button.click();
    await this.page.locator("#red-ui-header-button-deploy.disabled").waitFor();
    await this.page.locator(".red-ui-notification-success").first().waitFor();
  }
}

async function middle(place: Locator): Promise<{ x: number; y: number }> {
  const box = await place.boundingBox();
  if (!box) throw new Error(`not in sight: ${place}`);
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

const isShown = (found: Locator, timeout: number): Promise<boolean> =>
  found.waitFor({ timeout }).then(
    () => true,
    () => false,
  );
