import { visitClasses } from "../entries";
import { ClassNames, hashOf } from "./class-names";
import type { Column } from "./columns";
import { grownTo } from "./growable";
import { isWord } from "./json-bytes";

/** What the value behind a key of an entry or of a prediction is to the count. */
export const keys = { ANY_KEY: 0, KEY_PREDICTIONS: 1, KEY_CLASS: 2 } as const;
const { ANY_KEY, KEY_PREDICTIONS, KEY_CLASS } = keys;

const PREDICTIONS_WORD = Buffer.from("predictions");
const CLASS_WORD = Buffer.from("class");

/** An entry that has to be parsed to be counted: where it stands in the file, and what its count belongs to. */
export interface Uncounted {
  start: number;
  end: number;
  column: Column;
}

/**
 * Counts the predictions and classes of entries, told of by the scan as it meets them. An entry that cannot be counted
 * for sure that way (a key given twice, a key with escapes) is handed out as {@link Uncounted} instead.
 */
export class EntryCounter {
  readonly names = new ClassNames();
  /** To be parsed by the caller, who empties it. */
  uncounted: Uncounted[] = [];

  #column: Column | undefined;
  // Of the column being read: predictions by class, and which classes there are.
  #counts = new Float64Array(64);
  #classes = new Int32Array(64);
  #classCount = 0;
  // Of the entry being read.
  #start = 0;
  #isSure = true;
  #predictionsSeen = false;
  #classSeen = false;
  #detections = 0;
  #entryClasses = new Int32Array(64);
  #entryClassCount = 0;
  /** Last entry in which a class was a label, by class id: the same label twice is one prediction. */
  #labelSeen = new Float64Array(64);
  #labelsSerial = 0;

  openColumn(column: Column): void {
    this.#column = column;
  }

  closeColumn(): void {
    const column = this.#column as Column;
    for (let k = 0; k < this.#classCount; k++) {
      const id = this.#classes[k] as number;
      column.addClass(id, this.#counts[id] as number);
      this.#counts[id] = 0;
    }
    this.#classCount = 0;
  }

  /** @param position of the opening bracket */
  openEntry(position: number): void {
    this.#start = position;
    this.#isSure = true;
    this.#predictionsSeen = false;
    this.#detections = 0;
    this.#entryClassCount = 0;
  }

  /** @param end offset behind the closing bracket */
  closeEntry(end: number): void {
    const column = this.#column as Column;
    if (!this.#isSure) {
      this.uncounted.push({ start: this.#start, end, column });
      return;
    }
    column.detections += this.#detections;
    for (let k = 0; k < this.#entryClassCount; k++) {
      const id = this.#entryClasses[k] as number;
      this.#counts = grownTo(this.#counts, id);
      const before = this.#counts[id] as number;
      this.#counts[id] = before + 1;
      if (before > 0) continue;
      this.#classes = grownTo(this.#classes, this.#classCount);
      this.#classes[this.#classCount++] = id;
    }
  }

  /** The entry being read has something that only a parse tells. */
  doubt(): void {
    this.#isSure = false;
  }

  openPrediction(): void {
    this.#detections++;
    this.#classSeen = false;
  }

  openLabels(): void {
    this.#labelsSerial++;
  }

  entryKey(bytes: Uint8Array, start: number, end: number, escaped: boolean): number {
    if (escaped || !isWord(PREDICTIONS_WORD, bytes, start, end)) {
      if (escaped) this.doubt();
      return ANY_KEY;
    }
    if (this.#predictionsSeen) this.doubt();
    this.#predictionsSeen = true;
    return KEY_PREDICTIONS;
  }

  predictionKey(bytes: Uint8Array, start: number, end: number, escaped: boolean): number {
    if (escaped || !isWord(CLASS_WORD, bytes, start, end)) {
      if (escaped) this.doubt();
      return ANY_KEY;
    }
    if (this.#classSeen) this.doubt();
    this.#classSeen = true;
    return KEY_CLASS;
  }

  /** A key of the object under a label, which may bring a class of its own. */
  labelledKey(bytes: Uint8Array, start: number, end: number, escaped: boolean): void {
    if (escaped || isWord(CLASS_WORD, bytes, start, end)) this.doubt();
  }

  /** The class of a prediction, written in `bytes` from `start` to `end`; `hash` and `base` as {@link ClassNames.idOf}. */
  className(bytes: Uint8Array, start: number, end: number, hash: number, base: number): void {
    this.#addClass(this.names.idOf(bytes, start, end, hash, base));
  }

  /** A key of the object of many labels. */
  label(bytes: Uint8Array, start: number, end: number, base: number): void {
    const id = this.names.idOf(bytes, start, end, hashOf(bytes, start, end), base);
    this.#labelSeen = grownTo(this.#labelSeen, id);
    if (this.#labelSeen[id] === this.#labelsSerial) return;
    this.#labelSeen[id] = this.#labelsSerial;
    this.#detections++;
    this.#addClass(id);
  }

  /** Counts an entry that has been parsed. */
  addParsed(entry: unknown, column: Column): void {
    visitClasses(entry, (className) => {
      column.detections++;
      if (typeof className === "string") column.addClass(this.names.idOfName(className), 1);
    });
  }

  #addClass(id: number): void {
    this.#entryClasses = grownTo(this.#entryClasses, this.#entryClassCount);
    this.#entryClasses[this.#entryClassCount++] = id;
  }
}
