import type { TestContext } from "node:test";
import { emulatorFor, knownKey } from "./client-of";
import { type FlowOptions, runNode } from "./helper";

/** An upload node beside the emulator. */
export async function uploader(
  t: TestContext,
  properties: Record<string, unknown> = {},
  options: FlowOptions = {},
) {
  const emulator = await emulatorFor(t);
  const node = await runNode(
    t,
    { type: "roboflow-video-upload", ...properties },
    { account: { baseUrl: emulator.url }, apiKey: knownKey, ...options },
  );
  return { emulator, node };
}
