import type { ByteSource } from "./byte-source";
import type { Tracks } from "./tracks";

/** Bytes of the header that are read; real ones are a few hundred, or some kilobytes of filler. */
const headerSize = 64 * 1024;

/** What the header of an AVI file says; undefined where it cannot be followed. */
export async function aviTracks({ read }: ByteSource): Promise<Tracks | undefined> {
  const bytes = await read(0, headerSize);
  const streams: {
    kind: string;
    length: number;
    rate: number;
    codec: string;
    width: number;
    height: number;
  }[] = [];
  // RIFF <size> AVI, LIST <size> hdrl, then avih and one LIST strl a stream.
  for (const list of within(bytes, 12, bytes.length))
    if (list.name === "hdrl")
      for (const stream of within(bytes, list.start, list.end))
        if (stream.name === "strl") streams.push(readStream(bytes, stream));
  const video = streams.find(({ kind }) => kind === "vids");
  if (streams.length === 0) return undefined;
  return {
    hasSound: streams.some(({ kind }) => kind === "auds"),
    ...(video
      ? {
          video: {
            codec: codecName(video.codec),
            ...(video.width > 0 ? { width: video.width, height: video.height } : {}),
            ...(video.rate > 0 ? { fps: video.rate } : {}),
            ...(video.rate > 0 && video.length > 0 ? { duration: video.length / video.rate } : {}),
          },
        }
      : {}),
  };
}

interface Chunk {
  /** Its own name, or what a LIST is of. */
  name: string;
  start: number;
  end: number;
}

function* within(bytes: Buffer, from: number, to: number): Generator<Chunk> {
  for (let at = from; at + 8 <= Math.min(to, bytes.length); ) {
    const id = bytes.toString("latin1", at, at + 4);
    const end = at + 8 + bytes.readUInt32LE(at + 4);
    const isList = id === "LIST" && at + 12 <= bytes.length;
    yield {
      name: isList ? bytes.toString("latin1", at + 8, at + 12) : id,
      start: at + (isList ? 12 : 8),
      end: Math.min(end, to, bytes.length),
    };
    at = end + (end % 2);
  }
}

function readStream(bytes: Buffer, { start, end }: Chunk) {
  const stream = { kind: "", length: 0, rate: 0, codec: "", width: 0, height: 0 };
  for (const chunk of within(bytes, start, end)) {
    if (chunk.name === "strh" && chunk.end - chunk.start >= 36) {
      stream.kind = bytes.toString("latin1", chunk.start, chunk.start + 4);
      const scale = bytes.readUInt32LE(chunk.start + 20);
      stream.rate = scale > 0 ? bytes.readUInt32LE(chunk.start + 24) / scale : 0;
      stream.length = bytes.readUInt32LE(chunk.start + 32);
    }
    if (chunk.name === "strf" && stream.kind === "vids" && chunk.end - chunk.start >= 20) {
      stream.width = bytes.readUInt32LE(chunk.start + 4);
      stream.height = Math.abs(bytes.readInt32LE(chunk.start + 8));
      stream.codec = bytes.toString("latin1", chunk.start + 16, chunk.start + 20);
    }
  }
  return stream;
}

const names: Record<string, string> = {
  XVID: "mpeg4",
  DIVX: "mpeg4",
  DX50: "mpeg4",
  FMP4: "mpeg4",
  MP4V: "mpeg4",
  H264: "h264",
  X264: "h264",
  AVC1: "h264",
  HEVC: "hevc",
  MJPG: "mjpeg",
};

/** A four-character code under the name that is searched for; another is given as it stands, if it can be printed. */
function codecName(code: string): string {
  const name = names[code.toUpperCase()];
  return name ?? (/^[\x21-\x7e]{4}$/.test(code) ? code.toLowerCase() : "unknown");
}
