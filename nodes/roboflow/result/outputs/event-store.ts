import type { Box } from "../types";

/** In place of the confidence that a prediction does not have: below all others. */
export const NO_CONFIDENCE = Number.NEGATIVE_INFINITY;

/** What is known of one event while it grows, as numbers. */
export const field = {
  START: 0,
  END: 1,
  FRAMES: 2,
  DETECTIONS: 3,
  MOST: 4,
  /** Of the best prediction. */
  CONFIDENCE: 5,
  /** Position of its frame in the result. */
  BEST_ROW: 6,
  BEST_FRAME: 7,
  BEST_TIME: 8,
  /** Its x, y, width and height; NaN where there is no box. */
  BOX: 9,
  /** Index of the track that the event belongs to. */
  TRACK: 13,
} as const;
const FIELDS = 14;

/** Events of one allocation. */
const EVENTS = 1024;

/** Events as plain numbers, 112 bytes each: a clip may have very many. */
export class EventStore {
  readonly #chunks: Float64Array[] = [];
  length = 0;

  /** @returns the index of a new event */
  add(): number {
    if (this.length === EVENTS * this.#chunks.length) this.#chunks.push(new Float64Array(FIELDS * EVENTS));
    return this.length++;
  }

  get(event: number, name: number): number {
    return this.#chunk(event)[(event % EVENTS) * FIELDS + name] as number;
  }

  set(event: number, name: number, value: number): void {
    this.#chunk(event)[(event % EVENTS) * FIELDS + name] = value;
  }

  removeLast(): void {
    this.length--;
  }

  /** Makes the best prediction of one event that of another. */
  copyBest(from: number, to: number): void {
    for (let name: number = field.CONFIDENCE; name < field.TRACK; name++)
      this.set(to, name, this.get(from, name));
  }

  box(event: number): Box | null {
    const [x, y, width, height] = [0, 1, 2, 3].map((side) => this.get(event, field.BOX + side));
    return Number.isNaN(x) ? null : ({ x, y, width, height } as Box);
  }

  setBox(event: number, box: Box | null): void {
    const sides = box ? [box.x, box.y, box.width, box.height] : [NaN, NaN, NaN, NaN];
    for (const [side, value] of sides.entries()) this.set(event, field.BOX + side, value);
  }

  #chunk(event: number): Float64Array {
    return this.#chunks[Math.floor(event / EVENTS)] as Float64Array;
  }
}
