/** Reading results of the Video Inference API: from disk at any size, or as one value. */
export { checkResultSize, maxResultBytes } from "./damage";
export { openResult, type ResultFile } from "./open";
export { parseResult } from "./parse";
export type { Frame, FrameFilter, ResultSummary } from "./types";
