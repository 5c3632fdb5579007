import { writeFileSync } from "node:fs";
import path from "node:path";
import type { Bench } from "../bench-context";
import type { Figure, Findings } from "../figures";
import { type BurstPart, burstFlow } from "../gateway/flows";
import { Gateway, type Outcome } from "../gateway/gateway";
import { makeVideo } from "../materials";
import { rounded } from "../table";

/** Milliseconds of work in which no other flow has its turn, at most. */
const target = 100;

/** One node that is given bursts, one after the other. */
interface Case {
  type: string;
  options?: Record<string, unknown>;
  bursts: { name: string; parts: BurstPart[] }[];
}

/** Thousands of messages in one turn of the event loop: taking them in keeps nobody else waiting. */
export async function burst({ plan, server, files, folder }: Bench): Promise<Findings> {
  const count = plan.burst;
  const video = await makeVideo(files, 0.001);
  writeFileSync(
    path.join(files, "burst.json"),
    JSON.stringify({ frame_offset: [0], time_offset: [0], m: [null] }),
  );
  const model = { modelId: "people/4", inferenceType: "object-detection" };
  /** Messages that each come to an outcome. */
  const outcomes = (name: string, message: object) => ({
    name,
    parts: [{ count, message: { ...message, expected: count } }],
  });
  /** Jobs to wait for, and a reset that names none of them: it is through when all before it have been taken in. */
  const jobs = (name: string, expected: number) => ({
    name,
    parts: [
      { count, message: { payload: "job-#", expected } },
      { count: 1, message: { payload: "none", reset: true, expected: 1 } },
    ],
  });
  const cases: Case[] = [
    {
      type: "function",
      options: { func: "return msg;", outputs: 1, libs: [] },
      bursts: [outcomes("core function node", { payload: "#" })],
    },
    { type: "roboflow-video-upload", bursts: [outcomes("upload", { payload: video })] },
    {
      type: "roboflow-video-start",
      options: { models: [model] },
      bursts: [outcomes("start", { payload: "http://127.0.0.1:9/#.mp4" })],
    },
    {
      type: "roboflow-video-poll",
      options: { interval: 36_000 },
      bursts: [
        jobs("poll", 2 * count),
        {
          name: "resets by job ID",
          parts: [{ count, message: { payload: "job-#", reset: true, expected: 2 * count } }],
        },
        jobs("poll again", count + 1),
        {
          name: "one reset of all",
          parts: [{ count: 1, message: { payload: "", reset: true, expected: count + 1 } }],
        },
      ],
    },
    {
      type: "roboflow-video-download",
      options: { output: "results" },
      bursts: [outcomes("download", { payload: { output_signed_url: `${server.url}/result/burst.json` } })],
    },
  ];

  const figures: Figure[] = [];
  const work = `${count.toLocaleString("en-US")} messages at once`;
  for (const { type, options, bursts } of cases) {
    const gateway = await Gateway.start(folder("burst"), burstFlow(server.url, type, options));
    try {
      for (const { name, parts } of bursts)
        figures.push({ work, ...freezeOf(name, await gateway.burst(parts), type !== "function") });
    } finally {
      await gateway.stop();
    }
  }
  return { figures };
}

/**
 * The longest freeze, by what the event loop's own thread worked in it: on a busy machine it waits for a processor as well.
 *
 * @param isOurs whether there is a target for it.
 */
export const freezeOf = (
  name: string,
  { freeze, freezeWork, seconds }: Outcome,
  isOurs = true,
): Omit<Figure, "work"> => ({
  figure: `longest freeze, ${name}`,
  value: freezeWork,
  unit: "ms",
  ...(isOurs ? { target } : {}),
  against: `${rounded(freeze)} ms by the wall clock; ${rounded(seconds)} s in all`,
});
