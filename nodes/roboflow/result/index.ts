/** Reading results of the Video Inference API, of any size, from disk. */
export { checkResultSize, maxResultBytes } from "./damage";
export {
  type ClassSummary,
  type ClipSummary,
  type EventList,
  type EventOptions,
  readEvents,
  readSummary,
  type SeenEvent,
} from "./events";
export { openResult, type ResultFile } from "./open";
export type { Box } from "./sightings";
export { type ClipNames, csvOf, jsonLinesOf } from "./tables";
export type { Frame, FrameFilter, ResultSummary } from "./types";
