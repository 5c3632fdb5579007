import { nestedTooDeeply } from "../damage";
import type { ResultFile, ResultRows } from "../open";
import type { Row } from "../read/rows";
import type { Frame, FrameFilter } from "../types";
import { Filter } from "./filter";
import { sightingsOf } from "./sightings";

const columns = ["clip", "job", "model", "frame", "time", "class", "confidence", "x", "y", "width", "height"];

/** RFC 4180. */
const lineEnd = "\r\n";

/** What a spreadsheet takes for the beginning of a formula, the wide characters in Japanese ones. */
const beginsFormula = /^[=+\-@\t\r\n＝＋－＠]/;
const needsQuotes = /[",\r\n]/;

/** What each row of a table has in common. */
export interface ClipNames {
  clip: string;
  job: string;
}

/**
 * A result as a table, one prediction a row, as text some lines at a time; the first is the header. A classification has a
 * row for each class that it decided for, CLIP none.
 * @throws VideoError RESULT, as {@link ResultFile.rows}
 */
export async function* csvOf(
  result: ResultRows,
  filter: FrameFilter,
  names: ClipNames,
): AsyncGenerator<string, void, undefined> {
  yield columns.join(",") + lineEnd;
  const wanted = new Filter(filter);
  const first = [names.clip, names.job].map(textCell);
  for await (const rows of result.rows()) {
    const lines = rows.flatMap((row) => linesOf(row, result.models, wanted, first));
    if (lines.length > 0) yield lines.join("");
  }
}

function linesOf(
  { frame, time, entries }: Row,
  models: readonly string[],
  filter: Filter,
  first: string[],
): string[] {
  const lines: string[] = [];
  for (const [index, entry] of entries.entries())
    for (const { class: className, confidence, box } of sightingsOf(entry)) {
      if (!filter.passes(className, confidence)) continue;
      const numbers = [confidence, box?.x, box?.y, box?.width, box?.height].map(numberCell);
      const cells = [
        ...first,
        textCell(models[index] as string),
        numberCell(frame),
        numberCell(time),
        textCell(className ?? ""),
        ...numbers,
      ];
      lines.push(cells.join(",") + lineEnd);
    }
  return lines;
}

const numberCell = (value: unknown): string => (typeof value === "number" ? String(value) : "");

function textCell(text: string): string {
  const safe = beginsFormula.test(text) ? `'${text}` : text;
  return needsQuotes.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/**
 * The frames of a result as JSON, one a line, as text some lines at a time.
 * @param options.skipEmpty leave out frames without a prediction
 * @throws VideoError RESULT, as {@link ResultFile.rows}
 */
export async function* jsonLinesOf(
  result: ResultFile,
  filter: FrameFilter,
  options: { skipEmpty: boolean },
): AsyncGenerator<string, void, undefined> {
  for await (const frames of result.batches(filter, options)) yield frames.map(jsonLine).join("");
}

function jsonLine(frame: Frame): string {
  try {
    return `${JSON.stringify(frame)}\n`;
  } catch (error) {
    // JSON.parse goes deeper than JSON.stringify.
    throw error instanceof RangeError ? nestedTooDeeply(0) : error;
  }
}
