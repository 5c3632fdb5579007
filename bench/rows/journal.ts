import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { FlowNode } from "../../demo/node-red";
import { Journal } from "../../nodes/runtime/journal/journal";
import { asClipMessage } from "../../nodes/runtime/message";
import type { Bench } from "../bench-context";
import { type Findings, median } from "../figures";
import { pollFlow } from "../gateway/flows";
import { Gateway, type Outcome } from "../gateway/gateway";
import { rounded } from "../table";
import { freezeOf } from "./burst";

/** Entries at either end whose cost is compared. */
const compared = 1000;

/** Thousands of journal entries: one more costs what the first did, and a start reads them all. */
export async function journal({ plan, server, folder }: Bench): Promise<Findings> {
  const userDir = folder("journal");
  const flows = pollFlow(server.url, 3600);
  const costs = await write(path.join(userDir, "roboflow-video"), plan.journal);
  const gateway = await Gateway.start(userDir, flows, { takenUp: plan.journal });
  const sent = await resend(folder("sent"), flows, plan.journal / 2);
  try {
    const outcome = await gateway.outcome();
    const first = median(costs.slice(0, compared));
    const last = median(costs.slice(-compared));
    const work = `${plan.journal.toLocaleString("en-US")} journal entries`;
    return {
      figures: [
        {
          work,
          figure: "read back and taken up",
          value: outcome.seconds,
          unit: "s",
          target: 2,
        },
        { work, ...freezeOf("read back and taken up", outcome) },
        { work, ...freezeOf(`${(plan.journal / 2).toLocaleString("en-US")} of them sent again`, sent) },
        {
          work,
          figure: "one more",
          value: last / first,
          unit: "× the first",
          target: 1.2,
          against: `${rounded(last)} ms; the first ${rounded(first)} ms`,
        },
      ],
    };
  } finally {
    await gateway.stop();
  }
}

/** Takes up what was sent just before the end and is sent again. */
async function resend(userDir: string, flows: FlowNode[], entries: number): Promise<Outcome> {
  await write(path.join(userDir, "roboflow-video"), entries, true);
  const gateway = await Gateway.start(userDir, flows, { takenUp: entries });
  try {
    return await gateway.outcome();
  } finally {
    await gateway.stop();
  }
}

/**
 * @param isSent whether each has been sent on.
 * @returns milliseconds that each entry took.
 */
async function write(root: string, entries: number, isSent = false): Promise<number[]> {
  const journal = new Journal(root);
  const costs: number[] = [];
  for (let job = 0; job < entries; job++) {
    const msg = asClipMessage({
      payload: `job-${job}`,
      roboflow: { id: `clip-${job}`, fileName: "yard.mp4", fileSize: 12_345_678, jobId: `job-${job}` },
    } as never);
    const began = performance.now();
    const { entry } = journal.accept("poll", msg, { durable: true });
    if (isSent) journal.settle(entry, { msg });
    costs.push(performance.now() - began);
    // The disk follows in the background, as it does between messages.
    await delay(0);
  }
  return costs;
}
