import { inferenceRates, isObject, VideoError } from "../roboflow";

/** Frames per second by which a rate may be above that of the video: a clip of 30 is often said to have 29.997. */
const tolerance = 0.01;
/** What fractions may be off by: 29.97 + 0.01 is 29.979999999999997, and 8.3 × 30 is 249.00000000000003. */
const roundingError = 1e-6;

/**
 * Refuses a rate that the video does not have: Roboflow gives no result for it, and charges all the same.
 *
 * @param rate frames per second to be inferred.
 * @param video `msg.roboflow.video`, of whatever type.
 * @throws VideoError INPUT
 */
export function checkRate(rate: number, video: unknown): void {
  const fps = positive(video, "fps");
  if (fps === undefined || rate <= fps + tolerance + roundingError) return;
  const highest = Math.floor(fps + tolerance + roundingError);
  const values = { rate, fps: Math.round(fps * 1000) / 1000, highest };
  throw new VideoError("INPUT", highest < inferenceRates.least ? "videoTooSlow" : "rateAboveVideo", {
    values,
  });
}

/** How many frames a job on this video will infer; undefined where its duration is not known. */
export function expectedFrames(rate: number, video: unknown): number | undefined {
  const seconds = positive(video, "duration");
  return seconds === undefined ? undefined : Math.ceil(seconds * rate - roundingError);
}

/** A number of a video's, as far as it is one: the message may hold anything. */
function positive(video: unknown, name: string): number | undefined {
  const value = isObject(video) ? video[name] : undefined;
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : undefined;
}
