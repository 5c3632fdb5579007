import { type Bin, binOf, percentOf, type Summary, type Track } from "../data";
import type { Detection } from "./detections";

/** Bins of the timeline: when a clip gets longer, its bins do. */
const mostBins = 800;
/** Rows of the timeline; a model that invents class names gets no more. */
const mostTracks = 1000;
/** The row of all further classes. */
const otherClasses = "…";
/** Models of a clip; the reader of results takes as many. */
const mostModels = 1000;
/** Detections of one class in one frame that the timeline tells apart. */
const mostInFrame = 1000;
/** Numbers in all bins of a clip: they stand in memory, and are written every second. */
const mostNumbers = 500_000;
/** A clip keeps as many bins, however many numbers there are. */
const fewestBins = 50;

/** Counts what is in a clip, frame by frame: the rows of its timeline, at bounded size. */
export class Tally {
  readonly #summary: Summary;
  readonly #tracks = new Map<string, number>();
  /** In all bins, those of their times among them. */
  #numbers = 0;
  /** Of the last bin, in seconds. */
  #latest = 0;

  constructor(summary: Summary) {
    this.#summary = summary;
    for (const [number, { model, class: name, bins }] of summary.tracks.entries()) {
      this.#tracks.set(keyOf(model, name), number);
      for (const bin of bins) this.#numbers += bin.length;
      this.#latest = Math.max(this.#latest, bins.at(-1)?.[0] ?? 0);
    }
  }

  /** Position of a model in the summary. */
  model(name: string): number {
    const { models } = this.#summary;
    const known = models.indexOf(name);
    if (known >= 0) return known;
    return models.length < mostModels ? models.push(name) - 1 : mostModels - 1;
  }

  /** Position of a class of a model in the summary. */
  track(model: number, name: string | null): number {
    const { tracks } = this.#summary;
    const known = this.#tracks.get(keyOf(model, name));
    if (known !== undefined) return known;
    if (tracks.length >= mostTracks) {
      // One for all models: only a hostile one gets here.
      const others = this.#tracks.get(keyOf(0, otherClasses));
      if (others !== undefined) return others;
      return this.#add(0, otherClasses);
    }
    return this.#add(model, name);
  }

  #add(model: number, name: string | null): number {
    const track: Track = { model, class: name, counts: new Array(101).fill(0), bins: [] };
    const number = this.#summary.tracks.push(track) - 1;
    this.#tracks.set(keyOf(model, name), number);
    return number;
  }

  /** Adds what one frame has of a track. */
  count(track: number, time: number | null, detections: readonly Pick<Detection, "confidence">[]): void {
    const { counts } = this.#summary.tracks[track] as Track;
    const percents = detections.map(({ confidence }) => percentOf(confidence));
    for (const percent of percents) counts[percent] = (counts[percent] ?? 0) + 1;
    if (time === null) return;
    this.#lengthenBins(time);
    const sorted = percents.sort((one, other) => other - one).slice(0, mostInFrame);
    this.#addBin(this.#summary.tracks[track] as Track, [time, ...sorted]);
    this.#saveRoom();
  }

  /** Adds a span of time in which `most` detections of a track were in one frame, `detections` in all. */
  countSpan(
    track: number,
    span: { start: number; end: number; most: number; detections: number; confidence: number | null },
  ): void {
    const { start, end, most, detections, confidence } = span;
    const percent = percentOf(confidence);
    const of = this.#summary.tracks[track] as Track;
    of.counts[percent] = (of.counts[percent] ?? 0) + detections;
    this.#lengthenBins(end);
    const percents = new Array(Math.min(Math.max(1, most), mostInFrame)).fill(percent);
    const { binSeconds } = this.#summary;
    const [first, last] = [binOf(start, binSeconds), binOf(end, binSeconds)];
    for (let bin = first; bin <= last; bin++)
      this.#addBin(of, [bin === first ? start : bin * binSeconds, ...percents]);
    this.#saveRoom();
  }

  #lengthenBins(time: number): void {
    this.#latest = Math.max(this.#latest, time);
    while (binOf(time, this.#summary.binSeconds) >= mostBins) this.#doubleBins();
  }

  #saveRoom(): void {
    const isTooLong = () => binOf(this.#latest, this.#summary.binSeconds) >= fewestBins;
    while (this.#numbers > mostNumbers && isTooLong()) this.#doubleBins();
  }

  #doubleBins(): void {
    const summary = this.#summary;
    summary.binSeconds *= 2;
    this.#numbers = 0;
    for (const track of summary.tracks) {
      const { bins } = track;
      track.bins = [];
      for (const bin of bins) this.#addBin(track, bin);
    }
  }

  /** Bins of a track are in order of time, whatever the order of frames. */
  #addBin({ bins }: Track, added: Bin): void {
    const { binSeconds } = this.#summary;
    const number = binOf(added[0], binSeconds);
    let at = bins.length;
    while (at > 0 && binOf((bins[at - 1] as Bin)[0], binSeconds) > number) at--;
    let bin = bins[at - 1];
    if (!bin || binOf(bin[0], binSeconds) !== number) {
      bin = [added[0]];
      bins.splice(at, 0, bin);
      this.#numbers += 1;
    }
    bin[0] = Math.min(bin[0], added[0]);
    // That there is something is noted in any case.
    const room = Math.max(2, bin.length + mostNumbers - this.#numbers);
    this.#numbers -= bin.length;
    for (let n = 1; n < Math.min(added.length, room); n++) bin[n] = Math.max(bin[n] ?? 0, added[n] as number);
    this.#numbers += bin.length;
  }
}

const keyOf = (model: number, name: string | null) => `${model} ${name === null ? "" : `=${name}`}`;

/** Detections of a clip, and how many of each class there are over all models. */
export function totalsOf({ tracks }: Pick<Summary, "tracks">): {
  detections: number;
  classes: Map<string, number>;
} {
  let detections = 0;
  const classes = new Map<string, number>();
  for (const { class: name, counts } of tracks) {
    const total = counts.reduce((sum, count) => sum + count, 0);
    detections += total;
    if (name !== null) classes.set(name, (classes.get(name) ?? 0) + total);
  }
  return { detections, classes };
}
