/**
 * Takes the pictures of the README and of the page about the examples: `npm run screenshots`, or
 * `npm run screenshots -- NAME` for one example. Needs Chromium
 * (`CHROMIUM`, or /usr/bin/chromium). The flows are the examples as shipped, in a real Node-RED; the first has had a
 * clip going through it.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Page } from "playwright-core";
import { launchChromium } from "../test/support/chromium";
import { EventFile } from "./events";
import { readyExamples, theNode } from "./example-flow";
import { exampleNames, readExample } from "./examples";
import type { FlowNode } from "./node-red";
import { eventFile, startEmulator, startNodeRed } from "./servers";

const images = path.join(__dirname, "..", "docs", "images");
const clip = path.join(__dirname, "clip", "yard.mp4");

async function main(asked: string[]): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), "roboflow-video-demo-"));
  const emulator = await startEmulator();
  const ready = readyExamples({ video: clip, baseUrl: emulator.url, model: "yard-motion/2" });
  const nodes = new Map<string, FlowNode>(ready.map((node) => [node.id, node]));
  for (const node of exampleNames.flatMap(readExample)) nodes.set(node.id, nodes.get(node.id) ?? node);
  const flow = [...nodes.values()];
  const account = theNode(flow, "roboflow-video-account");
  const nodeRed = await startNodeRed(folder, flow, { key: "demo", account, env: {} });
  const browser = await launchChromium();
  try {
    await fetch(`${nodeRed.url}/inject/${theNode(readExample("four-steps"), "inject").id}`, {
      method: "POST",
    });
    await clipDone(new EventFile(eventFile(folder)));
    for (const name of asked.length > 0 ? asked : exampleNames) {
      const page = await browser.newPage({
        viewport: { width: 1280, height: 900 },
        deviceScaleFactor: 2,
      });
      await page.goto(`${nodeRed.url}/#flow/${theNode(readExample(name), "tab").id}`);
      await page.locator("#red-ui-workspace-chart .red-ui-flow-node").first().waitFor();
      await page.waitForTimeout(1500);
      await picture(page, name === "four-steps" ? "flow.png" : `example-${name}.png`);
      await page.close();
    }
  } finally {
    await browser.close();
    await nodeRed.stop();
    await emulator.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The part of the workspace that holds the flow, with a margin. */
async function picture(page: Page, name: string): Promise<void> {
  const boxes = await page.locator("#red-ui-workspace-chart .red-ui-flow-node-group").evaluateAll((nodes) =>
    nodes.map((node) => {
      const { left, top, right, bottom } = node.getBoundingClientRect();
      return { left, top, right, bottom };
    }),
  );
  // Wires that lead back go round their nodes.
  const margin = 44;
  const workspace = await page.locator("#red-ui-workspace").boundingBox();
  const { x: edge, width: room } = workspace ?? { x: 0, width: Number.POSITIVE_INFINITY };
  const left = Math.max(edge, Math.min(...boxes.map((box) => box.left)) - margin);
  // The tabs are near.
  const top = Math.min(...boxes.map((box) => box.top)) - 12;
  const right = Math.min(edge + room - 12, Math.max(...boxes.map((box) => box.right)) + margin);
  const height = Math.max(...boxes.map((box) => box.bottom)) + margin - top;
  await page.screenshot({
    path: path.join(images, name),
    clip: { x: left, y: top, width: right - left, height },
  });
}

async function clipDone(events: EventFile): Promise<void> {
  for (;;) {
    for (const event of events.read()) {
      if (event.kind === "done") return;
      if (event.kind === "failed") throw new Error(event.message);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
