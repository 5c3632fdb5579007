import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { type Area, LOOKAHEAD_SECONDS, MotionDetector } from "./motion";
import { type GreyFrame, greyFrames, type VideoInfo } from "./video";

/** Width of the frames that are looked at: enough to tell two people apart, little enough to be quick. */
const LOOK_WIDTH = 240;
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
  /** Seconds of playback. */
  time: number;
  /** Seconds it took to look. */
  took: number;
  /** In pixels of the video. */
  areas: Area[];
}

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
  let next = 0;
  const frames = greyFrames(video, {
    width: LOOK_WIDTH,
    signal,
    onInfo: (told) => {
      info = told;
    },
  });
  try {
    for await (const { frame, detector } of watched(frames, () => info as VideoInfo)) {
      if (!info || inferFps > info.fps + 0.01) break;
      // The margin keeps a frame at 0.19998 s from being passed over for 0.2.
      if ((frame.time + 0.001) * inferFps < next) continue;
      next = Math.floor((frame.time + 0.001) * inferFps) + 1;
      const before = performance.now();
      const areas = detector.areas().map((area) => scaled(area, info as VideoInfo));
      const took = (performance.now() - before) / 1000;
      const sighting: Sighting = { frame: frame.number, time: frame.time, took, areas };
      if (!output.write(`${JSON.stringify(sighting)}\n`)) await once(output, "drain", { signal });
    }
  } finally {
    output.end();
    await once(output, "close");
  }
  if (!info) throw new Error("no video in this file");
  return { file: target, image: { width: info.width, height: info.height } };
}

/** Shows each frame to a detector that has first seen the beginning of the video as a whole. */
async function* watched(
  frames: AsyncIterable<GreyFrame>,
  info: () => VideoInfo,
): AsyncGenerator<{ frame: GreyFrame; detector: MotionDetector }> {
  let detector: MotionDetector | undefined;
  let ahead: GreyFrame[] = [];
  function* watchAhead() {
    const { scaledWidth, scaledHeight } = info();
    const ready = new MotionDetector(scaledWidth, scaledHeight);
    const step = Math.max(1, Math.floor(ahead.length / 31));
    ready.learn(ahead.filter((_, n) => n % step === 0).map((frame) => frame.pixels));
    detector = ready;
    for (const frame of ahead) {
      ready.see(frame.pixels, frame.time);
      yield { frame, detector: ready };
    }
    ahead = [];
  }
  for await (const frame of frames) {
    if (detector) {
      detector.see(frame.pixels, frame.time);
      yield { frame, detector };
      continue;
    }
    ahead.push(frame);
    if (frame.time >= LOOKAHEAD_SECONDS || ahead.length >= MOST_LOOKAHEAD) yield* watchAhead();
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
