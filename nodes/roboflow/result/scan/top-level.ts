import { entryTooLarge, maxColumns, tooManyColumns } from "../damage";
import { Column, columnKind, Ranges } from "./columns";

/** Nothing is being read whose size is limited. */
const NOTHING = Number.POSITIVE_INFINITY;

/** A batch of each column is in memory at a time: from so many columns on, batches are so many times shorter. */
const FEW = 16;

export interface TopLevelOptions {
  /** Bytes after which a batch ends at the next border of an element. */
  batchBytes: number;
  /** Elements after which a batch ends at the latest. */
  batchElements: number;
  /** The most bytes of an element of a column, or of another value of the top level. */
  entryBytes: number;
}

/** The members of a result's top level, as the scan meets them. Positions are offsets in the file. */
export class TopLevel {
  /**
   * By key, in the order that `JSON.parse` gives them: a key that occurs twice has its first place and its last value.
   * A value that is no list is an index into `others`.
   */
  readonly members = new Map<string, Column | number>();
  /** Lists whose key came once more. */
  readonly superseded: Column[] = [];
  /** Values that are no lists, those whose key came once more too. */
  readonly others = new Ranges();
  /** Key of the member being read. */
  key = "";

  readonly #options: TopLevelOptions;
  #columns = 0;
  #batchBytes: number;
  #column = new Column("", "entries");
  /** Start of the key, the element of a column or the other value being read. */
  #valueStart = NOTHING;
  #batchStart = 0;
  #batchCount = 0;

  constructor(options: TopLevelOptions) {
    this.#options = options;
    this.#batchBytes = options.batchBytes;
  }

  /** The column being read. */
  get column(): Column {
    return this.#column;
  }

  /**
   * @param position behind the bracket
   * @throws VideoError RESULT when there are too many
   */
  openColumn(position: number): Column {
    if (++this.#columns > maxColumns) throw tooManyColumns();
    if (this.#columns > FEW) this.#batchBytes = this.#options.batchBytes / FEW;
    this.#column = new Column(this.key, columnKind(this.key));
    this.#add(this.#column);
    this.#valueStart = position;
    this.#batchStart = position;
    this.#batchCount = 0;
    return this.#column;
  }

  /**
   * An element of the column ends, and it is not the last.
   * @param position of the comma
   * @throws VideoError RESULT when it is too large
   */
  closeElement(position: number): void {
    this.checkSize(position);
    this.#valueStart = position + 1;
    this.#batchCount++;
    const { batchElements } = this.#options;
    if (position - this.#batchStart >= this.#batchBytes || this.#batchCount >= batchElements) {
      this.#column.add(this.#batchStart, position, this.#batchCount);
      this.#batchStart = position + 1;
      this.#batchCount = 0;
    }
  }

  /**
   * @param position of the bracket
   * @throws VideoError RESULT when the last element is too large
   */
  closeColumn(position: number, isEmpty: boolean): void {
    this.checkSize(position);
    this.#valueStart = NOTHING;
    if (!isEmpty) this.#column.add(this.#batchStart, position, this.#batchCount + 1);
    this.#column.end = position;
  }

  /** The element being read is not null. */
  answer(): void {
    this.#column.answered.set(this.#column.length + this.#batchCount);
  }

  /** A key or a value that is no list begins. */
  open(position: number): void {
    this.#valueStart = position;
  }

  /** The key that began at {@link open} is over. */
  closeKey(key: string): void {
    this.#valueStart = NOTHING;
    this.key = key;
  }

  /**
   * The value that began at {@link open} is over.
   * @param position behind it
   * @throws VideoError RESULT when it is too large
   */
  closeOther(position: number): void {
    this.checkSize(position);
    this.#add(this.others.length);
    this.others.add(this.#valueStart, position, 1);
    this.#valueStart = NOTHING;
  }

  /** @throws VideoError RESULT when what is being read is too large already */
  checkSize(position: number): void {
    if (position - this.#valueStart > this.#options.entryBytes) throw entryTooLarge(this.#valueStart);
  }

  #add(member: Column | number): void {
    const before = this.members.get(this.key);
    if (before instanceof Column) this.superseded.push(before);
    this.members.set(this.key, member);
  }
}
