/**
 * The events and the summary of a result by a plain parse of the whole, told as simply as can be and sharing no code with
 * the reader.
 */
import type {
  ClipSummary,
  DetectionEvent,
  EventOptions,
  FrameFilter,
} from "../../../../nodes/roboflow/result";

type Fields = Record<string, unknown>;
type Box = DetectionEvent["best"]["box"];

interface Seen {
  row: number;
  frame: number;
  time: number | null;
  model: string;
  class: string | null;
  confidence: number | null;
  box: Box;
}

/** What a result must be for the oracle: every list but the offsets is a model's. */
export type PlainResult = { frame_offset: number[]; time_offset: unknown[] } & Record<string, unknown[]>;

/** All that was seen, in the order of the result. */
export function allSeen(result: PlainResult, filter: FrameFilter): Seen[] {
  const { frame_offset: frames, time_offset: times, ...models } = result;
  const seen = frames.flatMap((frame, row) =>
    Object.entries(models).flatMap(([model, entries]) =>
      inEntry(entries[row]).map((one) => ({ row, frame, time: numberOr(times[row], null), model, ...one })),
    ),
  );
  return seen.filter((one) => {
    const isWanted = filter.classes.length === 0 || filter.classes.includes(one.class as string);
    return isWanted && (one.confidence === null || one.confidence >= filter.minConfidence);
  });
}

export function plainEvents(
  result: PlainResult,
  filter: FrameFilter,
  { gap, minDuration }: EventOptions,
): DetectionEvent[] {
  const groups = new Map<string, Seen[]>();
  for (const one of allSeen(result, filter)) {
    if (one.time === null || one.class === null) continue;
    const key = JSON.stringify([one.class, one.model]);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  const events: DetectionEvent[] = [];
  for (const group of groups.values()) {
    group.sort((a, b) => (a.time as number) - (b.time as number) || a.row - b.row);
    let event: Seen[] = [];
    for (const [index, one] of group.entries()) {
      event.push(one);
      const next = group[index + 1];
      if (next && (next.time as number) - (one.time as number) <= gap + 1e-6) continue;
      events.push(eventOf(event));
      event = [];
    }
  }
  return events
    .filter(({ duration }) => duration >= minDuration - 1e-6)
    .sort((a, b) => a.start - b.start || compare(a.class, b.class) || compare(a.model, b.model));
}

export function plainSummary(result: PlainResult, filter: FrameFilter, options: EventOptions): ClipSummary {
  const seen = allSeen(result, filter);
  const events = plainEvents(result, filter, options);
  const times = result.time_offset.filter((time): time is number => typeof time === "number");
  const names = [...new Set(seen.flatMap((one) => (one.class === null ? [] : [one.class])))];
  const classes = names.map((name) => {
    const ofClass = seen.filter((one) => one.class === name);
    const own = events.filter((event) => event.class === name);
    const timed = ofClass.flatMap(({ time }) => (time === null ? [] : [time]));
    return [
      name,
      {
        frames: new Set(ofClass.map(({ row }) => row)).size,
        detections: ofClass.length,
        most: mostInRow(ofClass),
        seconds: own.reduce((sum, { duration }) => sum + duration, 0),
        first: timed.length > 0 ? Math.min(...timed) : null,
        last: timed.length > 0 ? Math.max(...timed) : null,
        confidence: highest(ofClass)?.confidence ?? null,
        events: own.length,
      },
    ];
  });
  return {
    frames: result.frame_offset.length,
    duration: times.length > 0 ? Math.max(...times) - Math.min(...times) : 0,
    detections: seen.length,
    classes: Object.fromEntries(classes),
    events,
  };
}

/** @param seen in the order of time */
function eventOf(seen: Seen[]): DetectionEvent {
  const [first] = seen as [Seen];
  const best = highest(seen) as Seen;
  const start = first.time as number;
  const end = (seen.at(-1) as Seen).time as number;
  return {
    class: first.class as string,
    model: first.model,
    start,
    end,
    duration: end - start,
    frames: new Set(seen.map(({ row }) => row)).size,
    detections: seen.length,
    most: mostInRow(seen),
    confidence: best.confidence,
    best: {
      frame: best.frame,
      time: best.time as number,
      confidence: best.confidence,
      box: best.box,
    },
  };
}

const mostInRow = (seen: Seen[]) =>
  Math.max(...seen.map(({ row }) => seen.filter((other) => other.row === row).length));

/** The first of those with the highest confidence; any is higher than none. */
const highest = (seen: Seen[]) =>
  seen.find(({ confidence }) => seen.every((other) => (confidence ?? -1) >= (other.confidence ?? -1)));

function inEntry(entry: unknown): Pick<Seen, "class" | "confidence" | "box">[] {
  if (!isObject(entry)) return [];
  const { predictions, top, predicted_classes: decided } = entry;
  if (typeof top === "string") {
    const own = (predictions as Fields[]).find((one) => one.class === top);
    const confidence = numberOr(entry.confidence, numberOr(own?.confidence, null));
    return [{ class: top, confidence, box: null }];
  }
  if (Array.isArray(decided)) {
    const all = predictions as Record<string, Fields>;
    return decided.map((name: string) => ({
      class: name,
      confidence: numberOr(all[name]?.confidence, null),
      box: null,
    }));
  }
  if (!Array.isArray(predictions)) return [];
  return predictions.map((prediction: Fields) => {
    const { face } = prediction;
    const { x, y, width, height } = (isObject(face) ? face : prediction) as Record<string, number>;
    const whole = [x, y, width, height].every((side) => typeof side === "number");
    return {
      class: typeof prediction.class === "string" ? prediction.class : null,
      confidence: numberOr(isObject(face) ? face.confidence : prediction.confidence, null),
      box: whole ? ({ x, y, width, height } as Box) : null,
    };
  });
}

const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const numberOr = <T>(value: unknown, other: T) => (typeof value === "number" ? value : other);
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
