import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { FaultOrder } from "./faults";
import type { LedgerSnapshot } from "./ledger";
import type { EmulatorSettings } from "./settings";

/** An emulator in a process of its own, driven over its admin endpoints. */
export interface EmulatorProcess {
  url: string;
  pid: number;
  ledger(): Promise<LedgerSnapshot>;
  clearLedger(): Promise<void>;
  fault(...orders: FaultOrder[]): Promise<void>;
  clearFaults(): Promise<void>;
  set(changes: Partial<EmulatorSettings>): Promise<void>;
  /** Every signed link given out so far has expired. */
  expireLinks(): Promise<void>;
  /** Ends the process, which deletes its files. */
  stop(): Promise<void>;
}

/**
 * Starts `main.ts` as a child.
 * @param flags as on the command line, for example `["--job-seconds", "1"]`
 */
export async function startEmulatorProcess(flags: string[] = []): Promise<EmulatorProcess> {
  const root = join(__dirname, "..");
  const child = spawn(process.execPath, ["--import", "tsx", join(__dirname, "main.ts"), ...flags], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  const [line] = await Promise.race([
    once(createInterface({ input: child.stdout }), "line"),
    ended.then(([code]) => Promise.reject(new Error(`the emulator ended with ${code} before it was ready`))),
  ]);
  const url = /https?:\/\/\S+/.exec(line)?.[0];
  if (!url) throw new Error(`no address in the emulator's first line: ${line}`);

  const ask = async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(`${url}/__emulator/${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`emulator: ${await answer.text()}`);
    return answer.json();
  };
  return {
    url,
    pid: child.pid ?? 0,
    ledger: async () => (await ask("GET", "ledger")) as LedgerSnapshot,
    clearLedger: async () => void (await ask("DELETE", "ledger")),
    fault: async (...orders) => void (await ask("POST", "faults", orders)),
    clearFaults: async () => void (await ask("DELETE", "faults")),
    set: async (changes) => void (await ask("POST", "settings", changes)),
    expireLinks: async () => void (await ask("POST", "expire-links")),
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
