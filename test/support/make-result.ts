import { open } from "node:fs/promises";

export type Task = "object-detection" | "instance-segmentation" | "many-labels" | "clip" | "gaze";

export interface MakeOptions {
  /** About how large the file is to be; met to within a few entries. */
  bytes: number;
  /** Columns of models. Default: one of object detection. */
  models?: { id: string; task: Task }[];
  /** Predictions an entry. */
  boxes?: number;
  /** Where the two columns of offsets stand. */
  offsets?: "first" | "last" | "around";
  /** Each so-many-th entry is null. 0: none. */
  nullEvery?: number;
  /** Each so-many-th entry holds a NaN. 0: none. */
  nanEvery?: number;
  /** Class names, used in rotation. */
  classes?: string[];
  /** What Python's json.dumps writes behind commas and colons. */
  space?: "" | " ";
}

export interface Made {
  bytes: number;
  frames: number;
  detections: number;
  nullFrames: number;
}

/** Entries of one model that are written over and over: as many as make about this many bytes. */
const BLOCK_BYTES = 256 * 1024;

/** Writes a result in the layout of the API at `path`, at the speed of the disk, and tells what is in it. */
export async function makeResult(path: string, options: MakeOptions): Promise<Made> {
  const { chunks, made } = planResult(options);
  const file = await open(path, "w");
  try {
    for (const chunk of chunks()) await file.writeFile(chunk);
  } finally {
    await file.close();
  }
  return made;
}

/**
 * A result as chunks of bytes, to be written or sent, and what is in it. Blocks of entries are built once and
 * repeated, so that making one costs next to nothing.
 */
export function planResult(options: MakeOptions): { chunks: () => Generator<Buffer>; made: Made } {
  const {
    models = [{ id: "people-in-the-yard", task: "object-detection" }],
    offsets = "first",
    space = " ",
    nullEvery = 0,
  } = options;
  const separator = `,${space}`;
  const blocks = models.map(({ task }) => block(task, options, separator));
  const offsetBytes = 2 * separator.length + 6 + 10;
  const perFrame = blocks.reduce((sum, { bytes, entries }) => sum + bytes.length / entries, 0) + offsetBytes;
  const frames = Math.max(1, Math.round(options.bytes / perFrame));

  const columns: (() => Generator<Buffer>)[] = models.map(
    ({ id }, m) =>
      () =>
        column(id, repeat(blocks[m] as Block, frames, separator), space),
  );
  const frameColumn = () =>
    column(
      "frame_offset",
      numbers(frames, (i) => String(6 * i), separator),
      space,
    );
  const timeColumn = () => column("time_offset", numbers(frames, seconds, separator), space);
  if (offsets === "first") columns.unshift(frameColumn, timeColumn);
  else if (offsets === "last") columns.push(timeColumn, frameColumn);
  else {
    columns.unshift(timeColumn);
    columns.push(frameColumn);
  }

  function* chunks(): Generator<Buffer> {
    for (const [c, chunks] of columns.entries()) {
      yield Buffer.from(c === 0 ? "{" : separator);
      yield* chunks();
    }
    yield Buffer.from("}");
  }

  let bytes = 0;
  for (const chunk of chunks()) bytes += chunk.length;
  const detections = blocks.reduce((sum, block) => sum + detectionsIn(block, frames), 0);
  const nullFrames = nullEvery > 0 && models.length > 0 ? nullsIn(blocks[0] as Block, frames) : 0;
  return { chunks, made: { bytes, frames, detections, nullFrames } };
}

interface Block {
  /** Entries with separators behind each. */
  bytes: Buffer;
  entries: number;
  /** Offset behind each entry's separator. */
  ends: number[];
  /** Detections up to and with each entry. */
  detections: number[];
  nulls: number[];
}

function block(task: Task, options: MakeOptions, separator: string): Block {
  const {
    boxes = 20,
    nullEvery = 0,
    nanEvery = 0,
    classes = ["person", "car", "dog", "traffic light"],
  } = options;
  const texts: string[] = [];
  const made: Block = { bytes: Buffer.alloc(0), entries: 0, ends: [], detections: [], nulls: [] };
  let length = 0;
  let detections = 0;
  let nulls = 0;
  // Whole rounds of nullEvery, so that a repeated block keeps the beat.
  for (let i = 0; length < BLOCK_BYTES || (nullEvery > 0 && i % nullEvery > 0); i++) {
    const isNull = nullEvery > 0 && i % nullEvery === nullEvery - 1;
    const value = isNull ? null : entry(task, i, boxes, classes);
    let text = python(value, separator);
    if (!isNull && nanEvery > 0 && i % nanEvery === 0)
      text = text.replace(/"time":( ?)[0-9.]+/, '"time":$1NaN');
    texts.push(text + separator);
    length += Buffer.byteLength(text) + separator.length;
    if (isNull) nulls++;
    else if (task === "many-labels") detections += classes.length;
    else if (task !== "clip") detections += boxes;
    made.ends.push(length);
    made.detections.push(detections);
    made.nulls.push(nulls);
  }
  made.bytes = Buffer.from(texts.join(""));
  made.entries = texts.length;
  return made;
}

function entry(task: Task, i: number, boxes: number, classes: string[]): unknown {
  const time = 0.05 + (i % 97) / 1000;
  const image = { width: 480, height: 360 };
  const box = (k: number) => ({
    x: ((i * 7 + k * 31) % 480) + 0.5,
    y: ((i * 3 + k * 17) % 360) + 0.5,
    width: 30.5 + k,
    height: 100.5 + k,
    confidence: Math.round(1000 * (0.4 + 0.59 * Math.abs(Math.sin(i + k)))) / 1000 + 0.0001,
    class: classes[(i + k) % classes.length],
    class_id: (i + k) % classes.length,
  });
  const list = <T>(make: (k: number) => T): T[] => Array.from({ length: boxes }, (_, k) => make(k));
  if (task === "clip") return list((k) => Math.sin(i * boxes + k) / 3);
  if (task === "many-labels") {
    const labels = classes.map((name, k) => [name, { confidence: 0.1 + ((i + k) % 9) / 11, class_id: k }]);
    return { time, image, predictions: Object.fromEntries(labels), predicted_classes: [classes[0]] };
  }
  if (task === "gaze") {
    const { x, y, width, height, confidence } = box(0);
    return {
      predictions: list((k) => ({ face: { x, y, width, height, confidence }, yaw: k + 0.1, pitch: 0.2 })),
      time,
    };
  }
  const around = (k: number) => Array.from({ length: 60 }, (_, n) => ({ x: n + 0.5 * k, y: 3.25 + n }));
  const segmentation = task === "instance-segmentation";
  return {
    time,
    image,
    predictions: list((k) => (segmentation ? { ...box(k), points: around(k) } : box(k))),
  };
}

/** JSON with the spaces of Python's json.dumps. */
function python(value: unknown, separator: string): string {
  const text = JSON.stringify(value);
  if (separator === ",") return text;
  return text.replace(/"(?:[^"\\]|\\.)*"|[,:]/g, (token) => (token.length === 1 ? `${token} ` : token));
}

function* column(id: string, elements: Iterable<Buffer>, space: string): Generator<Buffer> {
  yield Buffer.from(`${JSON.stringify(id)}:${space}[`);
  yield* elements;
  yield Buffer.from("]");
}

/** The first `frames` entries of endless blocks, without the last separator. */
function* repeat(block: Block, frames: number, separator: string): Generator<Buffer> {
  let left = frames;
  for (; left > block.entries; left -= block.entries) yield block.bytes;
  yield block.bytes.subarray(0, (block.ends[left - 1] as number) - separator.length);
}

function* numbers(count: number, text: (i: number) => string, separator: string): Generator<Buffer> {
  for (let i = 0; i < count; ) {
    const texts: string[] = [];
    for (const end = Math.min(count, i + 4096); i < end; i++) texts.push(text(i));
    yield Buffer.from(texts.join(separator) + (i < count ? separator : ""));
  }
}

/** 30 frames a second, every sixth. */
function seconds(i: number): string {
  const text = String(Math.round(i * 2000) / 10000);
  return text.includes(".") ? text : `${text}.0`;
}

function detectionsIn(block: Block, frames: number): number {
  const whole = Math.floor((frames - 1) / block.entries);
  const rest = frames - whole * block.entries;
  return whole * (block.detections.at(-1) as number) + (block.detections[rest - 1] as number);
}

function nullsIn(block: Block, frames: number): number {
  const whole = Math.floor((frames - 1) / block.entries);
  const rest = frames - whole * block.entries;
  return whole * (block.nulls.at(-1) as number) + (block.nulls[rest - 1] as number);
}
