/** Reading results of the Video Inference API, of any size, from disk. */
export { checkResultSize, maxResultBytes } from "./damage";
export { type ClipSummary, type EventOptions, readEvents, readSummary, type SeenEvent } from "./events";
export { openResult, type ResultFile } from "./open";
export { csvOf, jsonLinesOf } from "./tables";
export type { Frame, FrameFilter, ResultSummary } from "./types";
