// The public face of this room: Roboflow's Video Inference API and nothing of Node-RED.
export { quoted } from "./answers";
export { RoboflowClient, startUncertain } from "./client";
export { type ErrorCode, VideoError } from "./errors";
export { Network, type NetworkOptions } from "./http";
export { type JobStatus, jobFailure } from "./job";
export { type ApiModel, checkModels, describeModel, describeValue, readInferFps } from "./models";
export { type PollFloor, pollFloor } from "./poll-floor";
export { isExcepted, readProxy } from "./proxy";
export { openResult, parseResult, type ResultFile, type ResultSummary } from "./result";
export { isPassing, retries, sleep, withRetries } from "./retry";
export { withoutSecrets } from "./secrets";
export { collect, getResult, type Incoming, saveAndOpen, saveTo } from "./transfer";
export { expiryOf, isHttpUrl } from "./urls";
export { lastPart, notAVideo, type Video, videoBuffer, videoFile } from "./video";
export type { AvailableModel } from "./workspace";
