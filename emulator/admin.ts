import { type Answer, apiError, json } from "./answers";
import type { FaultOrder, Faults } from "./faults";
import type { Ledger } from "./ledger";
import { applySettings, type EmulatorSettings } from "./settings";
import type { SignedUrls } from "./signed-urls";

export const adminPath = "/__emulator/";

interface Controls {
  ledger: Ledger;
  faults: Faults;
  settings: EmulatorSettings;
  signedUrls: SignedUrls;
}

/**
 * What a test in another process can ask and order. Needs no key, stands in no ledger, meets no fault.
 *
 * - `GET /__emulator/ledger` → LedgerSnapshot; `DELETE` forgets it
 * - `GET /__emulator/faults` → what is still to happen; `POST` one order or an array of them; `DELETE` clears
 * - `GET /__emulator/settings` → EmulatorSettings; `POST` some of them
 * - `POST /__emulator/expire-links` → every signed link given out so far has expired
 */
export function adminAnswer(method: string, pathname: string, body: unknown, controls: Controls): Answer {
  const { ledger, faults, settings, signedUrls } = controls;
  try {
    switch (`${method} ${pathname.slice(adminPath.length).replace(/\/$/, "")}`) {
      case "GET ledger":
        return json(200, ledger);
      case "DELETE ledger":
        ledger.clear();
        return json(200, ledger);
      case "GET faults":
        return json(200, faults.pending());
      case "POST faults":
        for (const order of [body].flat()) faults.order(order as FaultOrder);
        return json(200, faults.pending());
      case "DELETE faults":
        faults.clear();
        return json(200, faults.pending());
      case "GET settings":
        return json(200, settings);
      case "POST settings":
        applySettings(settings, body as Record<string, unknown>);
        return json(200, settings);
      case "POST expire-links":
        signedUrls.expireAll();
        return json(200, {});
      default:
        return apiError(404, "the emulator has no such switch", { shape: "text" });
    }
  } catch (error) {
    return apiError(422, (error as Error).message, { shape: "text" });
  }
}
