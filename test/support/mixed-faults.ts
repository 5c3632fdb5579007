import type { FaultOrder } from "../../emulator/faults";

/** What can go wrong, each for the clips whose number ends so. Left out: what takes minutes by design. */
const faults: Record<string, Omit<FaultOrder, "match" | "count">> = {
  "00": { kind: "signed-url", do: "answer", status: 500 },
  "07": { kind: "signed-url", do: "not-json" },
  "11": { kind: "put", do: "reset-mid-body", afterBytes: 1000 },
  "14": { kind: "put", do: "answer", status: 403 },
  "18": { kind: "put", do: "answer", status: 413, early: true },
  "21": { kind: "start", do: "reset-after" },
  "25": { kind: "start", do: "answer", status: 402 },
  "28": { kind: "start", do: "answer", status: 503 },
  "33": { kind: "start", do: "truncated" },
  "36": { kind: "status", do: "answer", status: 502 },
  "41": { kind: "status", do: "reset" },
  "44": { kind: "job", do: "fail", status: 2 },
  "47": { kind: "job", do: "no-link" },
  "52": { kind: "result", do: "reset-mid-body" },
  "55": { kind: "result", do: "truncated" },
  "58": { kind: "result", do: "gzip" },
  "63": { kind: "result", do: "cut" },
  "66": { kind: "result", do: "answer", status: 404 },
  "71": { kind: "result", do: "slow", bytesPerSecond: 1000 },
};

/** What is to go wrong with a clip, if anything: a fifth of them have something, by the last two digits of their number. */
export const mixedFault = (name: string): Omit<FaultOrder, "match" | "count"> | undefined =>
  faults[name.slice(-6, -4)];
