import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { type Area, LOOKAHEAD_SECONDS, MotionDetector } from "./motion";
import { type GreyFrame, greyFrames, type VideoInfo } from "./video";

/** Width of the frames that are looked at: enough to tell two people apart, little enough to be quick. */
const LOOK_WIDTH = 240;
/** Most frames a second that the detector is shown, besides the sampled ones: more tell it nothing new. */
const MOST_SEEN = 12;
/** Frames kept to learn the first background from. */
const MOST_LOOKAHEAD = 400;

/** What was seen in a video, on disk: one line of JSON (`Sighting`) a sampled frame. */
export interface Analysis {
  file: string;
  image: { width: number; height: number };
}

/** What was seen in one sampled frame. */
export interface Sighting {
  /** Number of the frame in the video, from 0. */
  frame: number;
  /** Seconds of playback: the frame's number by the frame rate. */
  time: number;
  /** Seconds it took to look. */
  took: number;
  /** In pixels of the video. */
  areas: Area[];
}

/**
 * The number of the frame that is inferred as the n-th, as real results have it.
 * @param fps the video's frame rate
 */
export const inferredFrame = (n: number, fps: number, inferFps: number): number =>
  Math.floor((n * fps) / inferFps);

/**
 * Looks at a video `inferFps` times a second of playback. Above the frame rate nothing is seen at all, as with the
 * real service.
 * @param target path of the file to write
 * @throws Error with the reason when it cannot be decoded
 */
export async function analyse(
  video: string,
  inferFps: number,
  target: string,
  signal: AbortSignal,
): Promise<Analysis> {
  const output = createWriteStream(target);
  let info: VideoInfo | undefined;
  const frames = greyFrames(video, {
    width: LOOK_WIDTH,
    signal,
    onInfo: (told) => {
      info = told;
    },
  });
  try {
    const described = () => info as VideoInfo;
    for await (const { frame, sampled, detector } of watched(
      chosen(frames, described, inferFps),
      described,
    )) {
      if (!info || inferFps > info.fps + 0.01) break;
      if (!sampled) continue;
      const before = performance.now();
      const areas = detector.areas().map((area) => scaled(area, info as VideoInfo));
      const took = (performance.now() - before) / 1000;
      const time = frame.number / info.fps;
      const sighting: Sighting = { frame: frame.number, time, took, areas };
      if (!output.write(`${JSON.stringify(sighting)}\n`)) await once(output, "drain", { signal });
    }
  } finally {
    output.end();
    // One that has failed is closed already, and says so no more.
    if (!output.closed) await once(output, "close");
  }
  if (!info) throw new Error("no video in this file");
  return { file: target, image: { width: info.width, height: info.height } };
}

/** A frame that the detector is to see; `sampled` when it is one of the frames that are inferred. */
interface Chosen {
  frame: GreyFrame;
  sampled: boolean;
}

/** Picks the frames that are inferred, and enough of those between to follow what changes. */
async function* chosen(
  frames: AsyncIterable<GreyFrame>,
  info: () => VideoInfo,
  inferFps: number,
): AsyncGenerator<Chosen> {
  let samples = 0;
  let seen = Number.NEGATIVE_INFINITY;
  for await (const frame of frames) {
    const sampled = frame.number === inferredFrame(samples, info().fps, inferFps);
    if (sampled) samples += 1;
    if (!sampled && frame.time - seen < 1 / MOST_SEEN) continue;
    seen = frame.time;
    yield { frame, sampled };
  }
}

/** Shows each frame to a detector that has first seen the beginning of the video as a whole. */
async function* watched(
  frames: AsyncIterable<Chosen>,
  info: () => VideoInfo,
): AsyncGenerator<Chosen & { detector: MotionDetector }> {
  let detector: MotionDetector | undefined;
  let ahead: Chosen[] = [];
  function* watchAhead() {
    const { scaledWidth, scaledHeight } = info();
    const ready = new MotionDetector(scaledWidth, scaledHeight);
    const step = Math.max(1, Math.floor(ahead.length / 31));
    ready.learn(ahead.filter((_, n) => n % step === 0).map(({ frame }) => frame.pixels));
    detector = ready;
    for (const choice of ahead) {
      ready.see(choice.frame.pixels, choice.frame.time);
      yield { ...choice, detector: ready };
    }
    ahead = [];
  }
  for await (const choice of frames) {
    if (detector) {
      detector.see(choice.frame.pixels, choice.frame.time);
      yield { ...choice, detector };
      continue;
    }
    ahead.push(choice);
    if (choice.frame.time >= LOOKAHEAD_SECONDS || ahead.length >= MOST_LOOKAHEAD) yield* watchAhead();
  }
  if (!detector && ahead.length > 0) yield* watchAhead();
}

function scaled(area: Area, info: VideoInfo): Area {
  const across = info.width / info.scaledWidth;
  const down = info.height / info.scaledHeight;
  return {
    left: area.left * across,
    top: area.top * down,
    width: area.width * across,
    height: area.height * down,
    confidence: area.confidence,
  };
}
