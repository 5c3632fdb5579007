import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Journal } from "../../nodes/runtime/journal/journal";
import { asClipMessage } from "../../nodes/runtime/message";
import type { Bench } from "../bench-context";
import { type Findings, median } from "../figures";
import { pollFlow } from "../gateway/flows";
import { Gateway } from "../gateway/gateway";
import { rounded } from "../table";

/** Entries at either end whose cost is compared. */
const compared = 1000;

/** Thousands of journal entries: one more costs what the first did, and a start reads them all. */
export async function journal({ plan, server, folder }: Bench): Promise<Findings> {
  const userDir = folder("journal");
  const flows = pollFlow(server.url, 3600);
  const costs = await write(path.join(userDir, "roboflow-video"), plan.journal);
  const gateway = await Gateway.start(userDir, flows, { takenUp: plan.journal });
  try {
    const { seconds, freeze } = await gateway.outcome();
    const first = median(costs.slice(0, compared));
    const last = median(costs.slice(-compared));
    const work = `${plan.journal.toLocaleString("en-US")} journal entries`;
    return {
      figures: [
        {
          work,
          figure: "read back and taken up",
          value: seconds,
          unit: "s",
          bar: 2,
          against: `longest freeze ${rounded(freeze)} ms`,
        },
        {
          work,
          figure: "one more",
          value: last / first,
          unit: "× the first",
          bar: 1.2,
          against: `${rounded(last)} ms; the first ${rounded(first)} ms`,
        },
      ],
    };
  } finally {
    await gateway.stop();
  }
}

/** Milliseconds that each entry took. */
async function write(root: string, entries: number): Promise<number[]> {
  const journal = new Journal(root);
  const costs: number[] = [];
  for (let job = 0; job < entries; job++) {
    const msg = asClipMessage({
      payload: `job-${job}`,
      roboflow: { id: `clip-${job}`, fileName: "yard.mp4", fileSize: 12_345_678, jobId: `job-${job}` },
    } as never);
    const began = performance.now();
    journal.accept("poll", msg, { durable: true });
    costs.push(performance.now() - began);
    // The disk follows in the background, as it does between messages.
    await delay(0);
  }
  return costs;
}
