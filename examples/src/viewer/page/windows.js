/** Windows of ten seconds that are kept: enough to go back and forth, whatever the clip's length. */
const kept = 8;

/** The frames of a clip, fetched by window where they are needed. */
export class Windows {
  #fetch;
  #arrived;
  #summary;
  /** By number, the one used last at the end. */
  #frames = new Map();
  #coming = new Map();

  /**
   * @param {(number: number, signal: AbortSignal) => Promise<{frames: object[]}>} fetch
   * @param {() => void} arrived called when a window has come
   */
  constructor(fetch, arrived) {
    this.#fetch = fetch;
    this.#arrived = arrived;
  }

  /** A summary of the same clip that knows of more windows. */
  update(summary) {
    this.#summary = summary;
  }

  /** Seconds between two frames, on average. */
  get step() {
    const { first, last, frames } = this.#summary;
    return frames > 1 ? (last.time - first.time) / (frames - 1) : 1;
  }

  /** Fetches what `time` needs, and what comes after it. */
  want(time) {
    const { windowSeconds } = this.#summary;
    const around = [time, time - this.step, time + this.step, time + windowSeconds / 2];
    const numbers = new Set(around.map((at) => Math.floor(at / windowSeconds)));
    for (const [number, coming] of this.#coming) if (!numbers.has(number)) coming.abort();
    for (const number of numbers)
      if (this.#summary.windows.includes(number) && !this.#coming.has(number)) this.#load(number);
  }

  async #load(number) {
    const known = this.#frames.get(number);
    if (known) {
      this.#frames.delete(number);
      this.#frames.set(number, known);
      return;
    }
    const coming = new AbortController();
    this.#coming.set(number, coming);
    try {
      const { frames } = await this.#fetch(number, coming.signal);
      this.#frames.set(number, frames);
      const [oldest] = this.#frames.keys();
      if (this.#frames.size > kept) this.#frames.delete(oldest);
      this.#arrived();
    } catch {
      // Not needed any more, or Node-RED is away for a moment: asked for again with the next move.
    } finally {
      if (this.#coming.get(number) === coming) this.#coming.delete(number);
    }
  }

  /** Forgets what was fetched, as when the clip has been looked at anew. */
  clear() {
    for (const coming of this.#coming.values()) coming.abort();
    this.#frames.clear();
  }

  /** The frame that was looked at nearest to `time`; undefined where none was, or while it is on its way. */
  nearest(time) {
    const { windowSeconds } = this.#summary;
    let best;
    for (const at of [time - this.step, time, time + this.step]) {
      const frames = this.#frames.get(Math.floor(at / windowSeconds));
      const near = frames && nearestOf(frames, time);
      if (near && (!best || Math.abs(near.time - time) < Math.abs(best.time - time))) best = near;
    }
    return best && Math.abs(best.time - time) <= this.step + 0.02 ? best : undefined;
  }
}

function nearestOf(frames, time) {
  let [low, high] = [0, frames.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (frames[middle].time < time) low = middle + 1;
    else high = middle;
  }
  const [before, after] = [frames[low - 1], frames[low]];
  return before && time - before.time <= after.time - time ? before : after;
}
