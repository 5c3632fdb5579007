import { createReadStream } from "node:fs";
import path from "node:path";
import { EventLoopYield } from "../../event-loop";
import { csvOf, type DetectionEvent, type ResultRows, type Row, readEvents } from "../../roboflow";
import type { FrameLine, Summary } from "../data";
import { eventsFile, type KeptSummary, windowFile } from "./recording";

/** Seconds: sightings at most so far apart are one event; as the download node has it by default. */
const gap = 2;
/** Rows that are handed on at a time. */
const rowsAtOnce = 64;

/** The bytes of a window that count; undefined where there is no such window. */
export const windowBytes = ({ windows }: Pick<Summary, "windows">, number: number): number | undefined =>
  windows.find(([known]) => known === number)?.[1];

/** A part of a file, from its beginning. */
export const beginningOf = (file: string, bytes: number) =>
  createReadStream(file, { start: 0, end: Math.max(0, bytes - 1) });

/** What is kept of a clip, as the readers of results take it: events and tables come from the same code as those of the nodes. */
export function keptRows(folder: string, summary: KeptSummary): ResultRows {
  const { models, tracks, windows } = summary;
  const entriesOf = (seen: FrameLine[2]): unknown[] => {
    const entries = models.map(() => ({ predictions: [] as object[] }));
    for (const [number, confidence, box] of seen) {
      const track = tracks[number];
      if (!track) continue;
      entries[track.model]?.predictions.push({
        ...(track.class === null ? {} : { class: track.class }),
        ...(confidence === null ? {} : { confidence }),
        ...(box ? { x: box[0], y: box[1], width: box[2], height: box[3] } : {}),
      });
    }
    return entries;
  };
  return {
    models,
    async *rows() {
      const loop = new EventLoopYield();
      let index = 0;
      for (const [number, bytes] of windows) {
        let rows: Row[] = [];
        for await (const line of linesOf<FrameLine>(path.join(folder, windowFile(number)), bytes)) {
          const [frame, time, seen] = line;
          rows.push({ index: index++, frame, time, entries: entriesOf(seen) });
          if (rows.length < rowsAtOnce && !loop.isDue) continue;
          yield rows;
          rows = [];
          await loop.yieldIfDue();
        }
        if (rows.length > 0) yield rows;
      }
    },
  };
}

/** The values of a file with one JSON text per line, as far as it counts. */
async function* linesOf<T>(file: string, bytes: number): AsyncGenerator<T, void, undefined> {
  if (bytes <= 0) return;
  let rest = "";
  for await (const chunk of beginningOf(file, bytes).setEncoding("utf8")) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield JSON.parse(line) as T;
  }
}

/**
 * The events of a clip: of those detections that reach a confidence, or those that came as messages and reach it.
 *
 * @param most events that are returned; `total` counts all of them.
 * @throws the file system's error
 */
export async function keptEvents(
  folder: string,
  summary: KeptSummary,
  minConfidence: number,
  most: number,
): Promise<{ total: number; events: DetectionEvent[] }> {
  const events: DetectionEvent[] = [];
  let total = 0;
  const take = (event: DetectionEvent) => {
    total += 1;
    if (events.length < most) events.push(event);
  };
  if (summary.kind === "events") {
    for await (const event of linesOf<DetectionEvent>(path.join(folder, eventsFile), summary.eventBytes))
      if (event.confidence === null || event.confidence >= minConfidence) take(event);
    return { total, events };
  }
  const loop = new EventLoopYield();
  const filter = { minConfidence, classes: [] };
  for (const event of await readEvents(keptRows(folder, summary), filter, { gap, minDuration: 0 })) {
    take(event);
    if (total % 256 === 0) await loop.yieldIfDue();
  }
  return { total, events };
}

/** What is kept of a clip as a table, see `csvOf`. */
export const keptTable = (
  folder: string,
  summary: KeptSummary,
  { minConfidence, clip, job }: { minConfidence: number; clip: string; job: string },
) => csvOf(keptRows(folder, summary), { minConfidence, classes: [] }, { clip, job });
