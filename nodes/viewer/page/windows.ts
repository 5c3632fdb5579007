import { type FrameLine, type Summary, timeless } from "../data";

/** Windows that are kept: enough to go back and forth, whatever the clip's length. */
const mostWindows = 8;
/** Detections in them, at most: a window may hold very many. */
const mostDetections = 200_000;

interface Loaded {
  frames: FrameLine[];
  /** Of the window, when it was fetched: it may have grown since. */
  bytes: number;
  detections: number;
}

/** The frames of a clip, fetched by window where they are needed. */
export class Windows {
  readonly #fetch: (number: number, signal: AbortSignal) => Promise<FrameLine[]>;
  readonly #arrived: () => void;
  #summary: Summary;
  #sizes = new Map<number, number>();
  /** By number, the one used last at the end. */
  readonly #loaded = new Map<number, Loaded>();
  readonly #coming = new Map<number, AbortController>();

  /** @param arrived called when a window has come */
  constructor(
    summary: Summary,
    fetch: (number: number, signal: AbortSignal) => Promise<FrameLine[]>,
    arrived: () => void,
  ) {
    this.#summary = summary;
    this.#fetch = fetch;
    this.#arrived = arrived;
    this.update(summary);
  }

  /** A summary of the same clip that knows of more windows. */
  update(summary: Summary): void {
    this.#summary = summary;
    this.#sizes = new Map(summary.windows.filter(([number]) => number !== timeless));
  }

  /** Fetches what `time` needs, and what comes after it. */
  want(time: number): void {
    const { windowSeconds, step } = this.#summary;
    const around = [time, time - step, time + step, time + windowSeconds / 2];
    const numbers = new Set(around.map((at) => Math.floor(at / windowSeconds)));
    for (const [number, coming] of this.#coming) if (!numbers.has(number)) coming.abort();
    for (const number of numbers) {
      const bytes = this.#sizes.get(number);
      if (bytes !== undefined && !this.#coming.has(number)) void this.#load(number, bytes);
    }
  }

  async #load(number: number, bytes: number): Promise<void> {
    const known = this.#loaded.get(number);
    if (known?.bytes === bytes) {
      this.#loaded.delete(number);
      this.#loaded.set(number, known);
      return;
    }
    const coming = new AbortController();
    this.#coming.set(number, coming);
    try {
      const frames = await this.#fetch(number, coming.signal);
      coming.signal.throwIfAborted();
      const detections = frames.reduce((sum, [, , seen]) => sum + seen.length, 0);
      this.#loaded.delete(number);
      this.#loaded.set(number, { frames, bytes, detections });
      this.#forgetSome();
      this.#arrived();
    } catch {
      // Not needed any more, or Node-RED is away for a moment: asked for again with the next move.
    } finally {
      if (this.#coming.get(number) === coming) this.#coming.delete(number);
    }
  }

  #forgetSome(): void {
    const all = () => [...this.#loaded.values()].reduce((sum, { detections }) => sum + detections, 0);
    for (const oldest of this.#loaded.keys()) {
      const isEnough = this.#loaded.size <= mostWindows && all() <= mostDetections;
      // What is on the screen stays, however much it is.
      if (isEnough || this.#loaded.size <= 2) return;
      this.#loaded.delete(oldest);
    }
  }

  /** Forgets what was fetched, as when the clip has been looked at anew. */
  clear(): void {
    for (const coming of this.#coming.values()) coming.abort();
    this.#loaded.clear();
  }

  /** The frame nearest to `time`; undefined where none was inferred, or while it is on its way. */
  nearest(time: number): FrameLine | undefined {
    const { windowSeconds, step } = this.#summary;
    let best: FrameLine | undefined;
    const away = (frame: FrameLine) => Math.abs((frame[1] ?? 0) - time);
    for (const at of [time - step, time, time + step]) {
      const { frames = [] } = this.#loaded.get(Math.floor(at / windowSeconds)) ?? {};
      const near = nearestOf(frames, time);
      if (near && (!best || away(near) < away(best))) best = near;
    }
    return best && away(best) <= step + 0.02 ? best : undefined;
  }
}

function nearestOf(frames: FrameLine[], time: number): FrameLine | undefined {
  const timeOf = (frame: FrameLine | undefined) => frame?.[1] ?? 0;
  let [low, high] = [0, frames.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (timeOf(frames[middle]) < time) low = middle + 1;
    else high = middle;
  }
  const [before, after] = [frames[low - 1], frames[low]];
  return before && time - timeOf(before) <= timeOf(after) - time ? before : after;
}
