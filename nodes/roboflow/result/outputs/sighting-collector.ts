import { EventLoopYield } from "../../../event-loop";
import type { Row } from "../read/rows";
import { EventStore, field, NO_CONFIDENCE } from "./event-store";
import type { Filter } from "./filter";
import { type Sighting, sightingsOf } from "./sightings";
import { sortInSlices } from "./sort-in-slices";

const { START, END, FRAMES, DETECTIONS, MOST, CONFIDENCE, BEST_ROW, BEST_FRAME, BEST_TIME, TRACK } = field;

/** Seconds by which times, which are rounded, may be off. */
const TOLERANCE = 1e-6;
const NONE = -1;

/** A class as all models together see it. Times in seconds, null where there are none. */
export interface ClassTotals {
  frames: number;
  detections: number;
  most: number;
  first: number | null;
  last: number | null;
  confidence: number | null;
}

/** How often something is in a row. */
interface InRow {
  /** Index of the row, or of an earlier one. */
  row: number;
  count: number;
}

/** Flat, since a result may name very many classes. */
type ClassState = ClassTotals & InRow;

/** A class as one model sees it. */
interface Track extends InRow {
  index: number;
  class: string;
  model: string;
  /** The event that was extended last. */
  event: number;
  /** Of the row being read: the prediction of highest confidence, the first of equals. */
  best: Sighting | undefined;
  state: ClassState;
}

/**
 * Puts sightings together to events, row by row. Rows may come in any order of time: an event is then found in parts,
 * which {@link finish} puts together. As long as times rise, each part is a whole event.
 */
export class SightingCollector {
  readonly store = new EventStore();
  /** Predictions that passed the filter, those without a class too. */
  detections = 0;
  /** Times of all rows, seen anything or not. */
  firstTime = Number.POSITIVE_INFINITY;
  lastTime = Number.NEGATIVE_INFINITY;

  readonly #models: readonly string[];
  readonly #filter: Filter;
  readonly #gap: number;
  readonly #tracks: Track[] = [];
  /** By class, for each model. */
  readonly #tracksOfModel: Map<string, Track>[];
  readonly #classes = new Map<string, ClassState>();

  /** @param gap seconds: two sightings at most so far apart are one event */
  constructor(models: readonly string[], filter: Filter, gap: number) {
    this.#models = models;
    this.#filter = filter;
    this.#gap = gap + TOLERANCE;
    this.#tracksOfModel = models.map(() => new Map());
  }

  add({ index, frame, time, entries }: Row): void {
    const seconds = typeof time === "number" ? time : undefined;
    if (seconds !== undefined) {
      this.firstTime = Math.min(this.firstTime, seconds);
      this.lastTime = Math.max(this.lastTime, seconds);
    }
    const seen: Track[] = [];
    for (const [model, entry] of entries.entries())
      for (const sighting of sightingsOf(entry)) {
        if (!this.#filter.passes(sighting.class, sighting.confidence)) continue;
        this.detections++;
        if (sighting.class === undefined) continue;
        const track = this.#track(model, sighting.class);
        if (countInRow(track, index) === 1) seen.push(track);
        if (!track.best || confidenceOf(sighting) > confidenceOf(track.best)) track.best = sighting;
        addToTotals(track.state, index, sighting, seconds);
      }
    for (const track of seen) {
      if (seconds !== undefined) this.#extend(track, track.best as Sighting, frame, seconds);
      track.best = undefined;
    }
  }

  /** Totals by class, in the order in which the classes were met. */
  *totals(): Generator<[className: string, ClassTotals]> {
    for (const [name, { frames, detections, most, first, last, confidence }] of this.#classes)
      yield [name, { frames, detections, most, first, last, confidence }];
  }

  /**
   * Puts the parts of each event together, and leaves out short events.
   * @param minDuration in seconds
   * @returns the events in the order of start, class and model
   */
  async finish(minDuration: number): Promise<Uint32Array> {
    const { store } = this;
    const parts = await sortInSlices(
      Uint32Array.from({ length: store.length }, (_, event) => event),
      (a, b) =>
        store.get(a, START) - store.get(b, START) ||
        inOrder(this.track(a).class, this.track(b).class) ||
        inOrder(this.track(a).model, this.track(b).model),
    );
    for (const track of this.#tracks) track.event = NONE;
    const eventLoop = new EventLoopYield();
    let length = 0;
    for (const [index, part] of parts.entries()) {
      const track = this.track(part);
      if (track.event !== NONE && store.get(part, START) - store.get(track.event, END) <= this.#gap)
        this.#merge(track.event, part);
      else {
        track.event = part;
        parts[length++] = part;
      }
      // By parts, not by events: very many may become one.
      if (index % 1024 === 0) await eventLoop.yieldIfDue();
    }
    return parts
      .subarray(0, length)
      .filter((event) => store.get(event, END) - store.get(event, START) >= minDuration - TOLERANCE);
  }

  /** What an event is of. */
  track(event: number): Track {
    return this.#tracks[this.store.get(event, TRACK)] as Track;
  }

  #track(model: number, className: string): Track {
    const tracks = this.#tracksOfModel[model] as Map<string, Track>;
    const known = tracks.get(className);
    if (known) return known;
    const unseen = { row: NONE, count: 0 };
    let state = this.#classes.get(className);
    if (!state) {
      state = { frames: 0, detections: 0, most: 0, first: null, last: null, confidence: null, ...unseen };
      this.#classes.set(className, state);
    }
    const track: Track = {
      index: this.#tracks.length,
      class: className,
      model: this.#models[model] as string,
      event: NONE,
      best: undefined,
      state,
      ...unseen,
    };
    tracks.set(className, track);
    this.#tracks.push(track);
    return track;
  }

  /** Adds what the row has of a track to its event, or to a new one. */
  #extend(track: Track, best: Sighting, frame: number, time: number): void {
    const { store } = this;
    const part = store.add();
    store.set(part, TRACK, track.index);
    store.set(part, START, time);
    store.set(part, END, time);
    store.set(part, FRAMES, 1);
    store.set(part, DETECTIONS, track.count);
    store.set(part, MOST, track.count);
    store.set(part, CONFIDENCE, confidenceOf(best));
    store.set(part, BEST_ROW, track.row);
    store.set(part, BEST_FRAME, frame);
    store.set(part, BEST_TIME, time);
    store.setBox(part, best.box);
    const { event } = track;
    const isNear =
      event !== NONE &&
      time - store.get(event, END) <= this.#gap &&
      store.get(event, START) - time <= this.#gap;
    if (!isNear) {
      track.event = part;
      return;
    }
    this.#merge(event, part);
    store.removeLast();
  }

  #merge(event: number, part: number): void {
    const { store } = this;
    const use = (name: number, choose: (a: number, b: number) => number) =>
      store.set(event, name, choose(store.get(event, name), store.get(part, name)));
    if (this.#isBetter(part, event)) store.copyBest(part, event);
    use(START, Math.min);
    use(END, Math.max);
    use(FRAMES, sum);
    use(DETECTIONS, sum);
    use(MOST, Math.max);
  }

  /** Whether the best prediction of `a` is better than that of `b`: by confidence, then time, then place in the result. */
  #isBetter(a: number, b: number): boolean {
    const { store } = this;
    const byConfidence = store.get(a, CONFIDENCE) - store.get(b, CONFIDENCE);
    // Neither has one: -Infinity less itself is no number.
    if (byConfidence < 0 || byConfidence > 0) return byConfidence > 0;
    const byTime =
      store.get(b, BEST_TIME) - store.get(a, BEST_TIME) || store.get(b, BEST_ROW) - store.get(a, BEST_ROW);
    return byTime > 0;
  }
}

/** Counts one more, and returns how many there are in the row now. */
function countInRow(inRow: InRow, row: number): number {
  if (inRow.row !== row) {
    inRow.row = row;
    inRow.count = 0;
  }
  return ++inRow.count;
}

function addToTotals(
  state: ClassState,
  row: number,
  { confidence }: Sighting,
  time: number | undefined,
): void {
  const count = countInRow(state, row);
  state.detections++;
  if (count === 1) state.frames++;
  state.most = Math.max(state.most, count);
  if (confidence !== undefined) state.confidence = Math.max(state.confidence ?? confidence, confidence);
  if (time === undefined) return;
  state.first = Math.min(state.first ?? time, time);
  state.last = Math.max(state.last ?? time, time);
}

const confidenceOf = ({ confidence }: Sighting): number => confidence ?? NO_CONFIDENCE;
const sum = (a: number, b: number): number => a + b;
const inOrder = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
