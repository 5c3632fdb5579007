import { rmSync } from "node:fs";
import path from "node:path";
import type { Bench } from "../bench-context";
import { type Figure, type Findings, medianOf, megabyte } from "../figures";
import { coreFramesFlow, downloadFlow } from "../gateway/flows";
import { Gateway, type Measured } from "../gateway/gateway";
import { type MadeResult, makeResultFile } from "../materials";
import { curlDownload, parseOnce } from "../rivals";
import { rounded } from "../table";
import { sample, succeeded } from "./sample";

const jobFor = ({ server }: Bench, { name }: MadeResult) => ({
  payload: { output_signed_url: `${server.url}/result/${name}` },
});

/** Output `file`: nearly as fast as curl. */
export async function downloadFile(bench: Bench): Promise<Findings> {
  const { plan, server, files, folder } = bench;
  const result = await makeResultFile(files, plan.file);
  const target = path.join(files, "downloaded.json");
  const url = `${server.url}/result/${result.name}`;
  const gateway = await Gateway.start(folder("file"), downloadFlow({ output: "file", filename: target }));
  try {
    // One of each that does not count: the server reads the file for the first time, Node-RED loads its HTTP library.
    await curlDownload(url, target);
    rmSync(target);
    succeeded(await gateway.measure(jobFor(bench, result)));
    const curl: number[] = [];
    const samples = await sample(plan.rounds, async () => {
      rmSync(target);
      curl.push(await curlDownload(url, target));
      rmSync(target);
      return succeeded(await gateway.measure(jobFor(bench, result)));
    });
    const seconds = medianOf(samples, (one) => one.seconds);
    const curlSeconds = medianOf(curl, (one) => one);
    const work = `file, a result of ${plan.file} MB`;
    return {
      figures: [
        {
          work,
          figure: "memory over idle",
          value: medianOf(samples, (one) => one.memory) / megabyte,
          unit: "MB",
          target: 64,
        },
        {
          work,
          figure: "time",
          value: seconds / curlSeconds,
          unit: "× curl",
          target: 1.6,
          against: `${rounded(seconds)} s; curl ${rounded(curlSeconds)} s`,
        },
      ],
    };
  } finally {
    await gateway.stop();
    rmSync(target, { force: true });
  }
}

/** Output `frames`: one message a frame, at any size, without a freeze. */
export async function downloadFrames(bench: Bench): Promise<Findings> {
  const { plan, files, folder } = bench;
  const findings: Required<Findings> = { figures: [], points: [] };
  for (const size of plan.frames) {
    const result = await makeResultFile(files, size);
    const gateway = await Gateway.start(folder("frames"), downloadFlow({ output: "frames" }));
    try {
      const parse: number[] = [];
      const canBeParsed = size * megabyte < 5e8;
      const samples = await sample(plan.rounds, async () => {
        if (canBeParsed) parse.push((await parseOnce(result.file)).seconds);
        return complete(await gateway.measure(jobFor(bench, result)), result);
      });
      const work = `frames, a result of ${size} MB`;
      const memory = medianOf(samples, (one) => one.memory) / megabyte;
      const seconds = medianOf(samples, (one) => one.seconds);
      const pace = `${rounded(result.frames / seconds)} frames/s, ${rounded(size / seconds)} MB/s`;
      const figures: Figure[] = [
        { work, figure: "memory over idle", value: memory, unit: "MB", target: 96, against: pace },
        {
          work,
          figure: "longest freeze",
          value: medianOf(samples, (one) => one.freeze),
          unit: "ms",
          target: 40,
          against: `${rounded(medianOf(samples, (one) => one.freezeWork))} ms of processor time in it`,
        },
      ];
      if (canBeParsed) {
        const parseSeconds = medianOf(parse, (one) => one);
        figures.push({
          work,
          figure: "time",
          value: seconds / parseSeconds,
          unit: "× JSON.parse",
          ...(size >= 300 ? { target: 2 } : {}),
          against: `${rounded(seconds)} s; JSON.parse ${rounded(parseSeconds)} s`,
        });
      } else
        figures.push({ work, figure: "time", value: seconds, unit: "s", against: "JSON.parse: impossible" });
      findings.figures.push(...figures);
      findings.points.push({ series: "frames", size, memory });
    } finally {
      await gateway.stop();
    }
  }
  return findings;
}

/** With filters there is less to send, and it must not take longer. */
export async function downloadFiltered(bench: Bench): Promise<Findings> {
  const { plan, files, folder } = bench;
  const result = await makeResultFile(files, plan.filtered);
  const filters = { minConfidence: 0.9, classes: "person, dog", skipEmpty: true };
  const plain = await Gateway.start(folder("plain"), downloadFlow({ output: "frames" }));
  const filtered = await Gateway.start(folder("filtered"), downloadFlow({ output: "frames", ...filters }));
  try {
    const without: Measured[] = [];
    const samples = await sample(plan.rounds, async () => {
      without.push(complete(await plain.measure(jobFor(bench, result)), result));
      return succeeded(await filtered.measure(jobFor(bench, result)));
    });
    const seconds = medianOf(samples, (one) => one.seconds);
    const plainSeconds = medianOf(without, (one) => one.seconds);
    return {
      figures: [
        {
          work: `frames, filters and skipEmpty, ${plan.filtered} MB`,
          figure: "time",
          value: seconds / plainSeconds,
          unit: "× without",
          target: 1.05,
          against: `${rounded(seconds)} s; without ${rounded(plainSeconds)} s`,
        },
      ],
    };
  } finally {
    await plain.stop();
    await filtered.stop();
  }
}

/** Outputs `events` and `summary`: read as `frames` are, with nothing to send for most of them. */
export async function downloadEvents(bench: Bench): Promise<Findings> {
  const { plan, files, folder } = bench;
  const result = await makeResultFile(files, plan.filtered);
  const figures: Figure[] = [];
  const frames = await Gateway.start(folder("frames"), downloadFlow({ output: "frames" }));
  try {
    for (const output of ["events", "summary"]) {
      const gateway = await Gateway.start(folder(output), downloadFlow({ output }));
      try {
        const asFrames: Measured[] = [];
        const samples = await sample(plan.rounds, async () => {
          asFrames.push(complete(await frames.measure(jobFor(bench, result)), result));
          return succeeded(await gateway.measure(jobFor(bench, result)));
        });
        const work = `${output}, a result of ${plan.filtered} MB`;
        const seconds = medianOf(samples, (one) => one.seconds);
        const framesSeconds = medianOf(asFrames, (one) => one.seconds);
        figures.push(
          {
            work,
            figure: "memory over idle",
            value: medianOf(samples, (one) => one.memory) / megabyte,
            unit: "MB",
            target: 96,
          },
          {
            work,
            figure: "time",
            value: seconds / framesSeconds,
            unit: "× frames",
            target: 1,
            against: `${rounded(seconds)} s; frames ${rounded(framesSeconds)} s`,
          },
        );
      } finally {
        await gateway.stop();
      }
    }
  } finally {
    await frames.stop();
  }
  return { figures };
}

/** Output `results`: one value, without blocking other flows for as long as one JSON.parse does. */
export async function downloadResults(bench: Bench): Promise<Findings> {
  const { plan, files, folder } = bench;
  const figures: Figure[] = [];
  for (const size of plan.results) {
    const result = await makeResultFile(files, size);
    const gateway = await Gateway.start(folder("results"), downloadFlow({ output: "results" }));
    try {
      const parse: number[] = [];
      const samples = await sample(plan.rounds, async () => {
        parse.push((await parseOnce(result.file)).seconds);
        return succeeded(await gateway.measure(jobFor(bench, result)));
      });
      const work = `results, ${size} MB`;
      const seconds = medianOf(samples, (one) => one.seconds);
      const parseSeconds = medianOf(parse, (one) => one);
      const isLarge = size >= 100;
      figures.push(
        {
          work,
          figure: "longest freeze",
          value: medianOf(samples, (one) => one.freeze),
          unit: "ms",
          ...(isLarge ? { target: 100 } : {}),
          against: `${rounded(medianOf(samples, (one) => one.freezeWork))} ms of processor time in it`,
        },
        {
          work,
          figure: "time",
          value: seconds / parseSeconds,
          unit: "× JSON.parse",
          ...(isLarge ? { target: 2 } : {}),
          against: `${rounded(seconds)} s; JSON.parse ${rounded(parseSeconds)} s`,
        },
        {
          work,
          figure: "memory over idle",
          value: medianOf(samples, (one) => one.memory) / megabyte,
          unit: "MB",
        },
      );
    } finally {
      await gateway.stop();
    }
  }
  return { figures };
}

const tooLarge = 700_000_000;

/** Output `results` of what cannot be one value. */
export async function refuseTooLarge({ server, folder }: Bench): Promise<Findings> {
  const gateway = await Gateway.start(folder("too-large"), downloadFlow({ output: "results" }));
  const received = async (kind: "announced" | "unannounced") => {
    await server.clear();
    const url = `${server.url}/${kind}/${tooLarge}`;
    const { code, seconds } = await gateway.measure({ payload: { output_signed_url: url } });
    if (code !== "RESULT_TOO_LARGE") throw new Error(`${kind}: ${code} instead of RESULT_TOO_LARGE`);
    return { sent: (await server.report()).sent / megabyte, seconds };
  };
  try {
    const work = "results, 700 MB: RESULT_TOO_LARGE";
    const announced = await received("announced");
    const unannounced = await received("unannounced");
    return {
      figures: [
        {
          work,
          figure: "sent, with Content-Length",
          value: announced.sent,
          unit: "MB",
          // What the sockets of both sides hold before the client has read the head.
          target: 8,
          against: `${rounded(announced.seconds)} s`,
        },
        {
          work,
          figure: "sent, without one",
          value: unannounced.sent,
          unit: "MB",
          // The limit of 512 MiB, and what the sockets of both sides hold by then: they have grown to several MB each.
          target: 553,
          against: `${rounded(unannounced.seconds)} s`,
        },
      ],
    };
  } finally {
    await gateway.stop();
  }
}

/** One message a frame as core nodes do it: http request → function → split. */
export async function framesByCoreNodes(bench: Bench): Promise<Findings> {
  const { plan, server, files, folder } = bench;
  const findings: Required<Findings> = { figures: [], points: [] };
  for (const size of plan.core.frames) {
    const result = await makeResultFile(files, size);
    const gateway = await Gateway.start(folder("core-frames"), coreFramesFlow());
    try {
      const work = `core nodes: frames, a result of ${size} MB`;
      const { failure, memory, freeze, seconds } = await gateway.measure({
        url: `${server.url}/result/${result.name}`,
      });
      const value = memory / megabyte;
      const against = failure ? `fails: ${failure}` : `${rounded(seconds)} s, freeze ${rounded(freeze)} ms`;
      findings.figures.push({ work, figure: "memory over idle", value, unit: "MB", against });
      findings.points.push({
        series: "frames, core nodes",
        size,
        memory: failure ? undefined : value,
      });
    } finally {
      await gateway.stop();
    }
  }
  return findings;
}

function complete(measured: Measured, { frames }: MadeResult): Measured {
  succeeded(measured);
  if (measured.outcomes !== frames) throw new Error(`${measured.outcomes} frames came of ${frames}`);
  return measured;
}
