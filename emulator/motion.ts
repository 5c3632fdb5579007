/** A moving area in pixels of the frame it was found in: left, top, width, height. */
export interface Area {
  left: number;
  top: number;
  width: number;
  height: number;
  /** 0 to 1: how much the area stands out from what is usually there. */
  confidence: number;
}

/** Weakest difference from the background that may belong to a mover, in steps of brightness. */
const LEAST_DIFFERENCE = 20;
/** A mover holds at least one pixel this many times above the threshold; noise rarely does. */
const SURE = 1.8;
/** Smallest mover, as a part of the frame. */
const LEAST_AREA = 0.0006;
/** More than this part of the frame in motion is a change of light or of camera, not a mover. */
const WHOLE_SCENE = 0.6;
/** A larger change of the whole frame's brightness is another scene, not another light. */
const MOST_SHIFT = 40;
/** Seconds in which the background takes over what it sees, where nothing moves / where something does. */
const LEARN_STILL = 6;
const LEARN_MOVING = 40;
/** Seconds after its last change in which a pixel may belong to a mover: whatever stands longer has been there. */
const STANDS_AFTER = 1.5;
/** Seconds over which a pixel's last brightness is remembered, to see it change. */
const REMEMBER = 0.3;
/** Seconds in which one person has certainly left the spot where the video first shows them. */
export const LOOKAHEAD_SECONDS = 8;

/**
 * Finds what moves before a camera that does not: differences from a slowly learned background, connected areas.
 * It knows nothing of people or cars.
 */
export class MotionDetector {
  readonly #background: Float32Array;
  readonly #difference: Float32Array;
  /** What each pixel showed just now, and when it last changed. */
  readonly #recent: Float32Array;
  readonly #changedAt: Float32Array;
  readonly #mask: Uint8Array;
  readonly #spare: Uint8Array;
  #threshold = LEAST_DIFFERENCE;
  #time: number | undefined;

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.#background = new Float32Array(width * height);
    this.#difference = new Float32Array(width * height);
    this.#recent = new Float32Array(width * height);
    this.#changedAt = new Float32Array(width * height);
    this.#mask = new Uint8Array(width * height);
    this.#spare = new Uint8Array(width * height);
  }

  /**
   * Takes the first background from several frames: the middle brightness of each pixel, so that somebody who
   * stands in the first frame leaves no ghost behind.
   */
  learn(frames: Uint8Array[]): void {
    const values = new Uint8Array(frames.length);
    for (let at = 0; at < this.#background.length; at++) {
      for (let n = 0; n < frames.length; n++) values[n] = frames[n]?.[at] ?? 0;
      values.sort();
      this.#background[at] = values[values.length >> 1] ?? 0;
    }
  }

  /**
   * Looks at the next frame.
   * @param time seconds of playback
   */
  see(pixels: Uint8Array, time: number): void {
    if (this.#time === undefined) this.#recent.set(pixels);
    const step = Math.min(1, Math.max(0, time - (this.#time ?? time)));
    this.#time = time;
    this.#compare(pixels);
    this.#dropWhatStands(pixels, time, step);
    let moving = 0;
    for (const bit of this.#mask) moving += bit;
    const whole = moving > WHOLE_SCENE * this.#mask.length;
    const still = whole ? 1 : 1 - Math.exp(-step / LEARN_STILL);
    const busy = whole ? 1 : 1 - Math.exp(-step / LEARN_MOVING);
    const [background, mask] = [this.#background, this.#mask];
    for (let at = 0; at < pixels.length; at++) {
      const usual = background[at] as number;
      background[at] = usual + ((pixels[at] as number) - usual) * (mask[at] ? busy : still);
    }
    if (whole) this.#mask.fill(0);
  }

  /** The movers of the frame seen last. */
  areas(): Area[] {
    // Legs, coat and head of one person differ from the wall behind them by different amounts: closed into one area.
    this.#spread(this.#mask, 1, 2, 1);
    this.#spread(this.#mask, 1, 2, 0);
    return mergeNear(this.#connected(), this.width, this.height);
  }

  #compare(pixels: Uint8Array): void {
    const shift = this.#shiftOfLight(pixels);
    const counts = new Uint32Array(512);
    const [background, differences, mask] = [this.#background, this.#difference, this.#mask];
    for (let at = 0; at < pixels.length; at++) {
      const difference = Math.abs((pixels[at] as number) - (background[at] as number) - shift);
      differences[at] = difference;
      counts[difference | 0] = (counts[difference | 0] as number) + 1;
    }
    // The camera's own noise: most of the frame shows nothing else.
    const noise = middle(counts, pixels.length) + 0.5;
    const threshold = Math.min(40, Math.max(LEAST_DIFFERENCE, 6 * noise));
    for (let at = 0; at < pixels.length; at++) mask[at] = (differences[at] as number) > threshold ? 1 : 0;
    this.#threshold = threshold;
  }

  /**
   * Takes out of the mask what differs from the background but has not changed for a while: the spot that somebody
   * left who had been taken for background, a parked car.
   */
  #dropWhatStands(pixels: Uint8Array, time: number, step: number): void {
    const forget = 1 - Math.exp(-step / REMEMBER);
    const [recent, changedAt, mask, threshold] = [this.#recent, this.#changedAt, this.#mask, this.#threshold];
    for (let at = 0; at < pixels.length; at++) {
      const change = (pixels[at] as number) - (recent[at] as number);
      recent[at] = (recent[at] as number) + change * forget;
      if (Math.abs(change) > threshold) changedAt[at] = time;
      if (time - (changedAt[at] as number) > STANDS_AFTER) mask[at] = 0;
    }
  }

  /** By how much the whole frame is brighter than the background: a cloud, or the camera's exposure. */
  #shiftOfLight(pixels: Uint8Array): number {
    const counts = new Uint32Array(512);
    let taken = 0;
    for (let at = 0; at < pixels.length; at += 7) {
      const shift = 256 + Math.round((pixels[at] as number) - (this.#background[at] as number));
      counts[shift] = (counts[shift] as number) + 1;
      taken += 1;
    }
    const shift = middle(counts, taken) - 256;
    return Math.abs(shift) > MOST_SHIFT ? 0 : shift;
  }

  /** Grows the areas of `value` by dx, dy pixels to each side: 1 the movers, 0 the gaps between them. */
  #spread(mask: Uint8Array, dx: number, dy: number, value: 0 | 1): void {
    spreadLines(mask, this.#spare, value, dx, 1, this.width, this.width, this.height);
    spreadLines(this.#spare, mask, value, dy, this.width, this.height, 1, this.width);
  }

  #connected(): Blob[] {
    const blobs: Blob[] = [];
    const todo = new Int32Array(this.#mask.length);
    const mask = this.#mask;
    for (let start = 0; start < mask.length; start++) {
      if (!mask[start]) continue;
      const blob = new Blob();
      let count = 0;
      todo[count++] = start;
      mask[start] = 0;
      while (count > 0) {
        const at = todo[--count] as number;
        const x = at % this.width;
        const y = (at - x) / this.width;
        blob.add(x, y, this.#difference[at] as number, this.#threshold);
        for (let v = Math.max(0, y - 1); v <= Math.min(this.height - 1, y + 1); v++) {
          for (let u = Math.max(0, x - 1); u <= Math.min(this.width - 1, x + 1); u++) {
            const next = v * this.width + u;
            if (!mask[next]) continue;
            mask[next] = 0;
            todo[count++] = next;
          }
        }
      }
      if (blob.peak >= this.#threshold * SURE) blobs.push(blob);
    }
    return blobs;
  }
}

/** Connected pixels and what they add up to. */
class Blob {
  left = Number.POSITIVE_INFINITY;
  top = Number.POSITIVE_INFINITY;
  right = -1;
  bottom = -1;
  /** Pixels that differ, and the sum of their differences. */
  pixels = 0;
  sum = 0;
  peak = 0;

  add(x: number, y: number, difference: number, threshold: number): void {
    this.left = Math.min(this.left, x);
    this.top = Math.min(this.top, y);
    this.right = Math.max(this.right, x);
    this.bottom = Math.max(this.bottom, y);
    this.peak = Math.max(this.peak, difference);
    // Pixels that only closing brought in say nothing about the contrast.
    if (difference <= threshold) return;
    this.pixels += 1;
    this.sum += difference;
  }

  absorb(other: Blob): void {
    this.left = Math.min(this.left, other.left);
    this.top = Math.min(this.top, other.top);
    this.right = Math.max(this.right, other.right);
    this.bottom = Math.max(this.bottom, other.bottom);
    this.pixels += other.pixels;
    this.sum += other.sum;
    this.peak = Math.max(this.peak, other.peak);
  }
}

/** Joins the pieces of one mover: near each other, and more above one another than side by side. */
function mergeNear(blobs: Blob[], width: number, height: number): Area[] {
  const least = Math.max(12, LEAST_AREA * width * height);
  let pieces = blobs.filter((blob) => blob.pixels >= least / 4);
  for (let merged = true; merged; ) {
    merged = false;
    for (const one of pieces) {
      const other = pieces.find((piece) => piece !== one && belongTogether(one, piece, width));
      if (!other) continue;
      one.absorb(other);
      pieces = pieces.filter((piece) => piece !== other);
      merged = true;
      break;
    }
  }
  return pieces
    .filter((blob) => blob.pixels >= least)
    .map((blob) => ({
      left: blob.left,
      top: blob.top,
      width: blob.right - blob.left + 1,
      height: blob.bottom - blob.top + 1,
      confidence: Math.min(0.99, 1 - Math.exp(-blob.sum / blob.pixels / 55)),
    }));
}

function belongTogether(one: Blob, other: Blob, width: number): boolean {
  const across = Math.min(one.right, other.right) - Math.max(one.left, other.left) + 1;
  const down = Math.max(one.top, other.top) - Math.min(one.bottom, other.bottom) - 1;
  const narrower = Math.min(one.right - one.left, other.right - other.left) + 1;
  // A head may be parted from its body by a face as bright as the wall; two people are of a size.
  const part = Math.min(one.pixels, other.pixels) < 0.25 * Math.max(one.pixels, other.pixels);
  return across >= 0.5 * narrower && down <= width / (part ? 35 : 80);
}

/**
 * Grows `value` by `reach` pixels along each line of a picture.
 * @param step from a pixel to the next one of its line; `length` pixels a line
 * @param lineStep from a line's first pixel to the next line's; `lines` of them
 */
function spreadLines(
  from: Uint8Array,
  to: Uint8Array,
  value: 0 | 1,
  reach: number,
  step: number,
  length: number,
  lineStep: number,
  lines: number,
): void {
  to.fill(1 - value);
  for (let line = 0; line < lines; line++) {
    const first = line * lineStep;
    for (let n = 0; n < length; n++) {
      if (from[first + n * step] !== value) continue;
      const last = Math.min(length - 1, n + reach);
      for (let near = Math.max(0, n - reach); near <= last; near++) to[first + near * step] = value;
    }
  }
}

/** The value that half of `total` counted values do not pass. */
function middle(counts: Uint32Array, total: number): number {
  let seen = 0;
  for (let value = 0; value < counts.length; value++) {
    seen += counts[value] as number;
    if (seen * 2 >= total) return value;
  }
  return counts.length - 1;
}
