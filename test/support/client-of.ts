import type { TestContext } from "node:test";
import { type Emulator, type EmulatorOptions, startEmulator } from "../../emulator/emulator";
import { Network, RoboflowClient } from "../../nodes/roboflow";

/** A key that is found wherever it turns up. */
export const knownKey = "rf_Known+Key/7Qx9vLpZ";

/** A signal that nobody aborts. */
export const unhurried = new AbortController().signal;

export function clientOf(t: TestContext, url: string, key = knownKey): RoboflowClient {
  const network = new Network({ timings: { silence: 1500, idle: 1500 } });
  t.after(() => network.close());
  return new RoboflowClient(url, key, network);
}

/** The emulator with the known key, for one test. Jobs end at once and look at no video. */
export async function emulatorFor(t: TestContext, options: EmulatorOptions = {}): Promise<Emulator> {
  const emulator = await startEmulator({ apiKey: knownKey, jobSeconds: 0, analyse: false, ...options });
  t.after(() => emulator.close());
  return emulator;
}
