// What others may use of this layer: Roboflow's Video Inference API and nothing of Node-RED.
export { quoted, readAnswer, serverWords } from "./api/answers";
export { type JobStatus, jobFailure } from "./api/job-status";
export type { AvailableModel } from "./api/model-types";
export {
  type ApiModel,
  checkModels,
  describeModels,
  inferenceRates,
  type ModelDescription,
  projectSlugs,
  readInferFps,
} from "./api/models";
export { RoboflowClient, startUncertain } from "./client";
export { describeValue, type ValueDescription } from "./describe-value";
export { type ErrorCode, type ErrorReason, type ErrorValues, VideoError } from "./errors";
export type { HttpResponse } from "./http/exchange";
export { Network, type NetworkOptions } from "./http/network";
export { isExcepted, readProxy } from "./http/proxy";
export { retries, sleep, withRetries } from "./http/retry";
export { scavenger } from "./http/scavenge";
export { decodePart, encodePart, expiryOf, isHttpUrl } from "./http/urls";
export { type Fields, isObject } from "./json";
export { pollRateLimiter } from "./polling/rate-limiter";
export { renewedLink } from "./polling/renewed-link";
export { PollSchedule } from "./polling/schedule";
export { watchJob } from "./polling/watch";
export { secretsOfUrl, withoutSecrets } from "./redact";
export {
  checkResultSize,
  csvOf,
  type DetectionEvent,
  type EventOptions,
  type Frame,
  type FrameFilter,
  jsonLinesOf,
  openResult,
  type ResultFile,
  type ResultRows,
  type ResultSummary,
  type Row,
  readEvents,
  readSummary,
  sightingsOf,
} from "./result";
export { getResult, type Incoming, saveAndOpen, saveText, saveTo } from "./result/fetch";
export { FileSink } from "./result/file-sink";
export { setKey } from "./result/safe-keys";
export { Semaphore } from "./semaphore";
export { shorten } from "./shorten";
export {
  canBePath,
  fileError,
  looksLikeUrl,
  notAVideo,
  type Video,
  videoBuffer,
  videoFile,
} from "./upload/video";
