import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";

/** What a video says about itself. */
export interface VideoInfo {
  /** Pixels, as played (a phone's rotation is taken into account). */
  width: number;
  height: number;
  /** Frames a second. */
  fps: number;
  /** Pixels of the scaled-down frames. */
  scaledWidth: number;
  scaledHeight: number;
}

/** A scaled-down frame: one byte of brightness a pixel, row by row. */
export interface GreyFrame {
  /** Number in the video, from 0. */
  number: number;
  /** Seconds of playback since the first frame. */
  time: number;
  pixels: Uint8Array;
}

/** The ffmpeg that comes with the development dependencies, or the system's where they have none for this machine. */
export const ffmpegPath: string = findFfmpeg();

function findFfmpeg(): string {
  try {
    return (require("@ffmpeg-installer/ffmpeg") as { path: string }).path;
  } catch {
    return "ffmpeg";
  }
}

/**
 * Decodes a video frame by frame, no faster than the frames are taken.
 * @param width of the grey frames; smaller videos keep their own
 * @param onInfo is called once, before the first frame
 * @throws Error with ffmpeg's reason when not one frame can be decoded
 */
export async function* greyFrames(
  file: string,
  { width, signal, onInfo }: { width: number; signal: AbortSignal; onInfo: (info: VideoInfo) => void },
): AsyncGenerator<GreyFrame> {
  const filters = `scale=min(${width}\\,iw):-2:flags=area,format=gray,showinfo`;
  const child = spawn(
    ffmpegPath,
    ["-hide_banner", "-nostdin", "-nostats", "-i", `file:${file}`, "-map", "0:v:0"].concat([
      "-vf",
      filters,
      "-vsync",
      "passthrough",
      "-f",
      "rawvideo",
      "pipe:1",
    ]),
    { stdio: ["ignore", "pipe", "pipe"], signal },
  );
  const end = ended(child);
  const log = new FfmpegLog(child.stderr);
  let number = 0;
  let info: VideoInfo | undefined;
  let pixels = new Uint8Array(0);
  let filled = 0;
  try {
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      if (!info) {
        info = await log.info();
        onInfo(info);
        pixels = new Uint8Array(info.scaledWidth * info.scaledHeight);
      }
      for (let at = 0; at < chunk.length; ) {
        const part = chunk.subarray(at, at + pixels.length - filled);
        pixels.set(part, filled);
        at += part.length;
        filled += part.length;
        if (filled < pixels.length) continue;
        yield { number, time: (await log.time(number)) ?? number / info.fps, pixels };
        number += 1;
        pixels = new Uint8Array(pixels.length);
        filled = 0;
      }
    }
    const problem = await end;
    signal.throwIfAborted();
    if (number === 0) throw new Error(problem ?? log.reason());
  } finally {
    child.kill("SIGKILL");
    await end;
  }
}

/** @returns why ffmpeg could not be run, if so, once the process is gone. */
function ended(child: ChildProcess): Promise<string | undefined> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(`ffmpeg does not run: ${error.message}`));
    child.once("close", () => resolve(undefined));
  });
}

/**
 * Reads what ffmpeg tells on stderr: the stream's description, and of each frame (filter `showinfo`) its time.
 * Times come beside the pixels on another pipe, so the reader of the pixels may have to wait for them.
 */
class FfmpegLog {
  readonly #times = new Map<number, number>();
  readonly #lastLines: string[] = [];
  #first: number | undefined;
  #timeBase = 0;
  #input = { width: 0, height: 0, fps: 0, turned: false };
  #scaled = { width: 0, height: 0 };
  #described = false;
  #over = false;
  #wake: () => void = () => {};

  constructor(stderr: Readable) {
    let rest = "";
    stderr.setEncoding("utf8");
    stderr.on("data", (text: string) => {
      const lines = (rest + text).split(/[\r\n]+/);
      rest = lines.pop() ?? "";
      for (const line of lines) this.#read(line);
      this.#wake();
    });
    stderr.on("close", () => {
      this.#over = true;
      this.#wake();
    });
  }

  /** @throws Error when ffmpeg ended without a description. */
  async info(): Promise<VideoInfo> {
    while (!this.#scaled.width && !this.#over) await this.#news();
    const { width, height, fps, turned } = this.#input;
    if (!this.#scaled.width || !width) throw new Error(this.reason());
    return {
      width: turned ? height : width,
      height: turned ? width : height,
      fps: fps || 25,
      scaledWidth: this.#scaled.width,
      scaledHeight: this.#scaled.height,
    };
  }

  /** Seconds of playback of a frame; undefined when the file has no times. */
  async time(number: number): Promise<number | undefined> {
    while (!this.#times.has(number) && !this.#over) await this.#news();
    const time = this.#times.get(number);
    this.#times.delete(number);
    return time === undefined || Number.isNaN(time) ? undefined : time;
  }

  /** ffmpeg's own words on what went wrong. */
  reason(): string {
    if (this.#lastLines.some((line) => line.includes("matches no streams"))) return "no video in this file";
    const words = this.#lastLines.filter((line) => !/^\s|^(Input|Output|Stream|frame=|video:)/.test(line));
    return words.at(-1)?.replace(/^.*?file:\S*?: /, "") ?? "no video in this file";
  }

  #news(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #read(line: string): void {
    if (line.includes("Parsed_showinfo")) {
      this.#readFrame(line);
      return;
    }
    this.#lastLines.push(line);
    if (this.#lastLines.length > 20) this.#lastLines.shift();
    // The description of the output follows, in the same words.
    if (line.startsWith("Stream mapping:")) this.#described = true;
    if (this.#described) return;
    const turn = /rotation of (-?[\d.]+) degrees/.exec(line);
    if (turn) this.#input.turned = Math.abs(Number(turn[1])) % 180 > 45;
    if (this.#input.width || !line.includes("Video:")) return;
    const size = /, (\d{2,5})x(\d{2,5})\b/.exec(line);
    const rate = /, ([\d.]+)(k?) fps/.exec(line) ?? /, ([\d.]+)(k?) tbr/.exec(line);
    this.#input.width = Number(size?.[1] ?? 0);
    this.#input.height = Number(size?.[2] ?? 0);
    this.#input.fps = Number(rate?.[1] ?? 0) * (rate?.[2] ? 1000 : 1);
  }

  #readFrame(line: string): void {
    const base = /config in time_base: (\d+)\/(\d+)/.exec(line);
    if (base) this.#timeBase = Number(base[1]) / Number(base[2]);
    const frame = /n:\s*(\d+) pts:\s*(-?\d+|NOPTS)/.exec(line);
    if (!frame) return;
    // pts_time is printed with six digits only, too few after some minutes: computed from pts instead.
    const time = frame[2] === "NOPTS" ? Number.NaN : Number(frame[2]) * this.#timeBase;
    this.#first ??= time;
    this.#times.set(Number(frame[1]), time - this.#first);
    const size = / s:(\d+)x(\d+) /.exec(line);
    if (size) this.#scaled = { width: Number(size[1]), height: Number(size[2]) };
  }
}
