import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { type FlowOptions, runNode } from "./helper";
import { serve } from "./local-server";
import type { Msg } from "./messages";

export const box = (name: string, confidence: number) => ({
  x: 1,
  y: 2,
  width: 3,
  height: 4,
  confidence,
  class: name,
  class_id: 0,
});
export const seen = (...predictions: object[]) => ({
  time: 0.07,
  image: { width: 480, height: 360 },
  predictions,
});

/** Three frames: two people and a car, nothing, one dog. */
export const yard = {
  frame_offset: [0, 6, 12],
  time_offset: [0.0, 0.2, 0.4],
  people: [seen(box("person", 0.9), box("car", 0.5), box("person", 0.3)), seen(), seen(box("dog", 0.8))],
};
export const yardCounts = { frames: 3, detections: 4, classes: { person: 2, car: 1, dog: 1 }, nullFrames: 0 };

/** A download node, and a server that has this result. */
export async function downloader(
  t: TestContext,
  properties: Record<string, unknown>,
  result: unknown = yard,
  options: FlowOptions = {},
) {
  const body = typeof result === "string" ? result : JSON.stringify(result);
  const server = await serve(t, (_, response) => {
    response.writeHead(200, {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
    });
    response.end(body);
  });
  const node = await runNode(
    t,
    { type: "roboflow-video-download", ...properties },
    { account: false, ...options },
  );
  const link = `${server.url}/out/results.json?X-Goog-Signature=f00`;
  return { node, server, link, payload: { status: 0, output_signed_url: link } };
}

/** The frames that come out for a result. */
export async function framesOf(
  t: TestContext,
  properties: Record<string, unknown>,
  result: unknown,
  msg: Msg = {},
) {
  const { node, payload } = await downloader(t, { output: "frames", ...properties }, result);
  const delivery = await node.send({ payload, ...msg });
  assert.equal(delivery.caught?.error.message, undefined);
  return (delivery.outputs[0] ?? []) as Msg[];
}
