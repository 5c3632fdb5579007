import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { injectNodes, NodeRed, type NodeRedOptions } from "../../support/node-red";
import { makePlayable, makeVideo, viewerNode } from "../../support/viewer";

/** A message with one frame of a clip that has several. */
export function frameOf(index: number, count: number, predictions: object[], sequence = "s") {
  return {
    parts: { id: sequence, index, count },
    payload: {
      frame: index,
      time: index / 10,
      image: { width: 320, height: 180 },
      predictions,
      results: { "yard/1": null },
    },
  };
}

/** A person from 1.0 to 1.9 s and a car from 1.5 to 2.4 s, and the same once more four seconds later. */
export async function tellFrames(
  nodeRed: NodeRed,
  clip: string,
  roboflow: object = {
    id: "film",
    fileName: "film of a yard.mp4",
    jobId: "job-1",
    inferFps: 10,
    videoPath: clip,
  },
): Promise<void> {
  const [person, car] = [
    { model: "yard/1", class: "person", confidence: 0.9, x: 60, y: 60, width: 40, height: 30 },
    { model: "yard/1", class: "car", confidence: 0.5, x: 200, y: 100, width: 60, height: 40 },
  ];
  for (let index = 0; index < 80; index++) {
    const at = index % 40;
    const seen = [...(at >= 10 && at < 20 ? [person] : []), ...(at >= 15 && at < 25 ? [car] : [])];
    await nodeRed.inject("tell", { roboflow, ...frameOf(index, 80, seen as object[], "film") });
  }
}

/** A viewer, what feeds it, and what makes up a long clip. */
export const viewerFlow = [
  { id: "tab", type: "tab", label: "test" },
  ...injectNodes("tell", ["viewer"]),
  ...injectNodes("make", ["maker"]),
  viewerNode(),
  {
    id: "maker",
    type: "function",
    z: "tab",
    // The frames of a long clip, with things in each that move on circles, some in stretches only.
    func: `const { clip, seconds, perSecond, boxes } = msg;
const count = seconds * perSecond;
const roboflow = { id: "long", fileName: "ten minutes.mp4", inferFps: perSecond, frames: count, videoPath: clip };
const classes = ["person", "car", "dog", "bicycle", "bus", "truck", "cat", "bird"];
for (let index = 0; index < count; index++) {
  const predictions = Array.from({ length: boxes }, (_, n) => ({
    model: "everything/1", class: classes[n % 8], confidence: 0.5 + 0.49 * Math.abs(Math.sin(index / 400 + n)),
    x: 160.123 + 100 * Math.cos(index / 50 + n), y: 90.456 + 50 * Math.sin(index / 50 + n), width: 30.5, height: 20.25,
  }));
  node.send({ roboflow, parts: { id: "long", index, count }, payload: {
    frame: index, time: index / perSecond, image: { width: 320, height: 180 }, predictions, results: { "everything/1": null },
  } });
}`,
    outputs: 1,
    libs: [],
    wires: [["viewer"]],
  },
];

/** A Node-RED with a viewer, and eight seconds of black film that the viewer may play. */
export async function startFilm(options: Pick<NodeRedOptions, "red" | "node">) {
  const folder = mkdtempSync(path.join(tmpdir(), "viewer-film-"));
  const userDir = path.join(folder, "node-red");
  const drawn = "color=c=black:s=320x180:r=10:d=8";
  const film = makeVideo(path.join(folder, "film.mp4"), "-f", "lavfi", "-i", drawn);
  makePlayable(userDir, film);
  const nodeRed = await NodeRed.start({ ...options, userDir, flows: viewerFlow });
  const stop = async () => {
    await nodeRed.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { folder, film, nodeRed, address: `${nodeRed.url}/video`, stop };
}
