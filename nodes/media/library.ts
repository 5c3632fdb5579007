import type * as Mediabunny from "mediabunny";
import type { Tracks } from "./tracks";

// What needs the media library. Runs in a worker thread only (worker.ts): a damaged file can make the library spin for
// ever or take all memory, which must not stop a Node-RED.

export type Library = typeof Mediabunny;

/** Loaded by whoever needs it first: it is large. */
export const loadLibrary = (): Promise<Library> => import("mediabunny");

/** Frames whose times are looked at for the frame rate. */
const framesForRate = 300;

/** Reads what a clip's tracks say. */
export async function readTracks(library: Library, source: Mediabunny.Source): Promise<Tracks> {
  const input = new library.Input({ source, formats: library.ALL_FORMATS });
  try {
    const sound = await input.getAudioTracks();
    const video = await input.getPrimaryVideoTrack();
    const hasSound = sound.length > 0;
    if (!video) return { hasSound };
    const [width, height] = [await video.getDisplayWidth(), await video.getDisplayHeight()];
    const first = await video.getFirstTimestamp();
    const end = await video.computeDuration({ metadataOnly: true });
    const rate = await video.computeFrameRateMetrics({ targetPacketCount: framesForRate });
    return {
      hasSound,
      video: {
        codec: codecOf(await video.getCodec(), await video.getInternalCodecId()),
        ...(width > 0 && height > 0 ? { width, height } : {}),
        ...known("duration", end - first),
        ...known("fps", rate.bestGuessFrameRate),
      },
    };
  } finally {
    input.dispose();
  }
}

const known = <K extends string>(name: K, value: number): Partial<Record<K, number>> =>
  Number.isFinite(value) && value > 0
    ? ({ [name]: Math.round(value * 1000) / 1000 } as Record<K, number>)
    : {};

const names: Record<string, string> = {
  avc: "h264",
  jpeg: "mjpeg",
  mjpa: "mjpeg",
  mjpb: "mjpeg",
  mp4v: "mpeg4",
  s263: "h263",
  h263: "h263",
  "mp4v.20": "mpeg4",
  "V_MPEG4/ISO/ASP": "mpeg4",
  "V_MPEG4/ISO/SP": "mpeg4",
  V_MJPEG: "mjpeg",
};

/** A codec under the name that is searched for; where the library has none, what the file calls it. */
export function codecOf(codec: string | null, inFile: string | number | Uint8Array | null): string {
  const given = codec ?? (inFile === null || typeof inFile === "object" ? "unknown" : String(inFile));
  if (/^ap[cs4][nhox]$/.test(given)) return "prores";
  return Object.hasOwn(names, given) ? (names[given] as string) : given;
}

/** Why a clip cannot be rewritten: `codec` names what the target cannot hold. */
export class CannotRewrite extends Error {
  constructor(
    readonly reason: "noVideoTrack" | "codec",
    readonly codec = "",
  ) {
    super(reason);
  }
}

/** How a clip is rewritten. */
export interface Rewriting {
  /** What it becomes. */
  container: "mp4" | "mkv" | "webm";
  /** Whether its sound comes along, where the target can hold it. */
  keepSound: boolean;
}

/**
 * Copies a clip's first video track, and its first sound, into a new file: the packets as they are, nothing is
 * decoded. They are read and written one by one, so that memory does not grow with the file.
 *
 * @param progress called with the seconds of video copied so far.
 * @returns whether sound had to be left out that was to be kept.
 * @throws CannotRewrite
 */
export async function copyTracks(
  library: Library,
  source: Mediabunny.Source,
  target: Mediabunny.Target,
  { container, keepSound }: Rewriting,
  progress: (seconds: number) => void,
): Promise<{ soundLeftOut: boolean }> {
  const input = new library.Input({ source, formats: library.ALL_FORMATS });
  const format = outputFormat(library, container);
  const output = new library.Output({ format, target });
  try {
    const video = await input.getPrimaryVideoTrack();
    if (!video) throw new CannotRewrite("noVideoTrack");
    const codec = await video.getCodec();
    const config = await video.getDecoderConfig();
    if (!codec || !config || !format.getSupportedVideoCodecs().includes(codec))
      throw new CannotRewrite("codec", codecOf(codec, await video.getInternalCodecId()));
    const videoSource = new library.EncodedVideoPacketSource(codec);
    output.addVideoTrack(videoSource, { rotation: await video.getRotation(), flip: await video.getFlip() });
    const copies: TrackCopy[] = [
      new TrackCopy(library, video, (packet) => videoSource.add(packet, { decoderConfig: config })),
    ];

    const sound = keepSound ? await input.getPrimaryAudioTrack() : null;
    const soundCodec = await sound?.getCodec();
    const soundConfig = await sound?.getDecoderConfig();
    const soundFits = soundCodec && soundConfig && format.getSupportedAudioCodecs().includes(soundCodec);
    if (sound && soundFits) {
      const soundSource = new library.EncodedAudioPacketSource(soundCodec);
      output.addAudioTrack(soundSource);
      copies.push(
        new TrackCopy(library, sound, (packet) => soundSource.add(packet, { decoderConfig: soundConfig })),
      );
    }

    await output.start();
    for (const copy of copies) await copy.begin();
    // The track that is behind goes next, so that the two lie side by side in the file.
    for (let next = behind(copies); next; next = behind(copies)) {
      progress(next.time);
      await next.advance();
    }
    await output.finalize();
    return { soundLeftOut: sound !== null && !soundFits };
  } catch (error) {
    await output.cancel().catch(() => {});
    throw error;
  } finally {
    input.dispose();
  }
}

function outputFormat(library: Library, container: Rewriting["container"]) {
  // The index at the end: in front, all of it would have to be kept in memory or its size be known.
  if (container === "mp4") return new library.Mp4OutputFormat({ fastStart: false });
  return container === "mkv" ? new library.MkvOutputFormat() : new library.WebMOutputFormat();
}

/** One track on its way, packet by packet in decoding order. */
class TrackCopy {
  readonly #sink: Mediabunny.EncodedPacketSink;
  readonly #add: (packet: Mediabunny.EncodedPacket) => Promise<void>;
  #packet: Mediabunny.EncodedPacket | null = null;

  constructor(
    library: Library,
    track: Mediabunny.InputTrack,
    add: (packet: Mediabunny.EncodedPacket) => Promise<void>,
  ) {
    this.#sink = new library.EncodedPacketSink(track);
    this.#add = add;
  }

  async begin(): Promise<void> {
    this.#packet = await this.#sink.getFirstPacket();
  }

  get isOver(): boolean {
    return this.#packet === null;
  }

  /** Seconds of the packet that comes next. */
  get time(): number {
    return this.#packet?.timestamp ?? Number.POSITIVE_INFINITY;
  }

  async advance(): Promise<void> {
    const packet = this.#packet as Mediabunny.EncodedPacket;
    await this.#add(packet);
    this.#packet = await this.#sink.getNextPacket(packet);
  }
}

const behind = (copies: TrackCopy[]): TrackCopy | undefined =>
  copies.filter((copy) => !copy.isOver).sort((one, other) => one.time - other.time)[0];
