import type { ElementHandle, Page } from "playwright-core";

export interface Control {
  /** What a screen reader says: its name as Chromium computes it. */
  name: string;
  role: string;
  /** As far as a person can tell it apart: tag, id and class. */
  what: string;
}

const inForm = ".red-ui-tray:visible .roboflow-video";
const focusable =
  "input:not([type=hidden]), select, textarea, button, a[href], summary, [role=button], [tabindex='0']";

/** Whatever in the form of the open dialog can be used, in its order. */
export async function controlsOf(page: Page): Promise<Control[]> {
  const elements = await page.locator(inForm).locator(focusable).filter({ visible: true }).elementHandles();
  const session = await page.context().newCDPSession(page);
  const controls: Control[] = [];
  for (const [index, element] of elements.entries()) {
    const what = await (element as ElementHandle<HTMLElement>).evaluate((found, index) => {
      found.setAttribute("data-control", String(index));
      return `${found.tagName.toLowerCase()}#${found.id}.${found.className}`;
    }, index);
    const { result } = await session.send("Runtime.evaluate", {
      expression: `document.querySelector('[data-control="${index}"]')`,
    });
    const { nodes } = await session.send("Accessibility.getPartialAXTree", {
      objectId: result.objectId as string,
      fetchRelatives: false,
    });
    controls.push({
      name: String(nodes[0]?.name?.value ?? "").trim(),
      role: String(nodes[0]?.role?.value ?? ""),
      what,
    });
  }
  await session.detach();
  return controls;
}

/** Those of them that the Tab key comes to, beginning at the name. To be called after `controlsOf`. */
export async function reachedByKeyboard(page: Page, count: number): Promise<Set<number>> {
  const reached = new Set<number>();
  await page.locator(inForm).locator('[data-control="0"]').focus();
  for (let steps = 0; steps < 2 * count + 5; steps++) {
    const at = await page.evaluate(
      () => document.activeElement?.closest("[data-control]")?.getAttribute("data-control") ?? null,
    );
    if (at === null && reached.size > 0) break;
    if (at !== null) reached.add(Number(at));
    await page.keyboard.press("Tab");
  }
  return reached;
}

/** What of the form cannot be seen at the width there is: cut off, or behind a scroll bar. */
export function cutOff(page: Page): Promise<string[]> {
  return page
    .locator(inForm)
    .locator("input:not([type=hidden]), select, textarea, button, a, label, td, th, div, span")
    .filter({ visible: true })
    .evaluateAll((elements) => {
      const tray = elements[0]?.closest(".red-ui-tray")?.getBoundingClientRect();
      return elements
        .filter((element) => {
          const { left, right } = element.getBoundingClientRect();
          return !tray || left < tray.left - 0.5 || right > Math.min(tray.right, innerWidth) + 0.5;
        })
        .map((element) => `${element.tagName.toLowerCase()}#${element.id}.${element.className}`);
    });
}
