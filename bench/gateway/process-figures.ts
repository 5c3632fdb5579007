import { readFileSync, writeFileSync } from "node:fs";

const kib = 1024;
/** What Linux counts processor time in, for every process. */
const ticksASecond = 100;

/** Bytes of memory that a process holds now. */
export const residentMemory = (pid: number): number => field(pid, "VmRSS");

/** The most bytes of memory that a process has held since {@link forgetPeak}. */
export const peakMemory = (pid: number): number => field(pid, "VmHWM");

/** Begins a new peak, at what the process holds now. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

function field(pid: number, name: string): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const found = new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status);
  if (!found) throw new Error(`/proc/${pid}/status has no ${name}: memory is measured on Linux only`);
  return Number(found[1]) * kib;
}

/** Seconds of processor time that a process has used so far. */
export function processorTime(pid: number): number {
  // The name in parentheses may hold spaces; user and system time are the 14th and 15th field.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / ticksASecond;
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
