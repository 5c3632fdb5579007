/**
 * Takes the pictures of the README: `npm run screenshots`. Needs Chromium (`CHROMIUM`, or /usr/bin/chromium).
 * The flow is the example, in a real Node-RED, after a clip has gone through it.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { chromium, type Page } from "playwright-core";
import { EventFile } from "./events";
import { exampleFlow, theNode } from "./example-flow";
import { eventFile, startNodeRed, startStandIn } from "./servers";

const images = path.join(__dirname, "..", "..", "docs", "images");
const clip = path.join(__dirname, "clip", "yard.mp4");

async function main(): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), "roboflow-video-demo-"));
  const standIn = await startStandIn();
  const flow = exampleFlow({ video: clip, baseUrl: standIn.url, model: "yard-motion/2" });
  const account = theNode(flow, "roboflow-video-account");
  const nodeRed = await startNodeRed(folder, flow, { key: "demo", account, env: {} });
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"].concat([
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ]),
  });
  try {
    const page = await browser.newPage({ viewport: { width: 1680, height: 760 }, deviceScaleFactor: 2 });
    await page.goto(nodeRed.url);
    await page.locator("#red-ui-workspace-chart .red-ui-flow-node").first().waitFor();
    await fetch(`${nodeRed.url}/inject/${theNode(flow, "inject").id}`, { method: "POST" });
    await clipDone(new EventFile(eventFile(folder)));
    await page.waitForTimeout(1000);
    await picture(page, "flow.png");
  } finally {
    await browser.close();
    await nodeRed.stop();
    await standIn.stop();
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
  const margin = 24;
  const left = Math.min(...boxes.map((box) => box.left)) - margin;
  const top = Math.min(...boxes.map((box) => box.top)) - margin;
  const width = Math.max(...boxes.map((box) => box.right)) + margin - left;
  const height = Math.max(...boxes.map((box) => box.bottom)) + margin - top;
  await page.screenshot({ path: path.join(images, name), clip: { x: left, y: top, width, height } });
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

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
