import type { Bench } from "../bench-context";
import { type Findings, medianOf, megabyte } from "../figures";
import { coreUploadFlow, uploadFlow } from "../gateway/flows";
import { Gateway, type Measured } from "../gateway/gateway";
import { makeVideo } from "../materials";
import { curlUpload } from "../rivals";
import { rounded } from "../table";
import { sample, succeeded } from "./sample";

/** A file by its path: flat memory, and nearly as fast as curl. */
export async function uploadByPath({ plan, server, files, folder }: Bench): Promise<Findings> {
  const findings: Required<Findings> = { figures: [], points: [] };
  const putUrl = `${server.url}/put/curl`;
  const gateway = await Gateway.start(folder("upload"), uploadFlow(server.url));
  try {
    for (const size of plan.videos) {
      const video = await makeVideo(files, size);
      await curlUpload(video, putUrl);
      const curl: number[] = [];
      const samples = await sample(plan.rounds, async () => {
        curl.push(await curlUpload(video, putUrl));
        return succeeded(await gateway.measure({ payload: video }));
      });
      const work = `upload a file of ${rounded(size)} MB`;
      const seconds = medianOf(samples, (one) => one.seconds);
      const memory = medianOf(samples, (one) => one.memory) / megabyte;
      const curlSeconds = medianOf(curl, (one) => one);
      findings.figures.push({ work, figure: "memory over idle", value: memory, unit: "MB", target: 64 });
      findings.figures.push({
        work,
        figure: "time",
        value: seconds / curlSeconds,
        unit: "× curl",
        // What is over in a blink is mostly start-up, of either.
        ...(size === plan.videos.at(-1) ? { target: 1.3 } : {}),
        against: `${rounded(seconds)} s; curl ${rounded(curlSeconds)} s`,
      });
      findings.points.push({ series: "upload", size, memory });
    }
  } finally {
    await gateway.stop();
  }
  return findings;
}

/** The same built of core nodes: file in → http request. */
export async function uploadByCoreNodes({ plan, server, files, folder }: Bench): Promise<Findings> {
  const findings: Required<Findings> = { figures: [], points: [] };
  for (const size of plan.core.videos) {
    const video = await makeVideo(files, size);
    const gateway = await Gateway.start(folder("core-upload"), coreUploadFlow());
    try {
      const { seconds, memory, freeze } = succeeded(
        await gateway.measure({ payload: video, url: `${server.url}/put/core` }),
      );
      const work = `core nodes: upload a file of ${rounded(size)} MB`;
      findings.figures.push({
        work,
        figure: "memory over idle",
        value: memory / megabyte,
        unit: "MB",
        against: `${rounded(seconds)} s, freeze ${rounded(freeze)} ms`,
      });
      findings.points.push({ series: "upload, core nodes", size, memory: memory / megabyte });
    } finally {
      await gateway.stop();
    }
  }
  return findings;
}

/** A Buffer made by a function node: no second copy of it. */
export async function uploadBuffer({ plan, server, folder }: Bench): Promise<Findings> {
  const bytes = plan.buffer * megabyte;
  const samples: Measured[] = await sample(plan.rounds, async () => {
    const gateway = await Gateway.start(folder("buffer"), uploadFlow(server.url));
    try {
      return succeeded(await gateway.measure({ size: bytes }));
    } finally {
      await gateway.stop();
    }
  });
  return {
    figures: [
      {
        work: `upload a Buffer of ${plan.buffer} MB`,
        figure: "memory over the Buffer",
        value: (medianOf(samples, (one) => one.memory) - bytes) / megabyte,
        unit: "MB",
        target: 32,
        against: `${rounded(medianOf(samples, (one) => one.seconds))} s`,
      },
    ],
  };
}

/** Many at once: the account lets two go at a time. */
export async function uploadMany({ plan, server, files, folder }: Bench): Promise<Findings> {
  const { copies, size } = plan.parallel;
  const video = await makeVideo(files, size);
  const gateway = await Gateway.start(folder("parallel"), uploadFlow(server.url));
  try {
    await server.clear();
    const { memory, seconds, freeze } = succeeded(await gateway.measure({ payload: video, copies }));
    const { mostPuts, received } = await server.report();
    const sent = copies * Math.round(size * megabyte);
    if (received !== sent) throw new Error(`${received} bytes arrived of ${sent}`);
    const work = `${copies} uploads of ${rounded(size)} MB at once`;
    return {
      figures: [
        { work, figure: "memory over idle", value: memory / megabyte, unit: "MB", target: 96 },
        { work, figure: "at a time", value: mostPuts, unit: "uploads", target: 2 },
        {
          work,
          figure: "longest freeze",
          value: freeze,
          unit: "ms",
          against: `${rounded(received / megabyte / seconds)} MB/s`,
        },
      ],
    };
  } finally {
    await gateway.stop();
  }
}
