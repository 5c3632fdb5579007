import path from "node:path";
import type { Page } from "playwright-core";
import type { Emulator } from "../../../emulator/emulator";
import { readExample } from "../../support/example";
import { type FlowNode, injectNodes, NodeRed, recordNode } from "../../support/node-red";
import { makeVideo } from "../../support/viewer";

const yard = path.join(__dirname, "..", "..", "..", "demo", "clip", "yard.mp4");

export const [width, height, side] = [320, 180, 40];
/** Where the square is in a frame: its left and upper edge. */
export const squareIn = (frame: number) => [20 + 4 * frame, 70] as const;

/** A white square that wanders over black. */
export function makeSquare(file: string): string {
  const film = (colour: string, size: string) => [
    "-f",
    "lavfi",
    "-i",
    `color=c=${colour}:s=${size}:r=10:d=5`,
  ];
  const overlay = ["-filter_complex", "[0][1]overlay=x='20+40*t':y=70"];
  return makeVideo(
    file,
    ...film("black", `${width}x${height}`),
    ...film("white", `${side}x${side}`),
    ...overlay,
  );
}

export async function tellOfSquare(nodeRed: NodeRed, clip: string): Promise<void> {
  const roboflow = { id: "square", fileName: "square.mp4", inferFps: 10, videoPath: clip };
  const knee = { x: 300, y: 150, confidence: 1, class: "left_knee" };
  const face = { x: 60, y: 150, width: 30, height: 30, confidence: 1 };
  for (let index = 0; index < 50; index++) {
    const [left, top] = squareIn(index);
    const box = { x: left + side / 2, y: top + side / 2, width: side, height: side };
    await nodeRed.inject("tell", {
      roboflow,
      parts: { id: "square", index, count: 50 },
      payload: {
        frame: index,
        time: index / 10,
        image: { width, height },
        predictions: [
          { model: "box", class: "square", confidence: 0.9, ...box },
          // Looks to the right of the picture, from well below the square.
          { model: "gaze", face, yaw: -1.2, pitch: 0 },
          { ...knee, model: "pose", class: "person", width: 20, height: 20, keypoints: [knee] },
        ],
        results: {},
      },
    });
  }
}

export async function toggleModel(page: Page, model: string, on: boolean): Promise<void> {
  await page.locator(`[data-model^="${model}"]`).setChecked(on);
}

/** Pixels that the bars of the timeline take. */
export const inkOfBars = (page: Page) =>
  page.locator(".track canvas").evaluateAll((canvases) =>
    (canvases as HTMLCanvasElement[]).reduce((sum, canvas) => {
      const context = canvas.getContext("2d") as CanvasRenderingContext2D;
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      return (
        sum + data.filter((_, at) => at % 4 === 3).reduce((ink, opacity) => ink + (opacity > 0 ? 1 : 0), 0)
      );
    }, 0),
  );

/** The example as imported, with the emulator, the clip and two models set, and what a test feeds it. */
export async function startExample(
  userDir: string,
  options: { red?: string; node?: string },
  { url, settings }: Emulator,
): Promise<NodeRed> {
  const flows = readExample("viewer");
  const find = (type: string) => flows.find((node) => node.type === type) as FlowNode;
  find("roboflow-video-account").baseUrl = url;
  find("inject").payload = yard;
  find("roboflow-video-poll").interval = 0.2;
  const model = (modelId: string, inferenceType: string) => ({
    modelId,
    modelVersion: "1",
    inferenceType,
    confidence: 0.2,
    inferenceParams: "",
  });
  find("roboflow-video-start").models = [
    model("boxes", "object-detection"),
    model("shapes", "instance-segmentation"),
  ];
  (find("roboflow-video-download").wires as string[][])[0]?.push("record-frame");
  const own: FlowNode[] = [
    { id: "tab", type: "tab", label: "test" },
    recordNode("frame"),
    ...injectNodes("tell", [find("roboflow-video-viewer").id]),
  ];
  return NodeRed.start({
    ...options,
    userDir,
    flows: [...flows, ...own],
    env: { ROBOFLOW_API_KEY: settings.apiKey, no_proxy: "127.0.0.1", NO_PROXY: "127.0.0.1" },
  });
}
