import { rm, truncate } from "node:fs/promises";
import { largestTransportStream } from "../../nodes/media";
import type { Bench } from "../bench-context";
import { type Figure, type Findings, median, medianOf, megabyte } from "../figures";
import { uploadFlow } from "../gateway/flows";
import { Gateway, type Measured } from "../gateway/gateway";
import { makeClip, makeVideo } from "../materials";
import { curlDownload, curlUpload } from "../rivals";
import { rounded } from "../table";
import { sample, succeeded } from "./sample";

const memoryOf = (samples: Measured[], work: string, target: number): Figure => ({
  work,
  figure: "memory over idle",
  value: medianOf(samples, (one) => one.memory) / megabyte,
  unit: "MB",
  target,
  against: `longest freeze ${rounded(medianOf(samples, (one) => one.freeze))} ms`,
});

/** A clip of a camera in this network: fetched and uploaded, with and without a length announced. */
export async function fetchClips({ plan, server, files, folder }: Bench): Promise<Findings> {
  const findings: Findings = { figures: [] };
  const { file, name } = await makeClip(files, "mp4", plan.clip);
  const putUrl = `${server.url}/put/curl`;
  const gateway = await Gateway.start(folder("fetch"), uploadFlow(server.url, { keepHours: 0 }));
  try {
    for (const [what, url] of [
      ["with", `${server.url}/result/${name}`],
      ["without", `${server.url}/chunked/${name}`],
    ] as const) {
      const curl: number[] = [];
      const samples = await sample(plan.rounds, async () => {
        const copy = `${file}.copy`;
        curl.push((await curlDownload(url, copy)) + (await curlUpload(copy, putUrl)));
        await rm(copy);
        return succeeded(await gateway.measure({ payload: url }));
      });
      const work = `fetch and upload a clip of ${rounded(plan.clip)} MB, ${what} Content-Length`;
      const seconds = medianOf(samples, (one) => one.seconds);
      findings.figures.push(memoryOf(samples, work, 64), {
        work,
        figure: "time",
        value: seconds / median(curl),
        unit: "× curl",
        target: 1.5,
        against: `${rounded(seconds)} s; curl -o and curl -T ${rounded(median(curl))} s`,
      });
    }
  } finally {
    await gateway.stop();
    await rm(file);
  }
  return findings;
}

/** A clip with an index is looked into before it is uploaded; one that has none, of the same size, is not. */
export async function lookIntoClip({ plan, server, files, folder }: Bench): Promise<Findings> {
  const { file } = await makeClip(files, "mp4", plan.clip);
  const hollow = await makeVideo(files, plan.clip);
  const gateway = await Gateway.start(folder("look"), uploadFlow(server.url));
  try {
    const without: number[] = [];
    const samples = await sample(plan.rounds, async () => {
      without.push(succeeded(await gateway.measure({ payload: hollow })).seconds);
      return succeeded(await gateway.measure({ payload: file }));
    });
    const work = `upload a clip of ${rounded(plan.clip)} MB that is looked into`;
    const seconds = medianOf(samples, (one) => one.seconds);
    return {
      figures: [
        memoryOf(samples, work, 96),
        {
          work,
          figure: "more time than without",
          value: seconds - median(without),
          unit: "s",
          target: 1,
          against: `${rounded(seconds)} s; without ${rounded(median(without))} s`,
        },
      ],
    };
  } finally {
    await gateway.stop();
    await rm(file);
  }
}

/** Clips that are rewritten before they are uploaded. */
export async function rewriteClips({ plan, server, files, folder }: Bench): Promise<Findings> {
  const findings: Findings = { figures: [] };
  for (const [kind, size, options, what] of [
    ["mov", plan.clip, {}, "a mov made an mp4"],
    ["mp4", plan.clip, { audio: false }, "an mp4 without its sound"],
    ["ts", largestTransportStream / megabyte, {}, "an MPEG-TS made an mp4"],
  ] as const) {
    // A stream may end anywhere: the largest that is taken, to the packet.
    const { file } = await makeClip(files, kind, kind === "ts" ? 1.1 * size : size);
    if (kind === "ts") await truncate(file, largestTransportStream - (largestTransportStream % 188));
    const gateway = await Gateway.start(
      folder("rewrite"),
      uploadFlow(server.url, { ...options, keepHours: 0 }),
    );
    try {
      const samples = await sample(plan.rounds, async () =>
        succeeded(await gateway.measure({ payload: file })),
      );
      const work = `rewrite and upload ${rounded(size)} MB: ${what}`;
      findings.figures.push(memoryOf(samples, work, 200), {
        work,
        figure: "time",
        value: medianOf(samples, (one) => one.seconds),
        unit: "s",
      });
    } finally {
      await gateway.stop();
      await rm(file);
    }
  }
  return findings;
}
