import { damaged, notVideo } from "../damage";
import { setKey } from "../safe-keys";
import { Column } from "../scan/columns";
import { FrameBits } from "../scan/frame-bits";
import type { TopLevel } from "../scan/top-level";
import type { ResultSummary } from "../types";

/** Which lists of a result are what. */
export interface Layout {
  frames: Column;
  times: Column;
  /** One a model, in the order of `JSON.parse`. */
  entries: Column[];
  /** Lists that no frame is made of. */
  rest: Column[];
}

/**
 * Chooses the columns that frames are made of.
 * @param models names of the models that ran, where they are known: a list of another length than `frame_offset` is
 *   damage if it has such a name, or, where they are not known, if it holds an object. Others are passed over
 * @throws VideoError RESULT when there are no offsets, or when a model's column or the times have another length
 */
export function layoutOf({ members }: TopLevel, models: readonly string[] = []): Layout {
  const list = (key: string) => {
    const member = members.get(key);
    return member instanceof Column ? member : undefined;
  };
  const frames = list("frame_offset") ?? list("frame_offsets");
  const allTimes = [list("time_offset"), list("time_offsets")].filter((column) => column !== undefined);
  const [firstTimes] = allTimes;
  if (!frames || !firstTimes) throw notVideo("no frame_offset and time_offset");
  const isWhole = ({ length }: Column) => length === frames.length;
  const times = allTimes.find(isWhole);
  if (!times) throw unequal(firstTimes, frames);

  // Slugs are in lower case, whatever a person has typed.
  const ran = new Set(models.map((model) => model.toLowerCase()));
  const layout: Layout = { frames, times, entries: [], rest: [] };
  for (const column of members.values()) {
    if (!(column instanceof Column) || column === frames || column === times) continue;
    if (isWhole(column) && column.kind === "entries") layout.entries.push(column);
    else if (isWhole(column)) layout.rest.push(column);
    else if (models.length > 0 ? ran.has(column.key.toLowerCase()) : column.holdsObject)
      throw unequal(column, frames);
    else layout.rest.push(column);
  }
  return layout;
}

function unequal(column: Column, frames: Column): Error {
  const lengths = `${column.key} has ${column.length} elements, ${frames.key} ${frames.length}`;
  return damaged(lengths, column.end);
}

/** @param classNames by the ids that the columns count by */
export function summaryOf({ frames, entries }: Layout, classNames: readonly string[]): ResultSummary {
  const answered = new FrameBits();
  const counts = new Float64Array(classNames.length);
  let detections = 0;
  for (const column of entries) {
    detections += column.detections;
    answered.add(column.answered);
    for (const [id, count] of column.classes) counts[id] = (counts[id] as number) + count;
  }
  const classes = {};
  for (const [id, name] of classNames.entries()) if (counts[id]) setKey(classes, name, counts[id]);
  return {
    frames: frames.length,
    detections,
    classes,
    nullFrames: entries.length > 0 ? frames.length - answered.count() : 0,
  };
}
