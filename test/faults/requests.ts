import { truncateSync } from "node:fs";
import type { TestContext } from "node:test";
import type { Emulator } from "../../emulator/emulator";
import type { RequestKind } from "../../emulator/ledger";
import { recording, writeTo } from "../support/recordings";
import { modelList, type NodeSetting, type Seen, throughNode } from "./one-node";

/** The request that goes wrong, and the node that makes it. */
export interface RequestRow {
  kind: RequestKind;
  /** Prepares what it takes, lets things go wrong from there on, and sends one message through the node. */
  run(t: TestContext, world: World): Promise<Seen>;
}

export interface World {
  emulator: Emulator;
  /** The emulator's address through the front. */
  front: string;
  folder: string;
  apiKey: string;
  /** Seconds that a poll node waits. */
  limit: number;
  /** From here on the request goes wrong. */
  impose(): Promise<void>;
  /** Whether the video is too large to disappear in the buffers of the connection. */
  large: boolean;
}

const largeVideo = 16 * 1024 * 1024;
export const clipId = "clip-under-test";

const model = { modelId: "yard-motion", modelVersion: "1", inferenceType: "object-detection" };

async function throughOne(
  t: TestContext,
  { apiKey, folder, emulator, impose }: World,
  setting: Omit<NodeSetting, "apiKey" | "userDir">,
): Promise<Seen> {
  emulator.ledger.clear();
  await impose();
  const msg = { ...setting.msg, roboflow: { id: clipId, ...(setting.msg.roboflow as object) } };
  return throughNode(t, { apiKey, userDir: folder, ...setting, msg });
}

function upload(t: TestContext, world: World, baseUrl: string): Promise<Seen> {
  const file = writeTo(world.folder, "yard.mp4", recording("mp4", 300_000));
  if (world.large) truncateSync(file, largeVideo);
  return throughOne(t, world, { type: "upload", account: { baseUrl }, msg: { payload: file } });
}

/** Uploads a clip and starts its job, past the front. */
export async function startedJob({ emulator, apiKey }: Pick<World, "emulator" | "apiKey">): Promise<string> {
  const ask = async (path: string, body: object) => {
    const url = `${emulator.url}${path}?api_key=${encodeURIComponent(apiKey)}`;
    return (await fetch(url, { method: "POST", body: JSON.stringify(body) })).json() as Promise<any>;
  };
  const { signed_url } = await ask("/video_upload_signed_url/", { file_name: "yard.mp4" });
  const headers = { "content-type": "application/octet-stream" };
  await fetch(signed_url, { method: "PUT", body: recording() as never, headers });
  const models = [{ model_id: "yard-motion", model_version: "1", inference_type: "object-detection" }];
  return (await ask("/videoinfer/", { input_url: signed_url, infer_fps: 5, models })).job_id;
}

export async function finishedJob(
  world: Pick<World, "emulator" | "apiKey" | "front">,
): Promise<{ jobId: string; outputUrl: string }> {
  const jobId = await startedJob(world);
  world.emulator.set({ storageUrl: world.front });
  const url = `${world.emulator.url}/videoinfer/?api_key=${encodeURIComponent(world.apiKey)}&job_id=${jobId}`;
  for (;;) {
    const { output_signed_url } = (await (await fetch(url)).json()) as any;
    if (output_signed_url) return { jobId, outputUrl: output_signed_url };
  }
}

/** Each request that the nodes make, by the name that the table shows. */
export const requestRows = {
  "signed URL": {
    kind: "signed-url",
    run: (t, world) => upload(t, world, world.front),
  },
  PUT: {
    kind: "put",
    run: (t, world) => {
      world.emulator.set({ storageUrl: world.front });
      return upload(t, world, world.emulator.url);
    },
  },
  start: {
    kind: "start",
    run: async (t, world) => {
      const msg = { payload: "https://cameras.example/yard.mp4?X-Goog-Signature=5ecre7" };
      return throughOne(t, world, {
        type: "start",
        account: { baseUrl: world.front },
        properties: { models: [model] },
        msg,
      });
    },
  },
  status: {
    kind: "status",
    run: async (t, world) => {
      const { jobId } = await finishedJob(world);
      return throughOne(t, world, {
        type: "poll",
        account: { baseUrl: world.front },
        properties: { interval: 0.1, timeout: world.limit / 3600 },
        msg: { payload: jobId },
      });
    },
  },
  result: {
    kind: "result",
    run: async (t, world) => {
      const { jobId, outputUrl } = await finishedJob(world);
      return throughOne(t, world, {
        type: "download",
        account: { baseUrl: world.emulator.url },
        properties: { output: "results" },
        msg: { payload: { output_signed_url: outputUrl }, roboflow: { jobId } },
      });
    },
  },
  "model list": {
    kind: "key",
    run: async (t, { front, apiKey, folder, emulator, impose }) => {
      emulator.ledger.clear();
      await impose();
      return modelList(t, { account: { baseUrl: front }, apiKey, userDir: folder, clip: { id: clipId } });
    },
  },
} satisfies Record<string, RequestRow>;

export type RequestName = keyof typeof requestRows;
