import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createReadStream, createWriteStream, type WriteStream } from "node:fs";
import { createInterface } from "node:readline";
import type { Analysis, Sighting } from "./analysis";
import { entry, type RequestedModel } from "./entries";
import type { EmulatorSettings } from "./settings";

/** Frames that the service infers together, under one `inference_id`. */
const batchSize = 4;

/**
 * Writes the result file of a job: columns of equal length (docs/api.md, "The result file"). What was seen is read
 * from disk once a column, so that hours of video need no memory.
 */
export async function writeResult(
  target: string,
  analysis: Analysis,
  models: RequestedModel[],
  settings: EmulatorSettings,
): Promise<void> {
  const { image } = analysis;
  const { className, nullEvery, nanEvery, escapeNonAscii } = settings;
  const plural = settings.offsetNames === "plural" ? "s" : "";
  const offsets: Column[] = [
    { name: `frame_offset${plural}`, cell: (sighting) => String(sighting.frame) },
    { name: `time_offset${plural}`, cell: (sighting) => seconds(sighting.time) },
  ];
  // As in the producer's Python dict, the last of two versions of one project takes the first one's place.
  const columnModels = new Map(models.map((model) => [model.model_id, model]));
  const entries = [...columnModels.values()].map((model): Column => {
    let inferenceId = "";
    const cell = (sighting: Sighting, n: number) => {
      if (n % batchSize === 0) inferenceId = randomUUID();
      if (nullEvery && (n + 1) % nullEvery === 0) return "null";
      const text = pythonJson(entry(sighting, model, { image, className }, inferenceId));
      return nanEvery && (n + 1) % nanEvery === 0 ? withNaN(text) : text;
    };
    return { name: model.model_id, cell };
  });

  const file = createWriteStream(target, { highWaterMark: 256 * 1024 });
  const failed = once(file, "error").then(([error]) => Promise.reject(error));
  failed.catch(() => {});
  const put = async (text: string) => {
    if (!file.write(escapeNonAscii ? escaped(text) : text)) await Promise.race([once(file, "drain"), failed]);
  };
  const columns = ordered(offsets, entries, settings.columnOrder);
  for (const [n, column] of columns.entries()) {
    await put(`${n === 0 ? "{" : ", "}${JSON.stringify(column.name)}: [`);
    await writeCells(analysis.file, column, put);
    await put("]");
  }
  await put("}");
  await finished(file, failed);
}

interface Column {
  name: string;
  /** The JSON text of one cell. */
  cell: (sighting: Sighting, n: number) => string;
}

async function writeCells(file: string, column: Column, put: (text: string) => Promise<void>): Promise<void> {
  let n = 0;
  for await (const line of createInterface({
    input: createReadStream(file),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    await put((n === 0 ? "" : ", ") + column.cell(JSON.parse(line), n));
    n += 1;
  }
}

async function finished(file: WriteStream, failed: Promise<never>): Promise<void> {
  file.end();
  if (!file.closed) await Promise.race([once(file, "close"), failed]);
}

/** `shuffled` puts the offsets between the models, the same way every time. */
function ordered(offsets: Column[], entries: Column[], order: EmulatorSettings["columnOrder"]): Column[] {
  if (order === "offsets-first") return [...offsets, ...entries];
  if (order === "offsets-last") return [...entries, ...offsets];
  const half = Math.ceil(entries.length / 2);
  return [...offsets.slice(1), ...entries.slice(0, half), ...offsets.slice(0, 1), ...entries.slice(half)];
}

/** Seconds with up to four decimals, and always one: the producer is Python. */
function seconds(time: number): string {
  const text = String(Math.round(time * 10_000) / 10_000);
  return text.includes(".") ? text : `${text}.0`;
}

/** JSON with the spaces that Python's `json.dumps` writes. */
function pythonJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([name, member]) => `${JSON.stringify(name)}: ${pythonJson(member)}`,
  );
  return `{${members.join(", ")}}`;
}

/** What Python writes where a number has no value. */
function withNaN(text: string): string {
  return text.replace(/"time": [^,}]+/, '"time": NaN').replace(/^\[[^,\]]+/, "[NaN");
}

function escaped(text: string): string {
  return text.replace(/[^ -~]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
