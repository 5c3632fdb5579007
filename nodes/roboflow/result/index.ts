/** Reading results of the Video Inference API, of any size, from disk. */
export { checkResultSize, maxResultBytes } from "./damage";
export { openResult, type ResultFile, type ResultRows } from "./open";
export {
  type ClipSummary,
  type EventOptions,
  readEvents,
  readSummary,
} from "./outputs/events";
export { sightingsOf } from "./outputs/sightings";
export { csvOf, jsonLinesOf } from "./outputs/tables";
export type { Row } from "./read/rows";
export type { DetectionEvent, Frame, FrameFilter, ResultSummary } from "./types";
