import { EventLoopYield } from "../../../event-loop";
import type { ResultFile, ResultRows } from "../open";
import { setKey } from "../safe-keys";
import type { DetectionEvent, FrameFilter } from "../types";
import { field, NO_CONFIDENCE } from "./event-store";
import { Filter } from "./filter";
import { type ClassTotals, SightingCollector } from "./sighting-collector";

/** What was seen of one class, by all models together; `first` and `last` are times, null where frames have none. */
export interface ClassSummary extends ClassTotals {
  /** Sum of the durations of its events. */
  seconds: number;
  /** Number of its events. */
  events: number;
}

/** What was seen in a whole clip. */
export interface ClipSummary {
  /** All frames of the result, whatever the filter. */
  frames: number;
  /** Last time minus first, in seconds; 0 where there are none. */
  duration: number;
  detections: number;
  classes: Record<string, ClassSummary>;
  events: DetectionEvent[];
}

export interface EventOptions {
  /** Seconds: two sightings at most so far apart are one event. */
  gap: number;
  /** Seconds: shorter events are left out. */
  minDuration: number;
}

/** The events of a result, in the order of start, class and model. */
export interface EventList {
  readonly length: number;
  [Symbol.iterator](): Iterator<DetectionEvent>;
}

/**
 * Reads a result through and puts what passes the filter together to events. Yields to the event loop every few
 * milliseconds; memory grows with the number of events and classes, not with the result.
 * @throws VideoError RESULT, as {@link ResultFile.rows}
 */
export async function readEvents(
  result: ResultRows,
  filter: FrameFilter,
  options: EventOptions,
): Promise<EventList> {
  const { collector, events } = await collect(result, filter, options);
  return {
    length: events.length,
    *[Symbol.iterator]() {
      for (const event of events) yield seenEvent(collector, event);
    },
  };
}

/**
 * Reads a result through and sums up what passes the filter; as {@link readEvents}.
 * @throws VideoError RESULT, as {@link ResultFile.rows}
 */
export async function readSummary(
  result: ResultFile,
  filter: FrameFilter,
  options: EventOptions,
): Promise<ClipSummary> {
  const { collector, events } = await collect(result, filter, options);
  const { detections, firstTime, lastTime } = collector;
  const classes = new Map<string, ClassSummary>();
  for (const [name, totals] of collector.totals()) classes.set(name, { ...totals, seconds: 0, events: 0 });
  const summary: ClipSummary = {
    frames: result.summary.frames,
    duration: lastTime >= firstTime ? lastTime - firstTime : 0,
    detections,
    classes: {},
    events: [],
  };
  const eventLoop = new EventLoopYield();
  for (const index of events) {
    const event = seenEvent(collector, index);
    summary.events.push(event);
    const ofClass = classes.get(event.class) as ClassSummary;
    ofClass.seconds += event.duration;
    ofClass.events++;
    if (summary.events.length % 256 === 0) await eventLoop.yieldIfDue();
  }
  for (const [name, ofClass] of classes) setKey(summary.classes, name, ofClass);
  return summary;
}

async function collect(
  result: ResultRows,
  filter: FrameFilter,
  { gap, minDuration }: EventOptions,
): Promise<{ collector: SightingCollector; events: Uint32Array }> {
  const collector = new SightingCollector(result.models, new Filter(filter), gap);
  for await (const rows of result.rows()) for (const row of rows) collector.add(row);
  return { collector, events: await collector.finish(minDuration) };
}

function seenEvent(collector: SightingCollector, event: number): DetectionEvent {
  const { store } = collector;
  const get = (name: number) => store.get(event, name);
  const { class: className, model } = collector.track(event);
  const start = get(field.START);
  const end = get(field.END);
  const confidence = get(field.CONFIDENCE) === NO_CONFIDENCE ? null : get(field.CONFIDENCE);
  return {
    class: className,
    model,
    start,
    end,
    duration: end - start,
    frames: get(field.FRAMES),
    detections: get(field.DETECTIONS),
    most: get(field.MOST),
    confidence,
    best: { frame: get(field.BEST_FRAME), time: get(field.BEST_TIME), confidence, box: store.box(event) },
  };
}
