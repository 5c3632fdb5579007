import { type Piece, percentOf, pieceOf, type Summary, type Track } from "../data";
import type { Detection } from "./detections";

/** Pieces of the timeline: when a clip gets longer, its pieces do. */
const mostPieces = 800;
/** Rows of the timeline; a model that invents class names gets no more. */
const mostTracks = 1000;
/** The row of all further classes. */
const otherClasses = "…";
/** Models of a clip; the reader of results takes as many. */
const mostModels = 1000;
/** Detections of one class in one frame that the timeline tells apart. */
const mostInFrame = 1000;
/** Numbers in all pieces of a clip: they stand in memory, and are written every second. */
const mostNumbers = 500_000;
/** A clip keeps as many pieces, however many numbers there are. */
const fewestPieces = 50;

/** Counts what is in a clip, frame by frame: the rows of its timeline, at bounded size. */
export class Tally {
  readonly #summary: Summary;
  readonly #tracks = new Map<string, number>();
  /** In all pieces, those of their times among them. */
  #numbers = 0;
  /** Of the last piece, in seconds. */
  #latest = 0;

  constructor(summary: Summary) {
    this.#summary = summary;
    for (const [number, { model, class: name, pieces }] of summary.tracks.entries()) {
      this.#tracks.set(keyOf(model, name), number);
      for (const piece of pieces) this.#numbers += piece.length;
      this.#latest = Math.max(this.#latest, pieces.at(-1)?.[0] ?? 0);
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
    const track: Track = { model, class: name, counts: new Array(101).fill(0), pieces: [] };
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
    this.#lengthenPieces(time);
    const sorted = percents.sort((one, other) => other - one).slice(0, mostInFrame);
    this.#addPiece(this.#summary.tracks[track] as Track, [time, ...sorted]);
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
    this.#lengthenPieces(end);
    const percents = new Array(Math.min(Math.max(1, most), mostInFrame)).fill(percent);
    const { pieceSeconds } = this.#summary;
    const [first, last] = [pieceOf(start, pieceSeconds), pieceOf(end, pieceSeconds)];
    for (let piece = first; piece <= last; piece++)
      this.#addPiece(of, [piece === first ? start : piece * pieceSeconds, ...percents]);
    this.#saveRoom();
  }

  #lengthenPieces(time: number): void {
    this.#latest = Math.max(this.#latest, time);
    while (pieceOf(time, this.#summary.pieceSeconds) >= mostPieces) this.#doublePieces();
  }

  #saveRoom(): void {
    const isTooLong = () => pieceOf(this.#latest, this.#summary.pieceSeconds) >= fewestPieces;
    while (this.#numbers > mostNumbers && isTooLong()) this.#doublePieces();
  }

  #doublePieces(): void {
    const summary = this.#summary;
    summary.pieceSeconds *= 2;
    this.#numbers = 0;
    for (const track of summary.tracks) {
      const { pieces } = track;
      track.pieces = [];
      for (const piece of pieces) this.#addPiece(track, piece);
    }
  }

  /** Pieces of a track are in order of time, whatever the order of frames. */
  #addPiece({ pieces }: Track, added: Piece): void {
    const { pieceSeconds } = this.#summary;
    const number = pieceOf(added[0], pieceSeconds);
    let at = pieces.length;
    while (at > 0 && pieceOf((pieces[at - 1] as Piece)[0], pieceSeconds) > number) at--;
    let piece = pieces[at - 1];
    if (!piece || pieceOf(piece[0], pieceSeconds) !== number) {
      piece = [added[0]];
      pieces.splice(at, 0, piece);
      this.#numbers += 1;
    }
    piece[0] = Math.min(piece[0], added[0]);
    // That there is something is noted in any case.
    const room = Math.max(2, piece.length + mostNumbers - this.#numbers);
    this.#numbers -= piece.length;
    for (let n = 1; n < Math.min(added.length, room); n++)
      piece[n] = Math.max(piece[n] ?? 0, added[n] as number);
    this.#numbers += piece.length;
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
