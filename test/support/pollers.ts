import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { Emulator } from "../../emulator/emulator";
import { emulatorFor, knownKey } from "./client-of";
import { detector, post } from "./emulator-calls";
import { type FlowOptions, runNode } from "./helper";

/** A poll node beside the emulator, asking ten times a second. */
export async function poller(
  t: TestContext,
  properties: Record<string, unknown> = {},
  options: FlowOptions = {},
) {
  const emulator = await emulatorFor(t);
  const node = await runNode(
    t,
    { type: "roboflow-video-poll", interval: 0.1, ...properties },
    { account: { baseUrl: emulator.url }, apiKey: knownKey, ...options },
  );
  return { emulator, node };
}

/** Starts a job beside the node. @returns its id */
export async function job(emulator: Emulator, fault?: Parameters<Emulator["fault"]>[0]): Promise<string> {
  if (fault) emulator.fault(fault);
  const { json } = await post(`${emulator.url}/videoinfer/?api_key=${encodeURIComponent(knownKey)}`, {
    input_url: "https://cams.example/yard.mp4",
    infer_fps: 5,
    models: [detector],
  });
  return json.job_id;
}

/** Waits until the emulator was asked for a job so often. */
export async function polled(emulator: Emulator, jobId: string, times: number): Promise<number[]> {
  const end = Date.now() + 5000;
  for (;;) {
    const polls = emulator.ledger.job(jobId)?.polls ?? [];
    if (polls.length >= times) return polls;
    if (Date.now() > end) assert.fail(`${polls.length} polls where ${times} were expected`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** How often the emulator was asked for a job. */
export const pollsOf = (emulator: Emulator, jobId: string) => emulator.ledger.job(jobId)?.polls.length;
