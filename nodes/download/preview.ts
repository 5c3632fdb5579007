import { type DetectionEvent, type Frame, withoutSecrets } from "../roboflow";
import type { EventRow, FrameRow, PreviewRows } from "./preview-rows";

/** Rows that are kept, classes of a frame, and characters of a name: a result may hold any number, of any length. */
const mostRows = 20;
const mostClasses = 5;
const longestName = 100;

const shown = (name: string) => withoutSecrets(name, [], longestName);

/** The first of some events, as rows. */
export function previewOfEvents(events: Iterable<DetectionEvent>, count: number): PreviewRows {
  const rows: EventRow[] = [];
  for (const event of events) {
    if (rows.length === mostRows) break;
    const { class: name, start, end, most, confidence } = event;
    rows.push({ class: shown(name), start, end, most, confidence });
  }
  return { kind: "events", count, rows };
}

/** Keeps the first of some frames as rows while they pass. */
export class FramePreview {
  readonly #rows: FrameRow[] = [];
  #count = 0;

  async *watch(batches: AsyncIterable<Frame[]>): AsyncGenerator<Frame[], void, undefined> {
    for await (const frames of batches) {
      this.#count += frames.length;
      for (const { frame, time, predictions, classes } of frames.slice(0, mostRows - this.#rows.length)) {
        const some = Object.entries(classes).slice(0, mostClasses);
        const names = some.map(([name, count]): [string, number] => [shown(name), count]);
        this.#rows.push({ frame, time, detections: predictions.length, classes: names });
      }
      yield frames;
    }
  }

  get rows(): PreviewRows {
    return { kind: "frames", count: this.#count, rows: this.#rows };
  }
}
