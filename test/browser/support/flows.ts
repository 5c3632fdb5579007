import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { makeClips } from "../../support/clips";
import { type FlowNode, injectNodes, type NodeRed, until } from "../../support/node-red";
import { realResult } from "../../support/real-result";

export const apiKey = "editor-key-2718";
export const credentials = { acc: { apiKey } };

/**
 * The four nodes in a row, fed at `/feed/clip`, with a download for each of its outputs. All properties are there. What
 * is fed at `/feed/result` goes to those that have a preview.
 */
export function wholeFlow(baseUrl: string): FlowNode[] {
  const own = { z: "tab", account: "acc" };
  const download = {
    ...own,
    type: "roboflow-video-download",
    name: "",
    url: "payload.output_signed_url",
    urlType: "msg",
    output: "results",
    filename: "",
    minConfidence: 0,
    classes: "",
    skipEmpty: false,
    format: "json",
    gap: 2,
    minDuration: 0,
    resume: true,
    x: 840,
    wires: [[]],
  };
  return [
    { id: "tab", type: "tab", label: "Clips" },
    ...injectNodes("clip", ["up"]),
    ...injectNodes("result", ["events", "frames"]),
    {
      id: "acc",
      type: "roboflow-video-account",
      name: "Yard",
      baseUrl,
      maxUploads: 2,
      jobsPerDay: 0,
      tls: "",
      proxy: "",
    },
    {
      ...own,
      id: "up",
      type: "roboflow-video-upload",
      name: "",
      video: "payload",
      videoType: "msg",
      fileName: "",
      resume: true,
      urlMode: "auto",
      authType: "",
      tls: "",
      wait: 60,
      audio: true,
      keepHours: 24,
      x: 200,
      y: 260,
      wires: [["st"]],
    },
    {
      ...own,
      id: "st",
      type: "roboflow-video-start",
      name: "",
      inputUrl: "payload",
      inputUrlType: "msg",
      inferFps: 5,
      inferFpsType: "num",
      models: [
        {
          modelId: "yard-motion",
          modelVersion: "2",
          inferenceType: "object-detection",
          confidence: 0.4,
          inferenceParams: "",
        },
        {
          modelId: "people-outline",
          modelVersion: "1",
          inferenceType: "instance-segmentation",
          confidence: "",
          inferenceParams: '{"iou_threshold": 0.5}',
        },
      ],
      x: 400,
      y: 260,
      wires: [["po"]],
    },
    {
      ...own,
      id: "po",
      type: "roboflow-video-poll",
      name: "",
      jobId: "payload",
      jobIdType: "msg",
      interval: 60,
      timeout: 24,
      resume: true,
      x: 600,
      y: 260,
      wires: [["results"], []],
    },
    { ...download, id: "results", y: 200 },
    { ...download, id: "events", output: "events", minConfidence: 0.5, minDuration: 1, y: 140 },
    { ...download, id: "frames", output: "frames", minConfidence: 0.5, classes: "person, car", y: 260 },
    { ...download, id: "file", output: "file", filename: "/data/results/{{roboflow.jobId}}.json", y: 320 },
    {
      id: "view",
      type: "roboflow-video-viewer",
      z: "tab",
      name: "",
      path: "/video",
      keepClips: 50,
      x: 840,
      y: 380,
      wires: [],
    },
    {
      id: "fo",
      type: "roboflow-video-folder",
      z: "tab",
      name: "",
      folder: "/no/such/folder",
      subfolders: false,
      extensions: "mp4, m4v, mov, mkv, webm, avi, ts",
      settle: 5,
      existing: false,
      keepDays: 7,
      keepGB: 20,
      x: 200,
      y: 380,
      wires: [[]],
    },
  ];
}

/** The nodes of that flow that have a dialog of ours; the account's is opened from one of these. */
export const ownNodes = ["up", "st", "po", "results", "events", "frames", "file", "view", "fo"];

/** Sends clips through the flow, one after the other, and waits until their jobs are being waited for. */
export async function waitForJobs(nodeRed: NodeRed, names: readonly string[]): Promise<void> {
  const jobs = async () => {
    const answer = await fetch(`${nodeRed.url}/roboflow-video/poll/po/jobs`);
    return ((await answer.json()) as { jobs: unknown[] }).jobs.length;
  };
  let waiting = 0;
  const watch = setInterval(async () => {
    waiting = await jobs();
  }, 200);
  try {
    for (const [index, payload] of makeClips(nodeRed.options.userDir, names).entries()) {
      await nodeRed.inject("clip", { payload });
      await until(
        () => waiting === index + 1,
        20_000,
        () => `${waiting} of ${names.length} jobs are waited for\n${nodeRed.output.slice(-2000)}`,
      );
    }
  } finally {
    clearInterval(watch);
  }
}

/**
 * Serves a result of the real service and feeds it to the nodes with a preview, as that of a clip.
 *
 * @returns ends the server.
 */
export async function feedRealResult(nodeRed: NodeRed, fileName: string): Promise<() => void> {
  const server = createServer((_, response) => response.end(readFileSync(realResult)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const payload = { output_signed_url: `http://127.0.0.1:${port}/result.json` };
  await nodeRed.inject("result", { payload, roboflow: { id: "clip", fileName } });
  return () => server.close();
}
