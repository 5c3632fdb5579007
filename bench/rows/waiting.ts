import { setTimeout as delay } from "node:timers/promises";
import type { Bench } from "../bench-context";
import { type Findings, megabyte } from "../figures";
import { pollFlow } from "../gateway/flows";
import { Gateway } from "../gateway/gateway";
import { peakMemory, processorTime } from "../gateway/process-figures";
import { rounded } from "../table";

/** Milliseconds of the window in which a burst would show. */
const window = 500;

/** Thousands of jobs waiting in one poll node: cheap, spread out, and on time as the server sees it. */
export async function manyJobsWaiting({ plan, server, folder }: Bench): Promise<Findings> {
  const { jobs, interval, intervals } = plan.waiting;
  const gateway = await Gateway.start(folder("waiting"), pollFlow(server.url, interval));
  const { nodeRed } = gateway;
  try {
    await server.clear();
    await nodeRed.inject("job", { jobs });
    // The first round is for what all jobs need once.
    await delay(1000 * interval);
    const before = processorTime(nodeRed.pid);
    const watched = interval * (intervals - 1);
    await delay(1000 * watched);
    const cpu = (processorTime(nodeRed.pid) - before) / watched;
    const memory = peakMemory(nodeRed.pid) - gateway.idle;
    const { polls, mostConnections } = await server.report();

    const seen = Object.values(polls);
    if (seen.length !== jobs) throw new Error(`${seen.length} of ${jobs} jobs were polled`);
    const gaps = seen.flatMap(({ asked, answered }) =>
      asked.slice(1).map((time, index) => time - (answered[index] as number)),
    );
    const lateness = gaps.map((gap) => gap - 1000 * interval).sort((one, other) => one - other);
    const late99 = lateness[Math.floor(0.99 * lateness.length)] ?? Number.NaN;
    const fewest = Math.min(...seen.map(({ asked }) => asked.length));
    const times = seen.flatMap(({ asked }) => asked).sort((one, other) => one - other);
    const even = (jobs / (1000 * interval)) * window;

    const work = `${jobs.toLocaleString("en-US")} jobs waiting, ${interval} s`;
    return {
      figures: [
        { work, figure: "missed intervals", value: Math.max(0, intervals - 1 - fewest), unit: "", target: 0 },
        {
          work,
          figure: "busiest half second",
          value: busiest(times) / even,
          unit: "× even rate",
          target: 2.5,
          against: `${rounded(even)} polls are even`,
        },
        {
          work,
          figure: "memory a job",
          value: memory / jobs / 1000,
          unit: "kB",
          // What is loaded once, and what the polls of a moment take, counts with few jobs as if it were theirs.
          ...(jobs >= 10_000 ? { target: 16 } : {}),
        },
        { work, figure: "processor", value: 100 * cpu, unit: "% of a core", target: 20 },
        {
          work,
          figure: "99 in 100 late by less than",
          value: late99 / 1000,
          unit: "s",
          target: 0.5,
          against: `worst ${rounded((lateness.at(-1) ?? 0) / 1000)} s of ${gaps.length.toLocaleString("en-US")} polls`,
        },
        {
          work,
          figure: "too soon",
          value: lateness.filter((late) => late < 0).length,
          unit: "polls",
          target: 0,
          against: `earliest ${rounded(lateness[0] ?? 0)} ms after the interval`,
        },
        {
          work,
          figure: "connections",
          value: mostConnections,
          unit: "",
          target: 64,
          against: `memory ${rounded(memory / megabyte)} MB over idle`,
        },
      ],
    };
  } finally {
    await gateway.stop();
  }
}

/** The most that came within any half second. */
function busiest(times: number[]): number {
  let most = 0;
  for (let first = 0, last = 0; last < times.length; last++) {
    while ((times[last] as number) - (times[first] as number) >= window) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}
