import { after, before } from "node:test";
import type { Browser } from "playwright-core";
import { type Emulator, type EmulatorOptions, startEmulator } from "../../../emulator/emulator";
import { launchChromium } from "../../support/chromium";
import { apiKey } from "./flows";

/** What the tests of one file share; there from its first test to its last. */
export interface Stage {
  roboflow: Emulator;
  browser: Browser;
}

/** Starts an emulator and a Chromium before the tests of this file, and ends them after. */
export function openStage(options: EmulatorOptions): Stage {
  const stage = {} as Stage;
  before(async () => {
    stage.roboflow = await startEmulator({ apiKey, ...options });
    stage.browser = await launchChromium();
  });
  after(async () => {
    await stage.browser?.close();
    await stage.roboflow?.close();
  });
  return stage;
}
