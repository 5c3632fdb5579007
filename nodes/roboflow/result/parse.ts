import { columnKind, columnName } from "./columns";
import { checkResultSize, damaged, notVideo } from "./damage";
import { isObject, Tally } from "./entries";
import { parseJson } from "./json-text";
import { findRepeatedKeys } from "./repeated-keys";
import { setKey } from "./safe-keys";
import type { ResultSummary } from "./types";

export interface ParsedResult {
  /** The result as downloaded; a model id that occurs twice keeps both columns, the second as `id#2`. */
  result: Record<string, unknown>;
  summary: ResultSummary;
  models: string[];
}

/**
 * Reads a result as one value; blocks for as long as `JSON.parse` does.
 * @throws VideoError RESULT when the result is cut, broken or no result
 * @throws VideoError RESULT_TOO_LARGE past {@link maxResultBytes}
 */
export function parseResult(body: Buffer): ParsedResult {
  checkResultSize(body.length);
  const value = parseJson(body, 0);
  if (!isObject(value)) throw notVideo("the top level is no object");
  const result = withRepeatedKeys(value, body);

  const frames = [result.frame_offset, result.frame_offsets].find(Array.isArray);
  const times = [result.time_offset, result.time_offsets].find(Array.isArray);
  if (!frames || !times) throw notVideo("no frame_offset and time_offset");
  const tally = new Tally();
  const models: string[] = [];
  const columns: unknown[][] = [];
  for (const [key, column] of Object.entries(result)) {
    if (!Array.isArray(column)) continue;
    if (column.length !== frames.length) {
      const lengths = `${key} has ${column.length} elements, frame_offset ${frames.length}`;
      throw damaged(lengths, body.length);
    }
    if (columnKind(key) !== "entries") continue;
    models.push(key);
    columns.push(column);
    for (const entry of column) tally.add(entry);
  }
  const summary: ResultSummary = {
    frames: frames.length,
    detections: tally.detections,
    classes: tally.classes(),
    nullFrames: nullFrames(columns),
  };
  return { result, summary, models };
}

function nullFrames(columns: unknown[][]): number {
  const [first, ...others] = columns;
  if (!first) return 0;
  let count = 0;
  for (let i = 0; i < first.length; i++)
    if (first[i] === null && others.every((column) => column[i] === null)) count++;
  return count;
}

function withRepeatedKeys(value: Record<string, unknown>, body: Buffer): Record<string, unknown> {
  const members = findRepeatedKeys(value, body);
  if (!members) return value;
  const result: Record<string, unknown> = {};
  const taken = new Set<string>();
  for (const { key, start, end } of members) {
    const member = parseJson(body.subarray(start, end), start);
    if (columnKind(key) !== "entries") setKey(result, key, member);
    else if (Array.isArray(member)) {
      const name = columnName(key, taken);
      taken.add(name);
      setKey(result, name, member);
    } else if (!taken.has(key)) setKey(result, key, member);
  }
  return result;
}
